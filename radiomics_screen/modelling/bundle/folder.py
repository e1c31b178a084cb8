"""The model folder: written at once or not at all, checked when it is read, data only.

There is no pickle and nothing else that could run code: JSON, CSV, the classifier's own file, and
copies of files that the settings name.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import xgboost
from sklearn.pipeline import Pipeline

from radiomics_screen.core.errors import ModelError, SettingsError
from radiomics_screen.core.text_cells import without_guard
from radiomics_screen.core.whole_files import make_private
from radiomics_screen.modelling.assessment.evaluation import Evaluation
from radiomics_screen.modelling.assessment.uncertainty import Uncertainty
from radiomics_screen.modelling.bundle.card import Card
from radiomics_screen.modelling.bundle.manifest import (
    CARD_FILE,
    DOUBT_FILE,
    EVALUATION_FILE,
    METRICS_FILE,
    PIPELINE_FILE,
    PREDICTIONS_FILE,
    read_json,
    read_manifest,
    sound_files,
    write_json,
    write_manifest,
)
from radiomics_screen.modelling.bundle.setting_files import FILES, packed, unpacked
from radiomics_screen.modelling.bundle.signing import (
    SIGNATURE_FILE,
    Keyring,
    SignWith,
    as_signing_key,
    check_covered,
    check_signature,
    sign_folder,
)
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import resolved_options
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.statistics.recalibration import recalibration_from_dict
from radiomics_screen.modelling.training.pipeline import (
    kept_features,
    pipeline_from_dict,
    pipeline_to_dict,
    probe_of,
)
from radiomics_screen.networks.requirements import is_script
from radiomics_screen.table.feature_table import write_frame

_PROBE_TOLERANCE = 1e-5


class Parts(NamedTuple):
    """What a model consists of."""

    pipeline: Pipeline
    card: Card
    evaluation: Evaluation
    doubt: Uncertainty | None = None


def write_folder(parts: Parts, folder: str | Path, sign_with: SignWith | None = None) -> None:
    """Write a model folder; an older model there is replaced.

    The files are written to a folder beside it, which takes its place when all are there and could
    be read back.

    Raises
    ------
    ModelError
        If `folder` is something else than a model folder or an empty folder, cannot be written, or
        a file that the settings name is gone; or if the key to sign with cannot be opened.
    """
    key = as_signing_key(sign_with)
    check_destination(folder)
    folder = Path(folder).resolve()
    partial = _beside(folder)
    try:
        partial.mkdir()
        _write_files(parts, partial)
        sign_folder(partial, key)
        make_private(partial)
        _require_readable(partial)
        _put(partial, folder)
    except (OSError, ValueError) as error:
        raise ModelError(f"the model cannot be saved in {folder}: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_destination(folder: str | Path) -> None:
    """Raise a ModelError where :func:`write_folder` would refuse to write; call it before a long fit.

    The folder that it is to lie in is made if need be.
    """
    try:
        place = Path(folder).resolve()
        if place.exists():
            _refuse_foreign(place)
            probe = _beside(place)
        else:
            probe = place  # itself, as its name may be one that cannot be had
        place.parent.mkdir(parents=True, exist_ok=True)
        probe.mkdir()
        probe.rmdir()
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        raise ModelError(f"no model can be written to {folder}: {error}") from error


def _refuse_foreign(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelError(f"{folder} is a file; name a folder for the model")
    found = sorted(path.name for path in folder.iterdir())
    own = {CARD_FILE, PIPELINE_FILE, EVALUATION_FILE, METRICS_FILE, PREDICTIONS_FILE, FILES, DOUBT_FILE}
    own.add(SIGNATURE_FILE)
    kinds = [kind for _, kind in CLASSIFIERS.items()]
    foreign = [name for name in found if name not in own and not any(kind.owns(name) for kind in kinds)]
    if foreign or (found and CARD_FILE not in found):
        named = ", ".join((foreign or found)[:3])
        raise ModelError(f"{folder} is not only a model: it holds {named}. Name another folder")


def _beside(folder: Path) -> Path:
    return folder.with_name(f".model-{uuid.uuid4().hex[:12]}.partial")


def _write_files(parts: Parts, folder: Path) -> None:
    card = packed(parts.card, folder)
    kind = CLASSIFIERS[card.classifier]
    kind.save(parts.pipeline[-1], folder / kind.file_name)
    write_json(folder / PIPELINE_FILE, pipeline_to_dict(parts.pipeline))
    write_json(folder / EVALUATION_FILE, parts.evaluation.to_json())
    if parts.doubt is not None:
        write_json(folder / DOUBT_FILE, parts.doubt.to_dict())
    parts.evaluation.metrics.to_csv(folder / METRICS_FILE, index=False)
    if parts.evaluation.predictions is not None:
        write_frame(parts.evaluation.predictions, folder / PREDICTIONS_FILE)
    write_manifest(card, folder)


def _require_readable(folder: Path) -> None:
    try:
        _read(folder.absolute(), (), own=True)
    except ModelError as error:
        raise ModelError(f"the model cannot be saved, as it could not be loaded again: {error}") from error


def _put(made: Path, folder: Path) -> None:
    """Give a new folder its name; an older one of that name goes, or stays where that fails."""
    if not folder.exists():
        made.rename(folder)
        return
    aside = made.with_suffix(".old")
    folder.rename(aside)
    try:
        made.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def read_folder(folder: str | Path, required: tuple[Keyring, ...] = ()) -> Parts:
    """Read a model folder; see :func:`radiomics_screen.modelling.bundle.loading.load_model`."""
    folder = Path(folder).absolute()
    try:
        return _read(folder, required)
    except OSError as error:
        raise ModelError(f"the model in {folder} cannot be read: {error}") from error


def _read(folder: Path, required: tuple[Keyring, ...], *, own: bool = False) -> Parts:
    check_signature(folder, required)
    manifest = read_manifest(folder)
    check_covered(folder, manifest.files, required)
    if not (required or own):
        _refuse_program(folder, manifest)
    if manifest.classifier not in CLASSIFIERS:
        raise ModelError(
            f"the model in {folder} is a '{manifest.classifier}', which is not installed; "
            f"known are {', '.join(CLASSIFIERS)}"
        )
    kind = CLASSIFIERS[manifest.classifier]
    sound = sound_files(folder, manifest, needed=(kind.file_name, PIPELINE_FILE, EVALUATION_FILE))
    try:
        options = resolved_options(kind, manifest.hyperparameters)
        estimator = kind.load(folder / kind.file_name, kind.build(seed=manifest.seed, **options))
        pipeline = pipeline_from_dict(read_json(folder / PIPELINE_FILE), estimator)
        if (inputs := kind.input_count(estimator)) != (kept := len(kept_features(pipeline))):
            raise ModelError(f"{folder} is damaged: its classifier expects {inputs} features, not {kept}")
        probe = probe_of(pipeline)
        if manifest.recalibration is not None:
            recalibration_from_dict(manifest.recalibration)
        doubt = Uncertainty.from_dict(read_json(folder / DOUBT_FILE)) if DOUBT_FILE in sound else None
        numbers = kept - (CROP in kept_features(pipeline))
        if doubt is not None and doubt.outlying is not None and doubt.outlying.columns != numbers:
            raise ModelError(f"{folder} is damaged: {DOUBT_FILE} is of {doubt.outlying.columns} features")
        predictions = _predictions(folder / PREDICTIONS_FILE) if PREDICTIONS_FILE in sound else None
        written = read_json(folder / EVALUATION_FILE)
        evaluation = Evaluation.from_json(written, predictions, str(folder / EVALUATION_FILE))
    except SettingsError as error:  # of a step or a package that is not installed
        raise ModelError(f"the model in {folder} cannot be read: {error}") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ModelError(f"the model in {folder} is damaged: {error}") from error
    if not abs(probe - manifest.probe) <= _PROBE_TOLERANCE:
        raise ModelError(
            f"the model in {folder} computes something else than when it was saved ({probe:.6f}, not "
            f"{manifest.probe:.6f}): its files do not belong together, or the packages "
            f"differ from those it was made with (XGBoost {manifest.versions.get('xgboost')}, here "
            f"{xgboost.__version__})"
        )
    card = Card.model_validate(manifest.model_dump(include=set(Card.model_fields)))
    return Parts(pipeline, unpacked(card, folder), evaluation, doubt)


def _refuse_program(folder: Path, manifest: Card) -> None:
    """Refuse a model whose embedding is a program, for nobody who is trusted has signed it."""
    network = ((manifest.settings or {}).get("embedding") or {}).get("model")
    if isinstance(network, str) and is_script(network):
        raise ModelError(
            f"the model in {folder} makes its embedding with a TorchScript file, a program that would "
            "be run: it is loaded only if a key that you trust has signed it (--trust KEY; "
            "`load_model(folder, trusted=KEY)`; docs/how-to/signing.md)"
        )


def _predictions(path: Path) -> pd.DataFrame:
    meant: dict[str, Callable[[str], object]] = {"probability": float, "threshold": float}
    meant |= dict.fromkeys(("case_id", "group", "target", "fold"), without_guard)
    return pd.read_csv(path, converters=meant, keep_default_na=False)
