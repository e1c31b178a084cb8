"""Are rows of different patients nearly the same?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtri
from scipy.stats import rankdata

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.controls.base import Control
from radiomics_screen.modelling.controls.regrouped import regrouped
from radiomics_screen.modelling.controls.setup import Setup
from radiomics_screen.modelling.data.values import listed

NAME, TITLE = "alike rows", "Rows of different patients that are alike"
_NEIGHBOURS = 20  # of a row, the last of which says how near rows of its kind usually are
#: Part of that distance, below which two rows are alike. On 1492 breast lesions the smallest part was 0.33.
ALIKE = 0.2
_BY_CHANCE = 0.05  # number of rows that may be alike by chance: where few columns tell, less counts as alike
_FEWEST_COLUMNS = 5
_MOST_COLUMNS = 256  # evenly spread over more: features are redundant, and copies are alike in all
_MOST_COMPARISONS = 10**9  # pairs of rows, beyond which only some rows are looked at
_MANY = 0.02  # part of the rows that are alike, from which on the folds are drawn anew
_AT_ONCE = 256  # rows whose distances are computed together

Singles = npt.NDArray[np.float32]


class Nearest(NamedTuple):
    """The nearest row of another patient, of each row that was looked at.

    ``rows`` and ``partner`` are places of rows; ``part`` is the distance as part of that of the twentieth
    nearest; ``limit`` is the part below which rows are alike. All but ``limit`` have shape (rows looked at,).
    """

    rows: npt.NDArray[np.intp]
    partner: npt.NDArray[np.intp]
    part: FloatArray
    limit: float


def alike_rows(setup: Setup) -> Control:
    """Return whether rows of different patients are nearly the same."""
    values = standardised(setup.dataset.features.to_numpy(np.float64))
    owners = setup.owners
    if values.shape[1] < _FEWEST_COLUMNS or len(set(owners)) <= 2 * _NEIGHBOURS:
        return Control(NAME, TITLE, "not run", "Too few patients or features to tell by.")
    found = nearest_rows(values, owners, seed=setup.plan.seed)
    is_alike = found.part < found.limit
    alike, partner, part = found.rows[is_alike], found.partner[is_alike], found.part[is_alike]
    looked = len(found.rows)
    figures = {"rows": len(alike), "of": looked, "least": float(found.part.min()), "limit": found.limit}
    some = "" if looked == len(values) else f" (drawn from {len(values)})"
    if not len(alike):
        text = (
            f"Among {looked} rows{some} none is nearly the same as a row of another patient (the nearest is "
            f"at {found.part.min():.2f} of its usual distance; below {found.limit:.2g} is told). A copy "
            "saved with other brightness or compression mostly would not show."
        )
        return Control(NAME, TITLE, "passed", text, figures)
    named = _named(setup, alike[np.argsort(part)], partner[np.argsort(part)])
    counted = f"{len(alike)} of {looked} rows{some} are nearly the same as a row of another patient ({named})"
    advice = "Are these the same patients, or copies of an image? Then give them one group."
    if len(alike) <= _MANY * looked:
        return Control(NAME, TITLE, "look", f"{counted}: too few to change the figures. {advice}", figures)
    outcome = setup.dataset.outcome
    same = float(np.mean(outcome[alike] == outcome[partner]))
    control = regrouped(
        setup,
        _joined(owners, alike, partner),
        name=NAME,
        title=TITLE,
        found=f"{counted}; {same:.0%} of them have its outcome",
        advice=advice,
    )
    return Control(NAME, TITLE, control.verdict, control.text, {**figures, **control.figures})


def standardised(values: FloatArray) -> Singles:
    """Return the columns that vary as normal scores: their ranks, as a normal distribution would have them.

    So a few extreme values do not decide what is near. 0 where missing. Of more than 256 columns, 256
    that are evenly spread; shape (rows, columns).
    """
    at = np.unique(np.linspace(0, values.shape[1] - 1, _MOST_COLUMNS).astype(np.intp))
    values = values[:, at] if values.shape[1] > _MOST_COLUMNS else values
    there = np.count_nonzero(~np.isnan(values), axis=0)
    values = values[:, there > 0]
    ranks = rankdata(values, axis=0, nan_policy="omit")
    scores = np.nan_to_num(ndtri((ranks - 0.5) / there[there > 0]), nan=0.0).astype(np.float32)
    return scores[:, np.ptp(scores, axis=0) > 0]


def nearest_rows(values: Singles, owners: npt.NDArray[np.object_], *, seed: int = 0) -> Nearest:
    """Return each row's nearest row of another patient; of very many rows, only of some.

    A row is alike where its nearest neighbour is at less than a fifth of the distance of the twentieth. In
    few dimensions that happens by chance: of 19 points spread evenly in a ball, one is within the part r of
    its radius with probability 19 r^d, so there the limit is what 0.05 rows reach. The dimension d is
    estimated from the distances of the neighbours of all rows (after Levina and Bickel 2004).

    Parameters
    ----------
    values
        Shape (rows, columns).
    owners
        Patient of each row, shape (rows,).
    seed
        Of the rows that are looked at, where there are very many.
    """
    owner = np.unique(owners.astype(str), return_inverse=True)[1]
    count = min(len(values), max(_MOST_COMPARISONS // len(values), 1))
    rows = np.sort(np.random.default_rng(seed).permutation(len(values))[:count])
    squares = np.einsum("ij,ij->i", values, values)
    partner, found = np.zeros(count, dtype=np.intp), np.zeros((count, _NEIGHBOURS))
    for start in range(0, count, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        here = rows[part]
        distance = values[here] @ values.T
        distance *= -2
        distance += squares
        distance += squares[here, np.newaxis]
        distance[owner[here, np.newaxis] == owner] = np.inf
        partner[part] = np.argmin(distance, axis=1)
        distance.partition(_NEIGHBOURS - 1, axis=1)
        found[part] = np.sqrt(np.maximum(np.sort(distance[:, :_NEIGHBOURS], axis=1), 0.0))
    usual = np.where(np.isfinite(found[:, -1]), found[:, -1], 0.0)
    part_of = np.divide(found[:, 0], usual, out=np.ones(count), where=usual > 0)
    return Nearest(rows, partner, part_of, min(ALIKE, _rare(found[usual > 0], len(values))))


def _rare(distances: FloatArray, rows: int) -> float:
    """Return the part of the usual distance that 0.05 of all rows reach by chance; 0 without distances.

    Of the twenty distances T the outer half tells the dimension, as several copies may be the inner ones:
    log(T_20 / T_j) is 1/j + ... + 1/19 over the dimension, on average.
    """
    if not len(distances):
        return 0.0
    places = np.arange(_NEIGHBOURS // 2, _NEIGHBOURS)  # j, from 1
    outer = distances[:, places - 1]
    steps = np.log(distances[:, -1:] / np.where(outer > 0, outer, distances[:, -1:])).mean(axis=0).sum()
    expected = np.cumsum(1 / places[::-1]).sum()
    if steps == 0:
        return 0.0
    share = _BY_CHANCE / (rows * (_NEIGHBOURS - 1))
    return float(share ** (steps / expected))  # the power is 1 / dimension


def _named(setup: Setup, rows: npt.NDArray[np.intp], partner: npt.NDArray[np.intp]) -> str:
    cases = setup.dataset.cases
    pairs = dict.fromkeys(
        " and ".join(sorted((str(cases[a]), str(cases[b])))) for a, b in zip(rows, partner, strict=True)
    )
    return listed(list(pairs), 3)


def _joined(
    owners: npt.NDArray[np.object_], rows: npt.NDArray[np.intp], partner: npt.NDArray[np.intp]
) -> npt.NDArray[np.object_]:
    """Return groups in which each of the rows is with its partner."""
    owner = np.unique(owners.astype(str), return_inverse=True)[1]
    count = int(owner.max()) + 1
    links = coo_array((np.ones(len(rows)), (owner[rows], owner[partner])), shape=(count, count))
    whole = connected_components(links, directed=False)[1]
    return whole[owner].astype(str).astype(object)
