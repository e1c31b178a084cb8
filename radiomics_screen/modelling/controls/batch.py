"""Can the outcome be told from the scanner or site?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.controls.base import Control, shown
from radiomics_screen.modelling.controls.rates import rates
from radiomics_screen.modelling.controls.setup import Setup, above_chance
from radiomics_screen.modelling.data.values import listed, texts_of

NAME, TITLE = "batch", "Scanner or site alone"
#: Columns that are looked for where none is named.
USUAL = ("batch", "scanner", "device", "site", "center", "centre", "manufacturer", "institution", "hospital")
SURPRISING = 0.02  # p below which parts of positives are said to differ
_PERMUTATIONS, _AT_ONCE = 1999, 100


def batch_column(frame: pd.DataFrame, named: str | None, target: str = "") -> str | None:
    """Return the column with scanner or site: the one named, or one that is usually called so."""
    if named is not None:
        return named
    by_name = {str(column).lower(): str(column) for column in frame.columns if column != target}
    return next((by_name[name] for name in USUAL if name in by_name), None)


def batch_alone(setup: Setup) -> Control:
    """Return whether the part of positives differs by scanner or site, so that a model could learn that."""
    dataset = setup.dataset
    column = batch_column(setup.frame, dataset.columns.batch, dataset.target)
    if column is None:
        text = f"No column of scanner or site is named (batch), nor is one called {', '.join(USUAL[:4])} ..."
        return Control(NAME, TITLE, "not run", text)
    title = f"{TITLE} ({column})"
    batches = texts_of(setup.frame[column])
    if len(set(batches)) < 2:
        text = f"All rows are of one {column}: how the model does on another one is not known."
        return Control(NAME, title, "not run", text)
    outcome = dataset.outcome
    auc = setup.auc(rates(batches, outcome, setup.splits)[np.newaxis])
    p = difference_by_chance(batches, outcome, setup.owners, seed=setup.plan.seed)
    chance = "no more than chance makes" if p >= SURPRISING else "more than chance makes"
    found = (
        f"{dataset.positive}: {_parts(batches, outcome)}. That differs {chance} (p = {p:.2g}); AUC of the "
        f"{column} alone {shown(auc)}."
    )
    if p >= SURPRISING:
        text = f"{found} Images may still differ by {column}, and another one is not tested."
        return Control(NAME, title, "passed", text, {"auc": auc, "p": p})
    text = (
        f"{found} A model can seem good by telling apart each {column}: look at its figures within each "
        f"(--subgroups {column}). {_remedy(column, harmonised=dataset.columns.batch is not None)}"
    )
    return Control(NAME, title, "look" if above_chance(auc) else "unsure", text, {"auc": auc, "p": p})


def _remedy(column: str, *, harmonised: bool) -> str:
    if harmonised:
        return "Features were harmonised, which takes out differences of mean and spread, not all."
    return f"Harmonise (--batch {column}) if features differ, too."


def _parts(batches: npt.NDArray[np.object_], outcome: npt.NDArray[np.int64]) -> str:
    """Return the part of positives of each batch in words, the largest batch first."""
    counted = pd.Series(outcome).groupby(batches).agg(["mean", "size"])
    counted = counted.sort_values("size", ascending=False, kind="stable")
    rows = zip(counted.index, counted["mean"], counted["size"], strict=True)
    return listed([f"{part:.0%} of {size} ({name or 'not known'})" for name, part, size in rows])


def difference_by_chance(
    batches: npt.NDArray[np.object_],
    outcome: npt.NDArray[np.int64],
    owners: npt.NDArray[np.object_],
    *,
    seed: int = 0,
) -> float:
    """Return how often permuted patients make parts of positives differ by batch as much.

    The statistic is chi-square's, with patients of weight 1; outcomes are permuted among patients, so it
    holds for few rows a batch and several rows a patient (Phipson and Smyth 2010).

    Parameters
    ----------
    batches, outcome, owners
        Batch, outcome and patient of each row, shape (rows,).
    seed
        Of the permutations.
    """
    batch = np.unique(batches.astype(str), return_inverse=True)[1]
    patient, count = np.unique(owners.astype(str), return_inverse=True, return_counts=True)[1:]
    shares = csr_array((1 / count[patient], (batch, patient)), shape=(int(batch.max()) + 1, len(count)))
    mean = np.bincount(patient, outcome) / count
    sizes = shares.sum(axis=1)

    def spread(outcomes: FloatArray) -> FloatArray:
        found: FloatArray = ((shares @ outcomes) ** 2 / sizes[:, np.newaxis]).sum(axis=0)
        return found

    random = np.random.default_rng(seed)
    centred = (mean - mean.mean())[:, np.newaxis]
    least = spread(centred)[0] * (1 - 1e-9)
    as_much = 0
    for start in range(0, _PERMUTATIONS, _AT_ONCE):
        columns = min(_AT_ONCE, _PERMUTATIONS - start)
        as_much += int((spread(random.permuted(np.tile(centred, columns), axis=0)) >= least).sum())
    return (1 + as_much) / (1 + _PERMUTATIONS)
