"""Radiomic features of marked lesions, a cross-validated classifier and explained readings.

The public names are loaded when they are first used: importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from radiomics_screen.evidence import image_evidence
    from radiomics_screen.extraction.altered import extract_altered
    from radiomics_screen.extraction.case import extract
    from radiomics_screen.extraction.maps import feature_maps
    from radiomics_screen.extraction.run import extract_cohort
    from radiomics_screen.modelling.bundle import load_model
    from radiomics_screen.modelling.external import evaluate
    from radiomics_screen.modelling.fitting import fit
    from radiomics_screen.reading import read_cases
    from radiomics_screen.settings import load_settings
    from radiomics_screen.table import read_table

__version__ = "0.5.0"

__all__ = [
    "__version__",
    "evaluate",
    "extract",
    "extract_altered",
    "extract_cohort",
    "feature_maps",
    "fit",
    "image_evidence",
    "load_model",
    "load_settings",
    "read_cases",
    "read_table",
]

_HOME_OF = {
    "evaluate": "modelling.external",
    "extract": "extraction.case",
    "extract_altered": "extraction.altered",
    "extract_cohort": "extraction.run",
    "feature_maps": "extraction.maps",
    "fit": "modelling.fitting",
    "image_evidence": "evidence",
    "load_model": "modelling.bundle",
    "load_settings": "settings",
    "read_cases": "reading",
    "read_table": "table",
}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
