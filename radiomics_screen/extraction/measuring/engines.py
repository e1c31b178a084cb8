"""What measures the cases: this package's own engine, or pyradiomics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from radiomics_screen.cohort.cases import Case
from radiomics_screen.core.errors import SettingsError, did_you_mean
from radiomics_screen.extraction.measuring import case
from radiomics_screen.extraction.measuring.case_result import Row
from radiomics_screen.settings.settings import Settings

OWN, PYRADIOMICS = "own", "pyradiomics"

#: Measures cases of one image, and yields their rows in order.
Measure = Callable[[Sequence[Case], Settings], Iterator[Row]]


def engine_named(name: str) -> Measure:
    """Return what an engine measures with; :func:`require_engine` has said that there is such a one."""
    if name == PYRADIOMICS:
        from radiomics_screen.extraction.measuring import pyradiomics_engine

        return pyradiomics_engine.extract_cases
    return case.extract_cases


def require_engine(name: str, settings: Settings) -> str:
    """Make sure that an engine is there and can do what the settings ask for.

    Returns
    -------
    Its name, with the version where it is another package's: "own", "pyradiomics 3.0.1".

    Raises
    ------
    SettingsError
        There is no such engine, it is not installed, or it cannot do what is asked for.
    """
    if name not in (OWN, PYRADIOMICS):
        raise SettingsError(f"unknown engine '{name}'{did_you_mean(name, (OWN, PYRADIOMICS))}")
    if name == OWN:
        return OWN
    from radiomics_screen.extraction.measuring import pyradiomics_engine

    pyradiomics_engine.require_possible(settings)
    return pyradiomics_engine.distribution()
