"""Maps of features as files in a folder, with their provenance; an interrupted run goes on."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import SimpleITK as sitk

from radiomics_screen.errors import ReadError, TableError
from radiomics_screen.extraction.keys import content_hash
from radiomics_screen.extraction.maps import each_map, for_maps
from radiomics_screen.extraction.provenance import Recipe, machine, require_same, versions
from radiomics_screen.extraction.sources import image_of, mask_of
from radiomics_screen.features import FAMILIES
from radiomics_screen.notes import collected_notes, note
from radiomics_screen.settings import Settings

PROVENANCE = "maps.provenance.json"
MapFormat = Literal["nrrd", "nii.gz"]
FORMATS: tuple[MapFormat, ...] = ("nrrd", "nii.gz")


@dataclass(frozen=True)
class Written:
    """What a run has left in its folder: names of maps made now, and of those found there."""

    made: tuple[str, ...]
    kept: tuple[str, ...]
    provenance: Path


def write_maps(
    image: Path,
    mask: Path,
    settings: Settings,
    *,
    output: Path,
    label: int | None = None,
    file_format: MapFormat = "nrrd",
    overwrite: bool = False,
    progress: Callable[[str], None] = lambda name: None,
) -> Written:
    """Write one map for each feature into a folder, each in one step: it is whole, or not there.

    Maps that an interrupted run of the same files, parameters and version left there are kept.

    Parameters
    ----------
    image, mask
        Files, or folders with one DICOM series.
    settings
        What :func:`~radiomics_screen.settings.load_settings` returned.
    output
        The folder; made if need be.
    label
        Mask value that marks the lesion; None takes the one value there is (or the settings' label).
    file_format
        Ending and format of the files.
    overwrite
        Replace what is in the folder.
    progress
        Told image type and family, joined by "_", when the first map of both is about to be written.

    Raises
    ------
    TableError
        The folder cannot be written to, or holds maps that were made of something else.
    ScreenError
        As :func:`~radiomics_screen.extraction.maps.feature_maps`.
    """
    started = datetime.now(UTC)
    settings = for_maps(settings)
    channel = settings.setting.get("label_channel")
    made: list[str] = []
    with collected_notes() as notes:
        pair = image_of(image, None), mask_of(mask, None, label_channel=channel)
        origin = {
            **Recipe.of(settings).to_dict(),
            "inputs": {"image": _digest(image), "mask": _digest(mask)},
            "label": label,
            "format": file_format,
        }
        found, before = _found_in(output)
        if not overwrite:
            _require_same(output, found, before, origin)
        kept = {} if overwrite else {_name(file): file for file in found}
        notes += before.get("warnings", []) if kept else []
        if not overwrite and before.get("finished") and set(before["maps"]) <= set(kept):
            return Written((), tuple(kept), output / PROVENANCE)
        known = len(notes)
        for name, map_ in each_map(*pair, settings, label=label, skip=kept):
            if not made and before:  # ours: none of other parameters may be left beside the new ones
                _clear(file for file in found if _name(file) not in kept)
            if not made or len(notes) > known:
                known = len(notes)
                _write_json({**origin, "finished": False, "warnings": notes}, output / PROVENANCE)
            if not made or _group(made[-1]) != _group(name):
                progress(_group(name))
            _write_map(map_, output / f"{name}.{file_format}")
            made.append(name)
    for remark in notes:
        note(remark)
    ending = {"finished": True, "warnings": notes, **_told(started, image, mask)}
    _write_json({**origin, **ending, "maps": sorted([*made, *kept])}, output / PROVENANCE)
    return Written(tuple(made), tuple(kept), output / PROVENANCE)


def _told(started: datetime, image: Path, mask: Path) -> dict[str, Any]:
    """Return what else a provenance tells about a run."""
    return {
        "started": started.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(sys.argv),
        "files_read": {"image": str(image), "mask": str(mask)},
        "versions": versions(),
        "machine": machine(),
    }


def _digest(path: Path) -> str:
    try:
        return content_hash(path)
    except OSError as failure:
        raise ReadError(f"{path} cannot be read: {failure.strerror or failure}") from failure


def _found_in(folder: Path) -> tuple[list[Path], dict[str, Any]]:
    """Return the maps in a folder and their provenance, {} where there is none; make the folder."""
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # known before hours of work
            pass
        return _maps_in(folder), _read_json(folder / PROVENANCE)


def _maps_in(folder: Path) -> list[Path]:
    """Return the files of a folder that are named as maps are."""
    endings = tuple(
        f"_{name}_{feature}.{ending}"
        for name, family in FAMILIES.items()
        for feature in family.features + family.on_request
        for ending in FORMATS
    )
    return sorted(f for f in folder.iterdir() if f.name.endswith(endings) and not f.name.startswith("."))


def _name(file: Path) -> str:
    """Return the name of a map without the ending of its file."""
    return next(file.name.removesuffix(f".{e}") for e in FORMATS if file.name.endswith(e))


def _group(name: str) -> str:
    """Return image type and family of a map."""
    return name.rpartition("_")[0]


def _require_same(folder: Path, found: list[Path], before: dict[str, Any], origin: dict[str, Any]) -> None:
    """Refuse to go on with maps that were made of something else, or in another way."""
    if not before and not found:
        return
    what = f"{folder} with its maps"
    recipe = Recipe(origin["parameters"], origin["fingerprint"], origin["content"], origin["files"])
    require_same(recipe, before, what)
    for key, meaning in (("inputs", "image or mask"), ("label", "label"), ("format", "format")):
        if before.get(key) != origin[key]:
            raise TableError(
                f"{what} was made with another {meaning}; "
                "name another --output, or replace it with --overwrite"
            )


def _clear(files: Iterable[Path]) -> None:
    for file in files:
        with _writing(file.parent):
            file.unlink(missing_ok=True)


def _write_map(map_: sitk.Image, path: Path) -> None:
    def write(file: Path) -> None:
        try:
            sitk.WriteImage(map_, str(file), useCompression=True)
        except RuntimeError as failure:
            raise TableError(f"cannot write {path}: {str(failure).splitlines()[-1].strip()}") from failure

    _replace(path, write)


def _write_json(content: dict[str, Any], path: Path) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False)
    _replace(path, lambda file: file.write_text(text + "\n", encoding="utf-8"))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` write a file beside `path`, of the same ending, and put it there when it is whole."""
    unfinished = path.with_name(f".unfinished_{path.name}")
    with _writing(path.parent):
        try:
            write(unfinished)
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as failure:
        raise TableError(f"{path} cannot be read: {failure}; move it away to go on without it") from failure
    return content if isinstance(content, dict) else {}


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise TableError(f"cannot write into {folder}: {failure.strerror or failure}") from failure
