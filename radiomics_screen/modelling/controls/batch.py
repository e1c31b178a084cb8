"""Can the outcome be told from the scanner or site?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2_contingency

from radiomics_screen.modelling.controls.base import Control, Setup, shown
from radiomics_screen.modelling.metrics import Floats
from radiomics_screen.modelling.values import texts_of

NAME, TITLE = "batch", "Scanner or site alone"
#: Columns that are looked for where none is named.
USUAL = ("batch", "scanner", "device", "site", "center", "centre", "manufacturer", "institution", "hospital")
_SURPRISING = 0.01


def batch_column(frame: pd.DataFrame, named: str | None) -> str | None:
    """Return the column with scanner or site: the one named, or one that is usually called so."""
    if named is not None:
        return named
    by_name = {str(column).lower(): str(column) for column in frame.columns}
    return next((by_name[name] for name in USUAL if name in by_name), None)


def batch_alone(setup: Setup) -> Control:
    """Return whether the part of positives differs by scanner or site, so that a model could learn that."""
    column = batch_column(setup.frame, setup.dataset.columns.batch)
    if column is None:
        text = f"No column of scanner or site is named (batch), nor is one called {', '.join(USUAL[:4])} ..."
        return Control(NAME, TITLE, "not run", text)
    batches = texts_of(setup.frame[column])
    if len(set(batches)) < 2:
        return Control(NAME, TITLE, "passed", f"All rows are of one {column}.")
    outcome = setup.dataset.outcome
    auc = setup.auc(_rates(batches, outcome, setup)[np.newaxis])
    table = pd.crosstab(batches, outcome).to_numpy()
    chance = float(chi2_contingency(table, correction=False).pvalue)
    told = auc["low"] is not None and auc["low"] > 0.5
    text = f"The {column} alone tells the outcome with AUC {shown(auc)} (chi-square p = {chance:.2g}). "
    if told or chance < _SURPRISING:
        text += (
            f"Parts of positives differ by {column}: a model can seem good by having learned the {column}. "
            "Look at its figures within each (subgroups), and harmonise (batch) if features differ, too."
        )
        return Control(NAME, f"{TITLE} ({column})", "look", text, {"auc": auc, "p": chance})
    text += f"Parts of positives do not differ by {column} more than chance would make them."
    return Control(NAME, f"{TITLE} ({column})", "passed", text, {"auc": auc, "p": chance})


def _rates(batches: npt.NDArray[np.object_], outcome: npt.NDArray[np.int64], setup: Setup) -> Floats:
    """Return for each row the part of positives of its batch among the training rows of its fold."""
    found = np.empty(len(outcome))
    for split in setup.splits:
        learned = pd.Series(outcome[split.train]).groupby(batches[split.train]).agg(["sum", "size"])
        whole = outcome[split.train].mean()
        rates = (learned["sum"] + whole) / (learned["size"] + 1)  # drawn to the whole, as if by one row
        found[split.test] = pd.Series(batches[split.test]).map(rates).fillna(whole).to_numpy()
    return found
