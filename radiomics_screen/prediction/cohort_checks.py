"""What is refused before any work: cases that a model cannot read whatever is measured."""

from __future__ import annotations

from collections.abc import Collection

from radiomics_screen.cohort.cases import Cohort
from radiomics_screen.core.column_names import is_feature
from radiomics_screen.core.errors import CohortError, ModelError, did_you_mean
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.values import listed


def require_settings(model: Model) -> None:
    """Raise a ModelError where the model does not say how to measure its features."""
    if model.settings is None and model.radiomics:
        raise ModelError(
            "the model does not say how its features were extracted (its table came without provenance): "
            "extract the table with this package, fit again, or predict from a table in Python"
        )


def require_cases(model: Model, cohort: Cohort) -> None:
    """Raise a CohortError where a feature table is given in the place of a cases file."""
    known = set(model.radiomics)
    if any(name in known or is_feature(name) for name in cohort.carried_columns):
        raise CohortError(
            f"{cohort.path} is a feature table; give the cases file (image, mask ...), whose lesions are "
            "then measured. A table is judged by `radiomics-screen evaluate`, or in Python by "
            "model.predict_probability"
        )


def require_free_names(model: Model, cohort: Cohort, own: Collection[str]) -> None:
    """Raise a CohortError where a carried column has a name that a table of readings gives its `own`."""
    crop = {CROP} if model.looks_at_crops else set()
    if taken := [name for name in cohort.carried_columns if name in own or name in crop]:
        raise CohortError(
            f"{cohort.path}: readings have columns of their own named {listed(taken)}; "
            "rename them in the cases file"
        )


def require_columns(model: Model, cohort: Cohort) -> None:
    """Raise a CohortError where a column is missing that the model learned from beside the features."""
    needed = model.inputs.beside
    if absent := [name for name in needed if name not in cohort.carried_columns]:
        raise CohortError(
            f"{cohort.path}: the model learned from {listed(needed)}, too, but there is no column "
            f"'{absent[0]}'{did_you_mean(absent[0], cohort.carried_columns)}; add it, and leave it empty "
            "where it is not known"
        )
