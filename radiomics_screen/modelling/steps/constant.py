"""Columns that have one value only."""

from __future__ import annotations

import numpy as np

from radiomics_screen.core.arrays import BoolArray, FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.steps.base import ColumnFilter, step


@step("constant")
class ConstantFilter(ColumnFilter):
    """Drop every column that has the same value in all rows."""

    minimum_rows = 2

    def _keep(self, values: FloatArray) -> BoolArray:
        varies: BoolArray = np.ptp(values, axis=0) > 0
        if not varies.any():
            raise ModelError(
                f"every one of the {values.shape[1]} features has the same value in all "
                f"{values.shape[0]} training rows: there is nothing to learn from"
            )
        return varies
