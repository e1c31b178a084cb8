"""Columns that are named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.steps.base import Flags, step
from radiomics_screen.modelling.steps.frames import NameFilter, require_columns


@step("choose")
class ChosenColumns(NameFilter):
    """Keep a fixed list of columns, such as the features of a published signature.

    They stay in the order of the table, whatever the order of the list. Nothing is learned.

    Parameters
    ----------
    columns
        list of str, or None (default): the names of the columns to keep; None keeps all. A name
        that the table has not, or an empty list, is refused.
    """

    def __init__(self, columns: Sequence[str] | None = None) -> None:
        self.columns = columns

    def _keep(self, names: Sequence[str]) -> Flags:
        if self.columns is None:
            return np.ones(len(names), dtype=bool)
        if isinstance(self.columns, str) or not len(self.columns):
            raise ModelError(
                f"columns is {self.columns!r}; it must be a list of names, or None for all columns"
            )
        require_columns(self.columns, names, "chosen")
        return np.isin(np.array(names, dtype=object), list(self.columns))
