"""Maps of features as files in a folder, with their provenance; an interrupted run goes on."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import SimpleITK as sitk

from radiomics_screen.core.errors import ReadError, TableError, option_named
from radiomics_screen.core.locks import open_locked
from radiomics_screen.core.regular_files import require_regular
from radiomics_screen.core.remarks import add_remark, collect_remarks
from radiomics_screen.core.whole_files import replace_whole
from radiomics_screen.extraction.maps.compute import each_map, for_maps
from radiomics_screen.extraction.running.case_keys import content_hash
from radiomics_screen.extraction.running.provenance import Recipe, machine, require_same, versions
from radiomics_screen.imaging.sources import open_image, open_mask
from radiomics_screen.settings.settings import Settings

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

    Maps that an interrupted run of the same files, parameters and version left there are kept: those
    that the provenance lists, with the content that it tells of. No other file is looked at.

    Parameters
    ----------
    image, mask
        Files, or folders with one DICOM series.
    settings
        What :func:`~radiomics_screen.settings.settings.load_settings` returned.
    output
        The folder; made if need be.
    label
        Mask value that marks the lesion; None takes the one value there is (or the settings' label).
    file_format
        Ending and format of the files.
    overwrite
        Replace the maps that the provenance in the folder lists, and files of the same names.
    progress
        Told image type and family, joined by "_", when the first map of both is about to be written.

    Raises
    ------
    TableError
        The folder cannot be written to, or holds maps that were made of something else.
    ScreenError
        As :func:`~radiomics_screen.extraction.maps.compute.feature_maps`.
    """
    started = datetime.now(UTC)
    settings = for_maps(settings)
    with _held(output), collect_remarks() as notes:
        before = _read_json(output / PROVENANCE, damaged_is_none=overwrite)
        channel = settings.setting.get("label_channel")
        loaded = open_image(image)
        pair = loaded.image, open_mask(mask, loaded, label_channel=channel)
        origin = _origin(image, mask, settings, label, file_format)
        if before and not overwrite:
            _require_same(output, before, origin)
        ledger = _Ledger(output, origin, notes, before, overwrite=overwrite)
        if not ledger.is_finished:
            for name, map_ in each_map(*pair, settings, label=label, skip=ledger.kept_names):
                if ledger.begins(_group(name)):
                    progress(_group(name))
                ledger.add(map_, f"{name}.{file_format}")
            ledger.tell(finished=True, **_told(started, image, mask))
    for remark in notes:
        add_remark(remark)
    return Written(tuple(_name(file) for file in ledger.made), ledger.kept_names, output / PROVENANCE)


def _origin(
    image: Path, mask: Path, settings: Settings, label: int | None, file_format: MapFormat
) -> dict[str, Any]:
    """Return all that maps depend on, as their provenance tells it."""
    return {
        **Recipe.of(settings).to_dict(),
        "inputs": {"image": _digest(image), "mask": _digest(mask)},
        "label": label,
        "format": file_format,
    }


class _Ledger:
    """The maps of a folder, each with the digest of its file, as the provenance there lists them.

    Attributes
    ----------
    kept
        Those of an earlier run that are still as they were written, and count for this one.
    made
        Those of this run.
    is_finished
        An earlier run made all of them.
    """

    def __init__(
        self,
        folder: Path,
        origin: dict[str, Any],
        notes: list[str],
        before: dict[str, Any],
        *,
        overwrite: bool,
    ) -> None:
        self._folder, self._origin, self._notes = folder, origin, notes
        self._listed: dict[str, str] = before.get("maps", {})
        self._may_replace = overwrite or bool(before)
        self.kept = {} if overwrite else {f: d for f, d in self._listed.items() if _is_whole(folder / f, d)}
        self.made: dict[str, str] = {}
        self.is_finished = bool(before.get("finished") and self.kept and self.kept == self._listed)
        if self.kept and not self.is_finished:
            notes += before.get("warnings", [])

    @property
    def kept_names(self) -> tuple[str, ...]:
        return tuple(sorted(_name(file) for file in self.kept))

    def begins(self, group: str) -> bool:
        """Tell whether this run has made no map of an image type and family yet."""
        return group not in {_group(_name(file)) for file in self.made}

    def add(self, map_: sitk.Image, file: str) -> None:
        """Write a map, and then that it is there."""
        path = self._folder / file
        if path.exists() and not self._may_replace:
            raise TableError(
                f"{path} is there already; name another {option_named('output')}, or set "
                f"{option_named('overwrite', True)}"
            )
        if not self.made:  # nothing is lost to a run that fails before its first map
            _clear(self._folder / listed for listed in self._listed if listed not in self.kept)
            self.tell(finished=False)
        _write_map(map_, path)
        self.made[file] = _digest(path)
        self.tell(finished=False)

    def tell(self, **more: Any) -> None:
        """Write the provenance."""
        maps = dict(sorted({**self.kept, **self.made}.items()))
        content = {**self._origin, "warnings": self._notes, **more, "maps": maps}
        _write_json(content, self._folder / PROVENANCE)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder for this run alone; it is made if need be, and taken away again if nothing came of it."""
    is_new = not folder.exists()
    with _writing(folder):
        if folder.exists() and not folder.is_dir():
            raise TableError(f"{folder} is a file; name a folder as {option_named('output')}")
        folder.mkdir(parents=True, exist_ok=True)
    lock = folder / ".maps.lock"
    try:
        with open_locked(lock):
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
    finally:
        if is_new:
            with suppress(OSError):  # there are maps in it
                folder.rmdir()


def _is_whole(path: Path, digest: str) -> bool:
    """Tell whether a map is there as it was written."""
    return path.is_file() and content_hash(path) == digest


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


def _name(file: str) -> str:
    """Return the name of a map without the ending of its file."""
    return next(file.removesuffix(f".{e}") for e in FORMATS if file.endswith(e))


def _group(name: str) -> str:
    """Return image type and family of a map."""
    return name.rpartition("_")[0]


def _require_same(folder: Path, before: dict[str, Any], origin: dict[str, Any]) -> None:
    """Refuse to go on with maps that were made of something else, or in another way."""
    what = f"{folder} with its maps"
    recipe = Recipe(origin["parameters"], origin["fingerprint"], origin["content"], origin["files"])
    require_same(recipe, before, what)
    for key, meaning in (("inputs", "image or mask"), ("label", "label"), ("format", "format")):
        if before.get(key) != origin[key]:
            raise TableError(
                f"{what} was made with another {meaning}; "
                f"name another {option_named('output')}, or replace it with {option_named('overwrite', True)}"
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
    with _writing(path.parent):
        replace_whole(path, write)


def _read_json(path: Path, *, damaged_is_none: bool) -> dict[str, Any]:
    try:
        require_regular(path)
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as failure:
        if damaged_is_none:
            return {}
        raise TableError(
            f"{path} cannot be read: {failure}; replace the maps with {option_named('overwrite', True)}"
        ) from failure
    return content if isinstance(content, dict) else {}


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise TableError(f"cannot write into {folder}: {failure.strerror or failure}") from failure
