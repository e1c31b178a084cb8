"""Clinical variables, radiomic features, or both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.steps.base import Flags, step
from radiomics_screen.modelling.steps.frames import NameFilter, radiomic_flags

BLOCKS = ("clinical", "radiomics", "both")


@step("block")
class BlockFilter(NameFilter):
    """Keep the radiomic features, the clinical variables, or both.

    So that the three models can be compared on the same rows and folds. What is radiomic is told
    by the names alone; every other column is clinical.

    Parameters
    ----------
    block
        ``"both"`` (default), ``"radiomics"`` or ``"clinical"``.
    prefixes
        list of str, or None (default): radiomic is a column whose name begins with one of these;
        None: one that is named like a feature of an extraction,
        ``<image type>_<family>_<Feature>``.
    """

    def __init__(self, block: str = "both", prefixes: Sequence[str] | None = None) -> None:
        self.block = block
        self.prefixes = prefixes

    def _keep(self, names: Sequence[str]) -> Flags:
        if self.block not in BLOCKS:
            raise ModelError(f"block is {self.block!r}; it must be one of {', '.join(BLOCKS)}")
        if self.block == "both":
            return np.ones(len(names), dtype=bool)
        radiomic = radiomic_flags(names, self.prefixes)
        kept: Flags = radiomic if self.block == "radiomics" else ~radiomic
        if not kept.any():
            what = "radiomic" if self.block == "radiomics" else "clinical"
            raise ModelError(
                f"none of the {len(names)} columns is {what}: choose another block, or set prefixes"
            )
        return kept
