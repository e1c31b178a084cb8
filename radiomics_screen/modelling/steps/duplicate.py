"""Columns that say exactly what another says."""

from __future__ import annotations

import numpy as np

from radiomics_screen.core.arrays import BoolArray, FloatArray
from radiomics_screen.modelling.steps.base import ColumnFilter, step


@step("duplicate")
class DuplicateFilter(ColumnFilter):
    """Drop every column that equals an earlier one in all rows; the first one stays."""

    def _keep(self, values: FloatArray) -> BoolArray:
        columns = np.ascontiguousarray((values + 0.0).T)  # + 0.0 turns -0.0 into 0.0
        seen: set[bytes] = set()
        keep = np.zeros(len(columns), dtype=bool)
        for index, column in enumerate(columns):
            content = column.tobytes()
            keep[index] = content not in seen
            seen.add(content)
        return keep
