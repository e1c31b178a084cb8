"""What a category alone says of the outcome."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.data.splits import Split


def rates(
    categories: npt.NDArray[np.object_], outcome: npt.NDArray[np.int64], splits: Sequence[Split]
) -> FloatArray:
    """Return a score, from 0 to 1, of how much commoner positives are in each row's category; shape (rows,).

    It is 0.5 and half of what the rate of positives in the category is above that of all, both among the
    training rows of the row's fold. The rate of a category is drawn towards that of all as if by one row,
    so one that was not seen has 0.5. The rate of all is taken off since it is lower just where a fold holds
    more positives: so rows of different folds can be compared.
    """
    found = np.empty(len(outcome))
    for split in splits:
        learned = pd.Series(outcome[split.train]).groupby(categories[split.train]).agg(["sum", "size"])
        whole = outcome[split.train].mean()
        above = (learned["sum"] + whole) / (learned["size"] + 1) - whole
        found[split.test] = pd.Series(categories[split.test]).map(above).fillna(0.0).to_numpy() / 2 + 0.5
    return found
