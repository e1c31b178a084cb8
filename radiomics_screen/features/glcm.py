"""Grey-level co-occurrence: which grey levels lie beside which."""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log2, sqrt

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.errors import RegionError
from radiomics_screen.features.directions import Distances, WeightingNorm, lengths_mm
from radiomics_screen.kernels import kernel
from radiomics_screen.features.region import MOST_LEVELS, Region
from radiomics_screen.features.registry import family, values_of
from radiomics_screen.notes import note

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


@family("glcm", FEATURES)
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
    n = len(lattice.levels)
    if n > MOST_LEVELS:
        raise RegionError(
            f"the region has {n} grey levels, more than the {MOST_LEVELS} that a co-occurrence matrix takes; "
            "set a larger binWidth, or binCount"
        )
    offsets = lattice.offsets(directions)
    matrices: Iterable[NDArray[np.float64]] = (
        co_occurrence(lattice.ranks, lattice.voxels, offset, n) for offset in offsets
    )
    if weightingNorm is not None:
        squares = lengths_mm(directions, region.spacing_mm, weightingNorm) ** 2
        weights = np.exp(squares.min(initial=np.inf) - squares)  # only ratios count: none may underflow
        if weightingNorm == "no_weighting":
            weights[:] = 1
        matrices = [sum((w * m for w, m in zip(weights, matrices, strict=True)), np.zeros((n, n)))]
    values = []
    for matrix in matrices:
        if matrix.any():
            if symmetricalGLCM:
                matrix = matrix + matrix.T
            p = matrix / matrix.sum()
            described = co_occurrence_values(p, lattice.levels, region.highest_level)
            values.append((*described, maximal_correlation(p)))
    if not values:
        note(f"glcm: no two voxels of the region are {list(distances)} apart; its features are undefined")
        return dict.fromkeys(FEATURES, float("nan"))
    return values_of(FEATURES, np.mean(values, axis=0))


@kernel
def co_occurrence(
    ranks: NDArray[np.int32], voxels: NDArray[np.int64], offset: int, n_levels: int
) -> NDArray[np.float64]:
    """Count the pairs (level here, level at `offset`) inside the region: shape (levels, levels)."""
    counts = np.zeros((n_levels, n_levels))
    for voxel in voxels:
        neighbour = ranks[voxel + offset]
        if neighbour:
            counts[ranks[voxel] - 1, neighbour - 1] += 1
    return counts


def maximal_correlation(p: NDArray[np.float64]) -> float:
    """Return the maximal correlation coefficient of a joint distribution; 1 if it has one level.

    It is the second largest singular value of p_ij / sqrt(p_i p_j): its square is the second
    largest eigenvalue of Haralick's matrix Q, found here without an unsymmetric eigenproblem.
    The tiny addend is pyradiomics': it matters in the sixth digit where both margins are tiny.
    """
    if len(p) < 2:
        return 1.0
    normed = p / np.sqrt(np.outer(p.sum(axis=1), p.sum(axis=0)) + np.finfo(float).eps)
    if np.array_equal(p, p.T):
        return float(np.sort(np.abs(np.linalg.eigvalsh(normed)))[-2])
    return float(np.linalg.svd(normed, compute_uv=False)[1])


@kernel
def co_occurrence_values(
    p: NDArray[np.float64], levels: NDArray[np.float64], highest: int
) -> NDArray[np.float64]:
    """Compute the features of one matrix of probabilities, in the order of FEATURES, without MCC.

    Parameters
    ----------
    p
        Shape (levels, levels), sums to one.
    levels
        Grey level of each row and column.
    highest
        The number of grey levels, empty ones included: the normaliser of Idmn and Idn.
    """
    n = len(levels)
    p_sum, p_difference = np.zeros(2 * highest + 1), np.zeros(highest)
    energy = entropy = most = product = 0.0
    for i in range(n):
        for j in range(n):
            q = p[i, j]
            if q > 0:
                p_sum[int(levels[i] + levels[j])] += q
                p_difference[int(abs(levels[i] - levels[j]))] += q
                energy += q * q
                entropy -= q * log2(q)
                most = max(most, q)
                product += q * levels[i] * levels[j]
    mean_i, variance_i, entropy_i, occurring_i = _margin(p.sum(axis=1), levels)
    mean_j, variance_j, entropy_j, occurring_j = _margin(p.sum(axis=0), levels)
    covariance = 0.0
    for i in range(n):
        for j in range(n):
            covariance += p[i, j] * (levels[i] - mean_i) * (levels[j] - mean_j)
    # a margin of one level has no variance, whatever rounding makes of it
    varied = occurring_i > 1 and occurring_j > 1
    correlation = covariance / (sqrt(variance_i) * sqrt(variance_j)) if varied else 1.0

    # The entropy of the product of the margins is the sum of theirs, so both of the information
    # measures follow from three entropies; rounding must not push the root below zero.
    shared = entropy_i + entropy_j - entropy
    greater = max(entropy_i, entropy_j)
    sums = _sum_values(p_sum, mean_i + mean_j)
    differences = _difference_values(p_difference)
    return np.array(
        [
            product,
            sums[0],
            sums[1],
            sums[2],
            differences[0],
            correlation,
            differences[1],
            differences[2],
            differences[3],
            differences[4],
            differences[5],
            differences[6],
            differences[7],
            -shared / greater if greater > 0 else 0.0,
            sqrt(max(0.0, 1 - exp(-2 * shared))),
            differences[8],
            mean_i,
            energy,
            entropy,
            most,
            sums[3],
            sums[4],
            variance_i,
        ]
    )


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
def _sum_values(p: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    """Return ClusterProminence, ClusterShade, ClusterTendency, SumAverage and SumEntropy."""
    tendency = shade = prominence = average = entropy = 0.0
    for k in range(len(p)):
        if p[k] > 0:
            centred = k - mean
            tendency += p[k] * centred**2
            shade += p[k] * centred**3
            prominence += p[k] * centred**4
            average += p[k] * k
            entropy -= p[k] * log2(p[k])
    return np.array([prominence, shade, tendency, average, entropy])


@kernel
def _difference_values(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Contrast, DifferenceAverage, -Entropy, -Variance, Id, Idm, Idmn, Idn and InverseVariance."""
    highest = len(p)
    contrast = average = entropy = variance = 0.0
    inverse = inverse_moment = inverse_moment_normed = inverse_normed = inverse_variance = 0.0
    for k in range(highest):
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
    for k in range(highest):
        variance += p[k] * (k - average) ** 2
    return np.array(
        [
            contrast,
            average,
            entropy,
            variance,
            inverse,
            inverse_moment,
            inverse_moment_normed,
            inverse_normed,
            inverse_variance,
        ]
    )
