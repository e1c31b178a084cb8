"""The steps before the classifier, of the options of their group."""

from __future__ import annotations

from radiomics_screen.core.column_names import is_feature
from radiomics_screen.modelling.data.dataset import Columns
from radiomics_screen.modelling.options.groups import Preparation
from radiomics_screen.modelling.steps import STEPS, PlainStep
from radiomics_screen.modelling.steps.combat import ComBat
from radiomics_screen.modelling.steps.constant import ConstantFilter
from radiomics_screen.modelling.steps.correlation import CorrelationFilter
from radiomics_screen.modelling.steps.crop_passthrough import CropPassthrough
from radiomics_screen.modelling.steps.duplicate import DuplicateFilter
from radiomics_screen.modelling.steps.encode import ClinicalEncoder
from radiomics_screen.modelling.steps.impute import MedianImputer
from radiomics_screen.modelling.steps.mrmr import MRMR
from radiomics_screen.modelling.steps.reduce import EmbeddingReducer, is_embedding
from radiomics_screen.modelling.steps.variance import VarianceFilter


def reduces_embedding(preparation: Preparation, columns: Columns) -> bool:
    """Tell whether there is an embedding among the columns, and it becomes few."""
    return preparation.embedding != "none" and any(map(is_embedding, columns.features))


def preparation_steps(
    preparation: Preparation, columns: Columns | None = None, *, seed: int = 0
) -> list[tuple[str, PlainStep]]:
    """Return the unfitted steps, in their order.

    Parameters
    ----------
    preparation
        Its options.
    columns
        What the columns are; None: all are features.
    seed
        Of whatever is drawn.
    """
    steps: list[PlainStep] = []
    if preparation.reproducible and (columns is None or columns.features):
        steps.append(STEPS["reproducible"](least=preparation.least_icc))
    if columns is not None:
        steps += _of_other_columns(columns)
        if reduces_embedding(preparation, columns):
            steps.append(EmbeddingReducer(preparation.embedding, preparation.components))
    steps.append(MedianImputer())
    steps.append(
        ConstantFilter() if preparation.common_value == 1 else VarianceFilter(limit=preparation.common_value)
    )
    steps += [DuplicateFilter(), CorrelationFilter(limit=preparation.correlation)]
    if preparation.select == "mrmr":
        steps.append(MRMR(k=preparation.most_features))
    elif preparation.select != "none":
        steps.append(STEPS[preparation.select](seed=seed))
    named = [(one.step_name, one) for one in steps]
    if columns is not None and columns.crop:  # pictures pass by what is done to numbers
        apart = CropPassthrough(named if len(columns.names) > 1 else None)
        return [(apart.step_name, apart)]
    return named


def _of_other_columns(columns: Columns) -> list[PlainStep]:
    """Return the steps that take out what the scanner does, and turn clinical columns into numbers."""
    steps: list[PlainStep] = []
    if columns.batch is not None:
        named = all(map(is_feature, columns.features)) and not any(map(is_feature, columns.clinical))
        # Without covariates: of a skewed feature the effect of a preserved covariate can be most of what is
        # left, and a clinical variable would speak in the feature's name.
        steps.append(ComBat(columns.batch, prefixes=None if named else list(columns.features)))
    if columns.clinical:
        steps.append(ClinicalEncoder(list(columns.clinical)))
    return steps
