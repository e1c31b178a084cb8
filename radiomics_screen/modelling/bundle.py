"""The model folder: written at once or not at all, checked when it is read, data only.

There is no pickle and nothing else that could run code: JSON, CSV, and the classifier's own file.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import xgboost
from pydantic import ValidationError

from radiomics_screen.errors import ModelError, SettingsError
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.evaluation import Evaluation
from radiomics_screen.modelling.model import Card, Model, probe_of
from radiomics_screen.modelling.pipeline import kept_features, pipeline_from_dict, pipeline_to_dict

FORMAT = "radiomics_screen model"
FORMAT_VERSION = 1

CARD, PIPELINE, EVALUATION = "model.json", "pipeline.json", "evaluation.json"
METRICS, PREDICTIONS = "metrics.csv", "predictions.csv"
_MAY_BE_ABSENT = frozenset((PREDICTIONS,))  # names patients: may be taken out before handing on
_PROBE_TOLERANCE = 1e-5


class Manifest(Card):
    """The contents of ``model.json``: the card, and which other files belong to it."""

    format: Literal["radiomics_screen model"]
    format_version: int
    files: dict[str, str]  # name -> SHA-256 of its content


def save_model(model: Model, folder: str | Path) -> None:
    """Write a model folder; an older model there is replaced.

    The files are written to a folder beside it that is renamed when all are there.

    Raises
    ------
    ModelError
        If `folder` is something else than a model folder or an empty folder.
    """
    folder = Path(folder).absolute()
    check_destination(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.partial")
    partial.mkdir()
    try:
        _write_files(model, partial)
        if folder.exists():
            aside = partial.with_suffix(".old")
            folder.rename(aside)
            partial.rename(folder)
            shutil.rmtree(aside)
        else:
            partial.rename(folder)
    finally:
        if partial.exists():
            shutil.rmtree(partial)


def check_destination(folder: str | Path) -> None:
    """Raise a ModelError where :func:`save_model` would refuse to write; call it before a long fit."""
    folder = Path(folder)
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir():
        raise ModelError(f"{folder} is a file; name a folder for the model")
    found = sorted(path.name for path in folder.iterdir())
    own = {CARD, PIPELINE, EVALUATION, METRICS, PREDICTIONS}
    own |= {kind.file_name for _, kind in CLASSIFIERS.items()}
    foreign = [name for name in found if name not in own]
    if foreign or (found and CARD not in found):
        named = ", ".join((foreign or found)[:3])
        raise ModelError(f"{folder} is not only a model: it holds {named}. Name another folder")


def load_model(folder: str | Path) -> Model:
    """Read a model folder. It is data only and checked as such; nothing in it is run.

    The checks find damage and mixed-up files, not forgery: who can write the folder can write
    another sound model into it.

    Raises
    ------
    ModelError
        If a file is missing, changed or damaged, the parts do not belong together, or the model
        was written by a newer version of this package or of XGBoost.
    """
    folder = Path(folder)
    manifest = _manifest(folder)
    if manifest.classifier not in CLASSIFIERS:
        raise ModelError(
            f"the model in {folder} is a '{manifest.classifier}', which is not installed; "
            f"known are {', '.join(CLASSIFIERS)}"
        )
    kind = CLASSIFIERS[manifest.classifier]
    _check_files(folder, manifest.files, needed=(kind.file_name, PIPELINE, EVALUATION, METRICS))
    try:
        estimator = kind.build(seed=manifest.seed, **manifest.hyperparameters)
        estimator = kind.load(folder / kind.file_name, estimator)
        pipeline = pipeline_from_dict(_json(folder / PIPELINE), estimator)
        if (inputs := kind.input_count(estimator)) != (kept := len(kept_features(pipeline))):
            raise ModelError(f"{folder} is damaged: its classifier expects {inputs} features, not {kept}")
        probe = probe_of(pipeline)
        evaluation = Evaluation.from_json(_json(folder / EVALUATION), _predictions(folder))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, SettingsError) as error:
        raise ModelError(f"the model in {folder} is damaged: {error}") from error
    if not abs(probe - manifest.probe) <= _PROBE_TOLERANCE:
        raise ModelError(
            f"the model in {folder} computes something else than when it was saved ({probe:.6f}, not "
            f"{manifest.probe:.6f}): its files do not belong together, or XGBoost {xgboost.__version__} "
            f"differs from {manifest.versions.get('xgboost')}"
        )
    card = Card.model_validate(manifest.model_dump(include=set(Card.model_fields)))
    return Model(pipeline, card, evaluation)


def _write_files(model: Model, folder: Path) -> None:
    kind = CLASSIFIERS[model.card.classifier]
    kind.save(model.pipeline[-1], folder / kind.file_name)
    _write_json(folder / PIPELINE, pipeline_to_dict(model.pipeline))
    _write_json(folder / EVALUATION, model.evaluation.to_json())
    model.evaluation.metrics.to_csv(folder / METRICS, index=False)
    if model.evaluation.predictions is not None:
        model.evaluation.predictions.to_csv(folder / PREDICTIONS, index=False)
    files = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
    head = {"format": FORMAT, "format_version": FORMAT_VERSION}
    _write_json(folder / CARD, {**head, **model.card.model_dump(mode="json"), "files": files})


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _manifest(folder: Path) -> Manifest:
    """Read ``model.json`` and check that this version can read the rest."""
    if not (folder / CARD).is_file():
        raise ModelError(f"{folder} is not a model folder: it has no {CARD}")
    content = _json(folder / CARD)
    if content.get("format") != FORMAT:
        raise ModelError(f"{folder / CARD} does not describe a radiomics_screen model")
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
        raise ModelError(f"{folder / CARD} is damaged: {where}: {first['msg']}") from None
    _check_xgboost(folder, manifest.versions.get("xgboost", ""))
    return manifest


def _check_xgboost(folder: Path, written_by: str) -> None:
    """XGBoost reads the models of its older versions, but not of newer ones."""
    major, installed = written_by.split(".")[0], xgboost.__version__.split(".")[0]
    if not major.isdigit():
        raise ModelError(f"{folder / CARD} is damaged: it does not say which XGBoost wrote it")
    if int(major) > int(installed):
        raise ModelError(
            f"the model in {folder} was fitted with XGBoost {written_by}, but {xgboost.__version__} is "
            f"installed: install xgboost>={major}"
        )


def _check_files(folder: Path, files: dict[str, str], needed: tuple[str, ...]) -> None:
    for name in needed:
        if name not in files:
            raise ModelError(f"{folder / CARD} is damaged: it does not list {name}")
    for name, digest in files.items():
        path = folder / name
        if path.parent != folder:
            raise ModelError(f"{folder / CARD} is damaged: it names a file outside its folder")
        if not path.is_file():
            if name in _MAY_BE_ABSENT:
                continue
            raise ModelError(f"the model in {folder} is not complete: {name} is missing")
        if _sha256(path) != digest:
            raise ModelError(f"{path} was changed or damaged after the model was saved")


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # a ValueError also where it is not UTF-8
        raise ModelError(f"{path} is damaged: {error}") from None
    if not isinstance(content, dict):
        raise ModelError(f"{path} is damaged: it holds no JSON object")
    return content


def _predictions(folder: Path) -> pd.DataFrame | None:
    path = folder / PREDICTIONS
    if not path.is_file():
        return None
    texts = dict.fromkeys(("case_id", "group", "target", "fold"), object)
    return pd.read_csv(path, dtype=texts, converters={"probability": float}, keep_default_na=False)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
