"""The ways in that a run uses. A door returns what it read, as text, or raises."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from radiomics_screen import (
    Case,
    FeatureTable,
    Model,
    Settings,
    extract,
    extract_cohort,
    fit,
    load_model,
    load_settings,
    read_cohort,
    read_lesion,
    read_table,
)
from radiomics_screen.core.errors import ScreenError
from radiomics_screen.extraction.lesion_crops import crop_options, lesion_crops
from radiomics_screen.extraction.maps.compute import feature_maps
from radiomics_screen.extraction.perturbed import extract_altered
from radiomics_screen.image_controls.near_duplicates import near_duplicates


@cache
def _settings() -> Settings:
    return load_settings({"imageType": {"Original": {}}, "featureClass": {"firstorder": ["Mean", "Energy"]}})


def image(folder: Path, target: str) -> str:
    """Measure the image with the mask beside it."""
    mask = next(folder.glob("mask.*"))
    return repr(sorted(extract(folder / target, mask, _settings()).items()))


def mask(folder: Path, target: str) -> str:
    """Measure a sound image with the damaged file as its mask."""
    sound = next(folder.glob("sound.*"))
    return repr(sorted(extract(sound, folder / target, _settings()).items()))


def syntax(folder: Path, target: str) -> str:
    """Measure a file whose syntax may be unknown: a refusal has to name the syntax."""
    return image(folder, target)


def cases(folder: Path, target: str) -> str:
    """Read a list of cases."""
    return str(len(read_cohort(folder / target).cases))


def table(folder: Path, target: str) -> str:
    """Read a feature table."""
    return str(read_table(folder / target).frame.shape)


def settings(folder: Path, target: str) -> str:
    """Read a parameter file."""
    return str(len(load_settings(folder / target).image_types))


def model(folder: Path, target: str) -> str:
    """Read a model folder."""
    return type(load_model(folder / target)).__name__


def _pair(folder: Path, target: str) -> tuple[Path, Path]:
    """Return image and mask of a specimen, of which either is damaged."""
    if sound := next(folder.glob("sound.*"), None):
        return sound, folder / target
    return folder / target, next(folder.glob("mask.*"))


def _case(folder: Path, target: str) -> Case:
    image, mask = _pair(folder, target)
    return Case("case", None, image, mask, None, 1, {})


@cache
def _model() -> Model:
    values = np.random.default_rng(0).normal(size=(40, 2))
    frame = pd.DataFrame(values, columns=["original_firstorder_Mean", "original_firstorder_Energy"])
    frame["case_id"] = [f"c{n}" for n in range(40)]
    frame["finding"] = np.where(values[:, 0] > 0, "bad", "good")
    told = {"package": "radiomics_screen", "version": "0.6.0", "parameters": _settings().to_dict()}
    table = FeatureTable(frame, list(frame.columns[:2]), told)
    return fit(table, target="finding", positive="bad", group="none", classifier="logistic", splits=2,
               repeats=1, resamples=20, controls=False)  # fmt: skip


@cache
def _map_settings() -> Settings:
    return load_settings(
        {"imageType": {"Original": {}}, "featureClass": {"firstorder": ["Mean"]}}, for_maps=True
    )


def predicted(folder: Path, target: str) -> str:
    """Read a lesion with a model."""
    reading = read_lesion(_model(), *_pair(folder, target))
    if reading.status == "failed":
        raise ScreenError(reading.error)
    return repr(reading.probability)


def mapped(folder: Path, target: str) -> str:
    """Make maps of a lesion."""
    maps = feature_maps(*_pair(folder, target), _map_settings())
    return ",".join(maps)


def perturbed(folder: Path, target: str) -> str:
    """Measure a lesion on altered images."""
    found = extract_altered([_case(folder, target)], _settings(), ("shuffle",), jobs=1)
    return _row(found)


def tabled(folder: Path, target: str) -> str:
    """Measure a case of a cohort."""
    return _row(extract_cohort([_case(folder, target)], _settings(), jobs=1))


def _row(found: pd.DataFrame) -> str:
    row = found.iloc[-1]
    if row["status"] == "failed":
        raise ScreenError(str(row["error"]))
    return repr(row["original_firstorder_Mean"])


def cropped(folder: Path, target: str) -> str:
    """Cut a lesion out, for a network."""
    (cut,) = lesion_crops([_case(folder, target)], _settings(), crop_options({"size": 16}), jobs=1)
    if isinstance(cut, str):
        raise ScreenError(cut)
    return str(cut.shape)


def compared(folder: Path, target: str) -> str:
    """Compare an image with another."""
    image, mask = _pair(folder, target)
    frame = pd.DataFrame({"case_id": ["a", "b"], "image": [str(image), str(mask)]})
    found = near_duplicates(frame, ["p", "q"], jobs=1)
    if reasons := dict(found.unreadable):
        raise ScreenError("; ".join(reasons.values()))
    return str(found.compared)


#: Doors of other commands than `extract`, for images and masks.
OTHER_DOORS = (predicted, mapped, perturbed, tabled, cropped, compared)
DOORS: dict[str, Callable[[Path, str], str]] = {
    each.__name__: each for each in (image, mask, syntax, cases, table, settings, model, *OTHER_DOORS)
}
__all__ = ["DOORS", "ScreenError"]
