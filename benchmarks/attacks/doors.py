"""The ways in that a run uses. A door returns what it read, as text, or raises."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from radiomics_screen import Settings, extract, load_model, load_settings, read_cohort, read_table
from radiomics_screen.core.errors import ScreenError


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


DOORS: dict[str, Callable[[Path, str], str]] = {
    each.__name__: each for each in (image, mask, syntax, cases, table, settings, model)
}
__all__ = ["DOORS", "ScreenError"]
