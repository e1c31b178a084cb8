"""``model.json``: what belongs to a model folder, and whether this version can read it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import xgboost
from pydantic import Field, ValidationError

from radiomics_screen import __version__
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.modelling.bundle.card import Card
from radiomics_screen.modelling.bundle.setting_files import FILES

FORMAT = "radiomics_screen model"
FORMAT_VERSION = 1

CARD_FILE: str = "model.json"
PIPELINE_FILE, EVALUATION_FILE = "pipeline.json", "evaluation.json"
METRICS_FILE, PREDICTIONS_FILE = "metrics.csv", "predictions.csv"
DOUBT_FILE = "doubt.json"
#: For people only: a model is whole without them.
REPORTS = frozenset((METRICS_FILE, PREDICTIONS_FILE))

#: Inside the model folder, wherever the text comes from.
FileName = Annotated[str, Field(pattern=rf"^({FILES}/)?[A-Za-z0-9_-][A-Za-z0-9_.-]*$")]


class Manifest(Card):
    """The contents of ``model.json``: the card, and which other files belong to it."""

    format: Literal["radiomics_screen model"]
    format_version: Annotated[int, Field(strict=True, ge=FORMAT_VERSION, le=FORMAT_VERSION)]
    setting_files: dict[FileName, str] = Field(default={})
    files: dict[FileName, str]  # name -> SHA-256 of its content


def write_manifest(card: Card, folder: Path) -> None:
    """Write ``model.json`` for the files that lie in `folder`."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): _sha256(path) for path in paths}
    head = {"format": FORMAT, "format_version": FORMAT_VERSION}
    write_json(folder / CARD_FILE, {**head, **card.model_dump(mode="json"), "files": files})


def read_manifest(folder: Path) -> Manifest:
    """Read ``model.json`` and check that this version can read the rest.

    Raises
    ------
    ModelError
        If it is missing or damaged, or was written by a newer version of this package or of XGBoost.
    """
    if not (folder / CARD_FILE).is_file():
        raise ModelError(f"{folder} is not a model folder: it has no {CARD_FILE}")
    content = read_json(folder / CARD_FILE)
    if content.get("format") != FORMAT:
        raise ModelError(f"{folder / CARD_FILE} does not describe a radiomics_screen model")
    version = content.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise ModelError(
            f"the model in {folder} has format {version}, this version reads up to {FORMAT_VERSION}: "
            "install a newer radiomics_screen"
        )
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{folder / CARD_FILE} is damaged: {where}: {first['msg']}") from None
    # A newer version of this package may define features otherwise; XGBoost reads what older ones wrote.
    _refuse_newer(folder, manifest, "radiomics_screen", __version__, parts=2)
    _refuse_newer(folder, manifest, "xgboost", xgboost.__version__, parts=1)
    return manifest


def _refuse_newer(folder: Path, manifest: Manifest, package: str, installed: str, parts: int) -> None:
    """Raise a ModelError where the model was made by a newer `package`, by so many parts of its version."""
    written = manifest.versions.get(package, "").split(".")[:parts]
    if len(written) < parts or not all(part.isdecimal() for part in written):
        raise ModelError(f"{folder / CARD_FILE} is damaged: it does not say which {package} wrote it")
    if [int(part) for part in written] > [int(part) for part in installed.split(".")[:parts]]:
        raise ModelError(
            f"the model in {folder} was made with {package} {manifest.versions[package]}, but {installed} is "
            f"installed: install {package}>={'.'.join(written)}"
        )


def sound_files(folder: Path, manifest: Manifest, needed: Iterable[str]) -> set[str]:
    """Check every file that the manifest lists, and return the names of those that can be read.

    A report that is missing is left out, and one that was changed, with a note.

    Raises
    ------
    ModelError
        If another one is missing or changed, or one that is `needed` is not listed.
    """
    for name in (*needed, *manifest.setting_files):
        if name not in manifest.files:
            raise ModelError(f"{folder / CARD_FILE} is damaged: it does not list {name}")
    sound = set()
    for name, digest in manifest.files.items():
        path = folder / name
        if not path.is_file():
            if name not in REPORTS:
                raise ModelError(f"the model in {folder} is not complete: {name} is missing")
        elif _sha256(path) == digest:
            sound.add(name)
        elif name in REPORTS:
            add_remark(f"{path} was changed after the model was saved, and is not read")
        else:
            raise ModelError(f"{path} was changed or damaged after the model was saved")
    return sound


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write plain JSON values; a number that is none (NaN) is an error."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    ModelError
        If the file holds anything else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # a ValueError also where it is not UTF-8
        raise ModelError(f"{path} is damaged: {error}") from None
    if not isinstance(content, dict):
        raise ModelError(f"{path} is damaged: it holds no JSON object")
    return content


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
