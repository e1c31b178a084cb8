"""Does one column alone tell the outcome?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import mannwhitneyu, rankdata

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.controls.base import Control
from radiomics_screen.modelling.controls.rates import rates
from radiomics_screen.modelling.controls.setup import Setup
from radiomics_screen.modelling.data.values import listed

NAME, TITLE = "one feature", "One feature alone"
TELLS_ALL = 0.98  # AUC of one feature, from which on it is too good to be true
_BY_CHANCE = 0.01  # p below which such an AUC is not chance, Bonferroni's correction for all columns in it
_AT_ONCE = 256  # columns that are ranked together


def one_feature(setup: Setup) -> Control:
    """Return whether one column alone, or that it has no value, tells the outcome nearly without error."""
    scores = _scores(setup)
    outcome = setup.dataset.outcome
    aucs = pd.Series(_single_aucs(scores.to_numpy(np.float64), outcome), index=scores.columns)
    strength = aucs.where(aucs >= 0.5, 1 - aucs).dropna().sort_values(ascending=False, kind="stable")
    if strength.empty:
        return Control(NAME, TITLE, "not run", "No column varies.")
    name, auc = str(strength.index[0]), float(strength.iloc[0])
    figures = {"column": name, "auc": auc}
    telling = [
        str(column)
        for column in strength.index[strength >= TELLS_ALL]
        if _chance(scores[column], outcome) * len(strength) < _BY_CHANCE
    ]
    best = f"The highest AUC of a single column is {auc:.3f} ({name})"
    if not telling:
        few = ", which chance may do in so few rows" if auc >= TELLS_ALL else ""
        text = f"{best}{few}. A leak that is spread over several columns would not show."
        return Control(NAME, TITLE, "passed", text, figures)
    text = (
        f"{best}; {TELLS_ALL} or more have {listed(telling)}. So much is rarely true: does it hold the "
        "outcome, or something that was known only after it? If so, leave it out."
    )
    return Control(NAME, TITLE, "look", text, figures)


def _scores(setup: Setup) -> pd.DataFrame:
    """Return numbers as they are, of texts the rates of positives, and where columns have no value."""
    dataset = setup.dataset
    columns = dataset.inputs[[*dataset.columns.features, *dataset.columns.clinical]]
    return pd.concat(dict(_as_numbers(columns, setup)), axis=1)


def _as_numbers(columns: pd.DataFrame, setup: Setup) -> Iterator[tuple[str, pd.Series[float]]]:
    for name, column in columns.items():
        if pd.api.types.is_numeric_dtype(column):
            yield str(name), column.astype(np.float64)
            missing = column.isna()
        else:
            texts = column.to_numpy(object)
            yield str(name), pd.Series(rates(texts, setup.dataset.outcome, setup.splits), column.index)
            missing = column == ""
        if missing.any():
            yield f"whether {name} has a value", (~missing).astype(np.float64)


def _single_aucs(values: FloatArray, outcome: npt.NDArray[np.int64]) -> FloatArray:
    """Return the AUC of each column over the rows in which it has a value; NaN without both classes."""
    parts = [values[:, n : n + _AT_ONCE] for n in range(0, values.shape[1], _AT_ONCE)]
    return np.concatenate([_aucs(part, outcome) for part in parts])


def _aucs(values: FloatArray, outcome: npt.NDArray[np.int64]) -> FloatArray:
    ranks = rankdata(values, axis=0, nan_policy="omit")
    there = ~np.isnan(values)
    positive = (outcome == 1)[:, np.newaxis] & there
    m, n = positive.sum(axis=0), (there & ~positive).sum(axis=0)
    above = np.where(positive, ranks, 0.0).sum(axis=0) - m * (m + 1) / 2
    found: FloatArray = np.divide(above, m * n, out=np.full(len(m), np.nan), where=m * n > 0)
    return found


def _chance(values: pd.Series[float], outcome: npt.NDArray[np.int64]) -> float:
    """Return the two-sided p of the AUC of one column; exact where a class has few rows."""
    there = values.notna().to_numpy()
    positive, negative = (values.to_numpy()[there & (outcome == one)] for one in (1, 0))
    few = min(len(positive), len(negative)) <= 10
    return float(mannwhitneyu(positive, negative, method="exact" if few else "asymptotic").pvalue)
