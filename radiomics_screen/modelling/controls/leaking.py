"""Does something that should not be known lie in the table?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.controls.base import Control, Setup, shown, signed
from radiomics_screen.modelling.leaks import PATIENT
from radiomics_screen.modelling.metrics import Floats
from radiomics_screen.modelling.splits import grouped_splits
from radiomics_screen.modelling.values import listed, texts_of

_TELLS_ALL = 0.98  # AUC of one feature, from which on it is too good to be true
_NEIGHBOURS = 20  # of a row, the last of which says how near rows of its kind usually are
#: Part of that distance, below which two rows are alike. On 1492 breast lesions the smallest part was 0.30.
_ALIKE = 0.2
_FEWEST_COLUMNS = 5  # in fewer, rows may be alike by chance
_MANY = 0.02  # part of the rows with such a partner in another group, from which on it is told
_CLIP = 5.0
_AT_ONCE = 256  # rows whose distances are computed together


def one_feature(setup: Setup) -> Control:
    """Return whether one column alone tells the outcome nearly without error."""
    name, title = "one feature", "One feature alone"
    values = setup.dataset.inputs.select_dtypes("number")
    aucs = _single_aucs(values.to_numpy(np.float64), setup.dataset.outcome)
    if not np.isfinite(aucs).any():
        return Control(name, title, "not run", "No column of numbers varies.")
    strength = np.where(np.isfinite(aucs), np.maximum(aucs, 1 - aucs), 0.0)
    order = np.argsort(-strength, kind="stable")
    best = f"{values.columns[order[0]]} has the highest AUC of a single column, {strength[order[0]]:.3f}"
    figures = {"column": str(values.columns[order[0]]), "auc": float(strength[order[0]])}
    telling = [str(values.columns[at]) for at in order if strength[at] >= _TELLS_ALL]
    if not telling:
        return Control(name, title, "passed", f"{best}.", figures)
    text = (
        f"{best}; {_TELLS_ALL} or more have {listed(telling)}. So much is rarely true: does the column hold "
        "the outcome, or something that was only known after it (a leak)? If so, leave it out."
    )
    return Control(name, title, "look", text, figures)


def _single_aucs(values: Floats, outcome: npt.NDArray[np.int64]) -> Floats:
    """Return the AUC of each column over the rows in which it has a value; NaN without both classes."""
    ranks = rankdata(values, axis=0, nan_policy="omit")
    there = ~np.isnan(values)
    positive = (outcome == 1)[:, np.newaxis] & there
    m, n = positive.sum(axis=0), (there & ~positive).sum(axis=0)
    above = np.where(positive, ranks, 0.0).sum(axis=0) - m * (m + 1) / 2
    found: Floats = np.divide(above, m * n, out=np.full(len(m), np.nan), where=m * n > 0)
    return found


def torn_patients(setup: Setup) -> Control | None:
    """Return what becomes of the AUC with patients kept whole; None where they are."""
    if not setup.dataset.torn:
        return None
    owners = texts_of(setup.frame[PATIENT])
    owners = np.where(owners == "", setup.dataset.groups, owners)
    return _regrouped(
        setup,
        owners,
        name="patients apart",
        title="Rows of one patient on both sides",
        found=f"{setup.dataset.torn} patients have rows on both sides of the folds",
        advice=f"Group by {PATIENT}.",
    )


def alike_rows(setup: Setup) -> Control:
    """Return whether rows of different groups are nearly the same."""
    name, title = "alike rows", "Rows of different patients that are alike"
    values = _standardised(setup.dataset.features.to_numpy(np.float64))
    if values.shape[1] < _FEWEST_COLUMNS or len(values) <= 2 * _NEIGHBOURS:
        return Control(name, title, "not run", "Too few rows or features to tell by.")
    partner, part = _nearest(values, setup.dataset.groups)
    alike = np.flatnonzero(part < _ALIKE)
    figures = {"rows": len(alike), "of": len(values), "least": float(part.min())}
    if not len(alike):
        text = (
            "No row has a neighbour of another patient that is much nearer than its other neighbours are "
            f"(the nearest is at {part.min():.2f} of the distance of the twentieth; below {_ALIKE} is told)."
        )
        return Control(name, title, "passed", text, figures)
    counted = (
        f"{len(alike)} of {len(values)} rows are nearly the same as a row of another patient "
        f"({_named(setup, alike[np.argsort(part[alike])], partner)})"
    )
    advice = "Are these the same patients, or copies of an image? Then give them one group."
    if len(alike) <= _MANY * len(values):
        return Control(name, title, "look", f"{counted}. {advice}", figures)
    outcome = setup.dataset.outcome
    same = float(np.mean(outcome[alike] == outcome[partner[alike]]))
    return _regrouped(
        setup,
        _joined(setup.dataset.groups, alike, partner),
        name=name,
        title=title,
        found=f"{counted}; {same:.0%} have its outcome",
        advice=advice,
    )


def _standardised(values: Floats) -> Floats:
    """Return the columns that vary as robust z-scores, 0 where missing, cut off at 5."""
    middle = np.nanmedian(values, axis=0) if len(values) else np.zeros(values.shape[1])
    low, high = np.nanquantile(values, [0.25, 0.75], axis=0)
    spread = np.where(high > low, high - low, np.nanstd(values, axis=0))
    varies = np.isfinite(spread) & (spread > 0)
    scores = (values[:, varies] - middle[varies]) / spread[varies]
    return np.clip(np.nan_to_num(scores, nan=0.0), -_CLIP, _CLIP)


def _nearest(values: Floats, groups: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return each row's nearest row of another group, and its distance as part of the twentieth nearest's."""
    owner = np.unique(groups.astype(str), return_inverse=True)[1]
    squares = (values**2).sum(axis=1)
    partner, part = np.zeros(len(values), dtype=np.intp), np.ones(len(values))
    for start in range(0, len(values), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        distance = np.sqrt(np.maximum(squares[rows, np.newaxis] + squares - 2 * values[rows] @ values.T, 0.0))
        distance[owner[rows, np.newaxis] == owner] = np.inf
        partner[rows] = np.argmin(distance, axis=1)
        nearest = distance.min(axis=1)
        usual = np.partition(distance, _NEIGHBOURS - 1, axis=1)[:, _NEIGHBOURS - 1]
        usual[~np.isfinite(usual)] = 0.0  # too few rows of other groups to tell by
        part[rows] = np.divide(nearest, usual, out=np.ones_like(usual), where=usual > 0)
    return partner, part


def _named(setup: Setup, rows: npt.NDArray[np.intp], partner: npt.NDArray[np.intp]) -> str:
    cases = setup.dataset.cases
    pairs = dict.fromkeys(" and ".join(sorted((str(cases[r]), str(cases[partner[r]])))) for r in rows)
    return listed(list(pairs), 3)


def _joined(
    groups: npt.NDArray[np.object_], rows: npt.NDArray[np.intp], partner: npt.NDArray[np.intp]
) -> npt.NDArray[np.object_]:
    """Return groups in which each of the rows is with its partner."""
    owner = np.unique(groups.astype(str), return_inverse=True)[1]
    count = int(owner.max()) + 1
    links = coo_array((np.ones(len(rows)), (owner[rows], owner[partner[rows]])), shape=(count, count))
    whole = connected_components(links, directed=False)[1]
    return whole[owner].astype(str).astype(object)


def _regrouped(
    setup: Setup, groups: npt.NDArray[np.object_], *, name: str, title: str, found: str, advice: str
) -> Control:
    """Return what the AUC is with other groups kept whole."""
    dataset = replace(setup.dataset, groups=groups)
    try:
        folds = len(setup.splits)
        splits = grouped_splits(dataset.outcome, groups, splits=folds, repeats=1, seed=setup.plan.seed)
        together = replace(setup, dataset=dataset, splits=splits)
        kept = together.probabilities(dataset)
    except ModelError as error:
        return Control(name, title, "look", f"{found}. With them kept together: {error}. {advice}")
    auc, gain = together.auc(kept), together.gain(kept)
    leaks = gain.low > 0 or (np.isnan(gain.low) and gain.difference > 0)
    text = (
        f"{found}. With them kept together the AUC is {shown(auc)}, {signed(gain)} lower than "
        f"{shown(setup.auc(setup.reference))}. "
    )
    text += "The outcome leaks through the patient: the figures are too good. " if leaks else ""
    return Control(name, title, "look", text + advice, {"auc": auc, "gain": vars(gain), "leaks": leaks})
