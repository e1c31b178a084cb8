"""Radiomic features of marked lesions, a cross-validated classifier and explained readings.

The public names are loaded when they are first used: importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from radiomics_screen.extraction.maps.feature_maps import feature_maps
    from radiomics_screen.extraction.measuring.case import extract
    from radiomics_screen.extraction.perturbed import extract_altered
    from radiomics_screen.extraction.run import extract_cohort
    from radiomics_screen.image_controls.run import run_image_controls
    from radiomics_screen.modelling.bundle.loading import load_model
    from radiomics_screen.modelling.external_evaluation import evaluate
    from radiomics_screen.modelling.fitting import fit
    from radiomics_screen.prediction.reading import read_cases, read_lesion, readings_of
    from radiomics_screen.settings.settings import load_settings
    from radiomics_screen.table.feature_table import read_table

__version__ = "0.5.0"

__all__ = [
    "__version__",
    "evaluate",
    "extract",
    "extract_altered",
    "extract_cohort",
    "feature_maps",
    "fit",
    "load_model",
    "load_settings",
    "read_cases",
    "read_lesion",
    "read_table",
    "readings_of",
    "run_image_controls",
]

_HOME_OF = {
    "evaluate": "modelling.external_evaluation",
    "extract": "extraction.measuring.case",
    "extract_altered": "extraction.perturbed",
    "extract_cohort": "extraction.run",
    "feature_maps": "extraction.maps.feature_maps",
    "fit": "modelling.fitting",
    "run_image_controls": "image_controls.run",
    "load_model": "modelling.bundle.loading",
    "load_settings": "settings.settings",
    "read_cases": "prediction.reading",
    "read_lesion": "prediction.reading",
    "readings_of": "prediction.reading",
    "read_table": "table.feature_table",
}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
