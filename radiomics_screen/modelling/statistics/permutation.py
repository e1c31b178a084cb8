"""Could the result have come from labels that mean nothing?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray, IndexArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import patient_numbers
from radiomics_screen.modelling.statistics.proportions import wilson

Outcome = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Permutation:
    """What a permutation test found.

    Attributes
    ----------
    observed
        Figure with the true labels.
    permuted
        Figures with permuted labels, shape (permutations done,); NaN where it had no value.
    p
        Part of all labellings, the true one among them, with a figure as high as observed.
    low, high
        95 % interval of the p-value that endless permutations would give.
    """

    observed: float
    permuted: FloatArray
    p: float
    low: float
    high: float


def permuted_labels(
    outcome: npt.ArrayLike, patients: npt.ArrayLike | None, permutations: int, seed: int = 0
) -> Iterator[Outcome]:
    """Yield the outcome with labels permuted among patients, shape (rows,).

    Where all rows of a patient have one outcome, patients swap outcomes. Where some patients have both,
    patients swap all their rows' outcomes with a patient of as many rows, so that what goes together
    stays together; a patient whose number of rows no other has keeps its outcomes.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    patients
        Patient of each row; without them, each row is one.
    permutations
        How many.
    seed
        Of the permutations: number i is the same whatever their number.

    Raises
    ------
    ModelError
        If all labels are alike, or no permutation changes anything.
    """
    labels = np.asarray(outcome, dtype=np.int64)
    patient = patient_numbers(patients, len(labels))
    if len(np.unique(labels)) < 2:
        raise ModelError("labels cannot be permuted: all rows have the same")
    order = np.argsort(patient, kind="stable")
    size = np.bincount(patient)
    starts = np.cumsum(size) - size
    mean = np.bincount(patient, labels) / size
    pure = bool(np.all((mean == 0) | (mean == 1)))
    if not pure:
        _check_movable(labels[order], size, starts)
    for child in np.random.SeedSequence(seed).spawn(permutations):
        random = np.random.default_rng(child)
        if pure:
            yield random.permutation(mean.astype(np.int64))[patient]
        else:
            found = np.empty_like(labels)
            found[order] = labels[order][_swapped(size, starts, random)]
            yield found


def _swapped(size: IndexArray, starts: IndexArray, random: np.random.Generator) -> IndexArray:
    """Return for each row, in the order of patients, the row that it takes its label from."""
    source = np.arange(size.sum())
    for rows in np.unique(size):
        alike = np.flatnonzero(size == rows)
        within = np.arange(rows)
        source[starts[alike][:, np.newaxis] + within] = (
            starts[random.permutation(alike)][:, np.newaxis] + within
        )
    return source


def _check_movable(ordered: Outcome, size: IndexArray, starts: IndexArray) -> None:
    for rows in np.unique(size):
        blocks = ordered[starts[size == rows][:, np.newaxis] + np.arange(rows)]
        if len(np.unique(blocks, axis=0)) > 1:
            return
    raise ModelError(
        "labels cannot be permuted: some patients have both outcomes, and no two patients with as many rows "
        "differ in theirs"
    )


def permutation_test(
    compute: Callable[[Outcome], float],
    outcome: npt.ArrayLike,
    patients: npt.ArrayLike | None = None,
    *,
    observed: float | None = None,
    permutations: int = 200,
    enough: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Permutation:
    """Return the p-value of a figure that is high where labels mean something.

    p = (1 + permuted figures at or above the observed one) / (1 + permutations): never 0, and valid for
    any number of permutations (Phipson and Smyth 2010, Stat Appl Genet Mol Biol 9:39). A permuted
    figure without a value counts as at or above. `compute` must do all over again that looks at
    labels (tuning, selection, fitting, thresholds): else p is too small
    (Ojala and Garriga 2010, JMLR 11:1833).

    Parameters
    ----------
    compute
        Takes labels, shape (rows,); returns the figure, such as the cross-validated AUC.
    outcome
        1 or 0, shape (rows,).
    patients
        See :func:`permuted_labels`.
    observed
        Figure of the true labels; computed if not given.
    permutations
        How many at most; with 199 the smallest p is 0.005.
    enough
        Stop once so many permuted figures are at or above the observed one, since p is then large and
        known well enough: p is their number over the permutations done (Besag and Clifford 1991,
        Biometrika 78:301), as valid as the full one.
    seed
        Of the permutations.
    progress
        Called with (done, of how many).

    Raises
    ------
    ModelError
        If the observed figure has no value, or see :func:`permuted_labels`.
    """
    if permutations < 1 or (enough is not None and enough < 1):
        raise ModelError("a permutation test needs at least one permutation")
    labels = np.asarray(outcome, dtype=np.int64)
    value = float(compute(labels) if observed is None else observed)
    if np.isnan(value):
        raise ModelError("a permutation test of a figure without a value says nothing")
    found: list[float] = []
    at_or_above = 0
    for shuffled in permuted_labels(labels, patients, permutations, seed):
        figure = float(compute(shuffled))
        found.append(figure)
        at_or_above += not figure < value - 1e-12
        if progress is not None:
            progress(len(found), permutations)
        if at_or_above == enough:
            break
    stopped = at_or_above == enough and len(found) < permutations
    p = at_or_above / len(found) if stopped else (1 + at_or_above) / (1 + len(found))
    low, high = wilson(at_or_above, len(found))
    return Permutation(value, np.array(found), p, float(low), float(high))
