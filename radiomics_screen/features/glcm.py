"""Grey-level co-occurrence: which grey levels lie beside which."""

from __future__ import annotations

from math import exp, log2, sqrt

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.conventions import PYRADIOMICS
from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.kernels import kernel
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.region import MOST_LEVELS, Region
from radiomics_screen.features.registry import family, values_of
from radiomics_screen.features.texture.correlation import maximal_correlation
from radiomics_screen.features.texture.directions import Distances, WeightingNorm, lengths_mm

FEATURES = (
    "Autocorrelation",
    "ClusterProminence",
    "ClusterShade",
    "ClusterTendency",
    "Contrast",
    "Correlation",
    "DifferenceAverage",
    "DifferenceEntropy",
    "DifferenceVariance",
    "Id",
    "Idm",
    "Idmn",
    "Idn",
    "Imc1",
    "Imc2",
    "InverseVariance",
    "JointAverage",
    "JointEnergy",
    "JointEntropy",
    "MaximumProbability",
    "SumAverage",
    "SumEntropy",
    "SumSquares",
    "MCC",
)
#: The place of each feature in FEATURES.
(
    AUTOCORRELATION,
    CLUSTER_PROMINENCE,
    CLUSTER_SHADE,
    CLUSTER_TENDENCY,
    CONTRAST,
    CORRELATION,
    DIFFERENCE_AVERAGE,
    DIFFERENCE_ENTROPY,
    DIFFERENCE_VARIANCE,
    ID,
    IDM,
    IDMN,
    IDN,
    IMC1,
    IMC2,
    INVERSE_VARIANCE,
    JOINT_AVERAGE,
    JOINT_ENERGY,
    JOINT_ENTROPY,
    MAXIMUM_PROBABILITY,
    SUM_AVERAGE,
    SUM_ENTROPY,
    SUM_SQUARES,
    MCC,
) = range(len(FEATURES))


@family("glcm", FEATURES, conventions=PYRADIOMICS)
def glcm(
    region: Region,
    *,
    distances: Distances = (1,),
    symmetricalGLCM: bool = True,
    weightingNorm: WeightingNorm | None = None,
) -> dict[str, float]:
    """Describe how often grey levels lie side by side: one matrix per direction, features averaged.

    Directions without any pair of voxels are left out of the average. All features are NaN, with
    a note, where the region has no pair of voxels at these distances at all.

    Parameters
    ----------
    distances
        How far apart the voxels of a pair are, in voxels (largest step along an axis).
    symmetricalGLCM
        Count each pair in both orders.
    weightingNorm
        Sum the directions' matrices, weighted by exp(-length^2) with the length in mm under this
        norm (no_weighting: all alike), instead of averaging features; null averages.

    Source: Haralick et al., IEEE Trans. Syst. Man Cybern. 3 (1973) 610; IBSI family LFYI.
    """
    directions = region.directions(distances)
    lattice = region.lattice(max(distances))
    require_few_levels(len(lattice.levels))
    described = values_by_direction(
        lattice.ranks,
        lattice.spans,
        lattice.offsets(directions),
        weights_of(directions, region.spacing_mm, weightingNorm),
        weightingNorm is None,
        weightingNorm is not None,
        lattice.levels,
        region.highest_level,
        symmetricalGLCM,
        True,
    )
    if not len(described):
        add_remark(
            f"glcm: no two voxels of the region are {list(distances)} apart; its features are undefined"
        )
        return dict.fromkeys(FEATURES, float("nan"))
    return values_of(FEATURES, described.mean(axis=0))


def require_few_levels(n_levels: int) -> None:
    """Raise a RegionError if there are more grey levels than a matrix takes."""
    if n_levels > MOST_LEVELS:
        raise RegionError(
            f"the region has {n_levels} grey levels, more than the {MOST_LEVELS} that a co-occurrence matrix "
            "takes; set a larger binWidth, or binCount"
        )


def weights_of(
    directions: NDArray[np.int64], spacing_mm: tuple[float, float, float], norm: WeightingNorm | None
) -> NDArray[np.float64]:
    """Return the weight of each direction's matrix: exp(-length^2), but for a common factor."""
    if norm in (None, "no_weighting"):
        return np.ones(len(directions))
    squares = lengths_mm(directions, spacing_mm, norm) ** 2
    return np.exp(squares.min(initial=np.inf) - squares)  # only ratios count: none may underflow


@kernel
def values_by_direction(
    ranks: NDArray[np.uint16],
    spans: NDArray[np.int64],
    offsets: NDArray[np.int64],
    weights: NDArray[np.float64],
    apart: bool,
    merged: bool,
    levels: NDArray[np.float64],
    highest: int,
    symmetric: bool,
    with_mcc: bool,
) -> NDArray[np.float64]:
    """Describe the matrix of each direction that has pairs, then their weighted sum: (matrices, features).

    `apart` and `merged` say which of the two are wanted; there is nothing where no direction has pairs.
    """
    n = len(levels)
    counts = np.empty((n + 1, n + 1), dtype=np.int32)
    p, total = np.zeros((n if apart else 0, n)), np.zeros((n if merged else 0, n))
    values = np.empty((len(offsets) + 1, len(FEATURES)))
    described = 0
    some = False
    for d in range(len(offsets)):
        co_occurrences(ranks, spans, offsets[d], counts)
        if apart and add_probabilities(counts, 1.0, symmetric, p):
            co_occurrence_values(p, levels, highest, symmetric, values[described], with_mcc)
            described += 1
            p[:] = 0
        if merged and add_probabilities(counts, weights[d], symmetric, total):
            some = True
    if some:
        co_occurrence_values(total, levels, highest, symmetric, values[described], with_mcc)
        described += 1
    return values[:described]


@kernel
def co_occurrences(
    ranks: NDArray[np.uint16], spans: NDArray[np.int64], offset: int, counts: NDArray[np.int32]
) -> None:
    """Count the pairs (rank here, rank at `offset`): shape (levels + 1, levels + 1), rank 0 is outside."""
    counts[:] = 0
    flat = counts.reshape(-1)
    width = np.uint64(counts.shape[1])
    for s in range(len(spans)):
        here = ranks[spans[s, 0] : spans[s, 1]]
        there = ranks[spans[s, 0] + offset : spans[s, 1] + offset]
        for i in range(len(here)):
            flat[np.uint64(here[i]) * width + np.uint64(there[i])] += np.int32(1)


@kernel
def add_probabilities(
    counts: NDArray[np.int32], weight: float, symmetric: bool, p: NDArray[np.float64]
) -> bool:
    """Add weighted counts without the row and column of what lies outside; False if all are 0."""
    n = len(p)
    some = False
    for i in range(n):
        for j in range(n):
            count = counts[i + 1, j + 1]
            if symmetric:
                count += counts[j + 1, i + 1]
            if count:
                some = True
                p[i, j] += weight * count
    return some


@kernel
def co_occurrence_values(
    p: NDArray[np.float64],
    levels: NDArray[np.float64],
    highest: int,
    symmetric: bool,
    values: NDArray[np.float64],
    with_mcc: bool = True,
) -> None:
    """Compute the features of one matrix, in the order of FEATURES.

    Parameters
    ----------
    p
        Shape (levels, levels), not all zero; divided by its sum here.
    levels
        Grey level of each row and column.
    highest
        The number of grey levels, empty ones included: the normaliser of Idmn and Idn.
    symmetric
        Whether p equals its transpose.
    values
        Shape (features,): where the features are put.
    with_mcc
        Compute MCC, which takes longer than all the others; else its place is left as it is.
    """
    n = len(levels)
    total = p.sum()
    lowest, spread = levels.min(), int(levels.max() - levels.min())
    p_sum, p_difference = np.zeros(2 * spread + 1), np.zeros(spread + 1)
    p_i, p_j = np.zeros(n), np.zeros(n)
    energy = entropy = most = product = 0.0
    for i in range(n):
        for j in range(n):
            if p[i, j] > 0:
                q = p[i, j] / total
                p[i, j] = q
                p_i[i] += q
                p_j[j] += q
                p_sum[int(levels[i] + levels[j] - 2 * lowest)] += q
                p_difference[int(abs(levels[i] - levels[j]))] += q
                energy += q * q
                entropy -= q * log2(q)
                most = max(most, q)
                product += q * levels[i] * levels[j]
    mean_i, variance_i, entropy_i, occurring_i = _margin(p_i, levels)
    mean_j, variance_j, entropy_j, occurring_j = _margin(p_j, levels)
    covariance = 0.0
    for i in range(n):
        for j in range(n):
            covariance += p[i, j] * (levels[i] - mean_i) * (levels[j] - mean_j)
    # a margin of one level has no variance, whatever rounding makes of it
    varied = occurring_i > 1 and occurring_j > 1

    # The entropy of the product of the margins is the sum of theirs, so both of the information
    # measures follow from three entropies; rounding must not push the root below zero.
    shared = entropy_i + entropy_j - entropy
    greater = max(entropy_i, entropy_j)
    values[AUTOCORRELATION] = product
    _sum_values(p_sum, 2 * lowest, mean_i + mean_j, values)
    values[CORRELATION] = covariance / (sqrt(variance_i) * sqrt(variance_j)) if varied else 1.0
    _difference_values(p_difference, highest, values)
    values[IMC1] = -shared / greater if greater > 0 else 0.0
    values[IMC2] = sqrt(max(0.0, 1 - exp(-2 * shared)))
    values[JOINT_AVERAGE] = mean_i
    values[JOINT_ENERGY] = energy
    values[JOINT_ENTROPY] = entropy
    values[MAXIMUM_PROBABILITY] = most
    values[SUM_SQUARES] = variance_i
    if with_mcc:
        values[MCC] = maximal_correlation(p, p_i, p_j, symmetric)


@kernel
def _margin(p: NDArray[np.float64], levels: NDArray[np.float64]) -> tuple[float, float, float, int]:
    """Return mean, variance and entropy of one side's levels, and how many of them occur."""
    mean = (p * levels).sum()
    variance = entropy = 0.0
    occurring = 0
    for i in range(len(levels)):
        if p[i] > 0:
            variance += p[i] * (levels[i] - mean) ** 2
            entropy -= p[i] * log2(p[i])
            occurring += 1
    return mean, variance, entropy, occurring


@kernel
def _sum_values(p: NDArray[np.float64], lowest: float, mean: float, values: NDArray[np.float64]) -> None:
    """Put ClusterProminence, ClusterShade, ClusterTendency, SumAverage and SumEntropy to their places.

    p holds how likely the sums lowest, lowest + 1, ... of two levels are; `mean` is their mean.
    """
    tendency = shade = prominence = average = entropy = 0.0
    for k in range(len(p)):
        if p[k] > 0:
            centred = lowest + k - mean
            square = centred * centred
            tendency += p[k] * square
            shade += p[k] * square * centred
            prominence += p[k] * square * square
            average += p[k] * (lowest + k)
            entropy -= p[k] * log2(p[k])
    values[CLUSTER_PROMINENCE] = prominence
    values[CLUSTER_SHADE] = shade
    values[CLUSTER_TENDENCY] = tendency
    values[SUM_AVERAGE] = average
    values[SUM_ENTROPY] = entropy


@kernel
def _difference_values(p: NDArray[np.float64], highest: int, values: NDArray[np.float64]) -> None:
    """Put Contrast, Difference..., Id, Idm, Idmn, Idn and InverseVariance to their places."""
    contrast = average = entropy = variance = 0.0
    inverse = inverse_moment = inverse_moment_normed = inverse_normed = inverse_variance = 0.0
    for k in range(len(p)):
        if p[k] > 0:
            contrast += p[k] * k * k
            average += p[k] * k
            entropy -= p[k] * log2(p[k])
            inverse += p[k] / (1 + k)
            inverse_moment += p[k] / (1 + k * k)
            inverse_moment_normed += p[k] / (1 + k * k / highest**2)
            inverse_normed += p[k] / (1 + k / highest)
            if k > 0:
                inverse_variance += p[k] / (k * k)
    for k in range(len(p)):
        variance += p[k] * (k - average) ** 2
    values[CONTRAST] = contrast
    values[DIFFERENCE_AVERAGE] = average
    values[DIFFERENCE_ENTROPY] = entropy
    values[DIFFERENCE_VARIANCE] = variance
    values[ID] = inverse
    values[IDM] = inverse_moment
    values[IDMN] = inverse_moment_normed
    values[IDN] = inverse_normed
    values[INVERSE_VARIANCE] = inverse_variance
