"""The coefficients of Deriche's recursive Gaussian, with ITK's rounding.

Source: R. Deriche, Recursively implementing the Gaussian and its derivatives, INRIA report 1893 (1993);
G. Farnebäck, C.-F. Westin, Improving Deriche-style recursive Gaussian filters, J. Math. Imaging Vis. 26
(2006) 293; ITK's RecursiveGaussianImageFilter.
"""

from __future__ import annotations

from functools import lru_cache
from math import cos, exp, sin

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.errors import RegionError

# Deriche's approximation: (a cos(w d) + b sin(w d)) exp(-l d), twice, for a distance of d sigmas.
_FREQUENCY = (0.6681, 2.0787)
_DECAY = (1.3932, 1.3732)
_GAUSSIAN = ((1.3530, 1.8151), (-0.3531, 0.0902))
_SECOND_DERIVATIVE = ((-1.3563, 5.2318), (0.3446, -2.2355))


@lru_cache(maxsize=256)
def line_coefficients(sigma_mm: float, spacing_mm: float) -> NDArray[np.float64]:
    """Return the coefficients for Gaussian and second derivative (scale-normalised) along one axis.

    Shape (2, 2, 6, 4): order; causal or anticausal; row 0 weighs four voxels, row 1 + i the four
    responses before, when i of them (4: all) are responses and the others the voxel at the border.
    """
    try:
        smooth, derivative = _normalised(sigma_mm / spacing_mm, sigma_mm * sigma_mm)
    except ZeroDivisionError:
        raise RegionError(
            f"LoG: a Gaussian with a sigma of {sigma_mm:g} mm has no second derivative in double precision "
            f"for voxels of {spacing_mm:g} mm; take another sigma"
        ) from None
    feedback = _feedback(sigma_mm / spacing_mm)
    return np.array([_both_directions(smooth, feedback), _both_directions(derivative, feedback)])


def _normalised(sigma: float, scale: float) -> tuple[list[float], list[float]]:
    """Weigh the voxels for a Gaussian of area 1, and for its second derivative times `scale`.

    The derivative is mixed with the Gaussian, so that it answers a constant with 0, and x^2 with 2.
    """
    d1, d2, d3, d4 = _feedback(sigma)
    sd = 1.0 + d1 + d2 + d3 + d4
    dd = d1 + 2 * d2 + 3 * d3 + 4 * d4
    ed = d1 + 4 * d2 + 9 * d3 + 16 * d4
    smooth, derivative = _forward(sigma, *_GAUSSIAN), _forward(sigma, *_SECOND_DERIVATIVE)
    (sn0, dn0, en0), (sn2, dn2, en2) = _moments(smooth), _moments(derivative)
    area = 2 * sn0 / sd - smooth[0]
    beta = -(2 * sn2 - sd * derivative[0]) / (2 * sn0 - sd * smooth[0])
    sn, dn, en = sn2 + beta * sn0, dn2 + beta * dn0, en2 + beta * en0
    curvature = en * sd * sd - ed * sn * sd - 2 * dn * dd * sd + 2 * dd * dd * sn
    curvature /= sd * sd * sd
    factor, mixed = scale / curvature, [n2 + beta * n0 for n2, n0 in zip(derivative, smooth, strict=True)]
    return [n * (1.0 / area) for n in smooth], [n * factor for n in mixed]


def _waves(sigma: float) -> list[tuple[float, float, float]]:
    """Return sine, cosine and decay over one voxel for each of Deriche's two waves."""
    return [
        (sin(w / sigma), cos(w / sigma), exp(-decay / sigma))
        for w, decay in zip(_FREQUENCY, _DECAY, strict=True)
    ]


def _feedback(sigma: float) -> list[float]:
    """Return the weights D1 ... D4 of the responses before."""
    (_, cos1, exp1), (_, cos2, exp2) = _waves(sigma)
    return [
        -2 * (exp2 * cos2 + exp1 * cos1),
        4 * cos2 * cos1 * exp1 * exp2 + (exp1 * exp1 + exp2 * exp2),
        -2 * cos1 * exp1 * exp2 * exp2 + -2 * cos2 * exp2 * exp1 * exp1,
        exp1 * exp1 * exp2 * exp2,
    ]


def _forward(sigma: float, wave1: tuple[float, float], wave2: tuple[float, float]) -> list[float]:
    """Return the weights N0 ... N3 of the voxels, for the amplitudes (a, b) of the two waves."""
    (sin1, cos1, exp1), (sin2, cos2, exp2) = _waves(sigma)
    (a1, b1), (a2, b2) = wave1, wave2
    middle = ((a1 + a2) * cos2 * cos1 - (b1 * cos2 * sin1 + b2 * cos1 * sin2)) * (2 * exp1 * exp2)
    return [
        a1 + a2,
        exp2 * (b2 * sin2 - (a2 + 2 * a1) * cos2) + exp1 * (b1 * sin1 - (a1 + 2 * a2) * cos1),
        middle + (a2 * exp1 * exp1 + a1 * exp2 * exp2),
        exp2 * exp1 * exp1 * (b2 * sin2 - a2 * cos2) + exp1 * exp2 * exp2 * (b1 * sin1 - a1 * cos1),
    ]


def _moments(n: list[float]) -> tuple[float, float, float]:
    return n[0] + n[1] + n[2] + n[3], n[1] + 2 * n[2] + 3 * n[3], n[1] + 4 * n[2] + 9 * n[3]


def _both_directions(causal: list[float], feedback: list[float]) -> list[list[list[float]]]:
    """Add the anticausal weights of a symmetric filter, and those for a border that goes on for ever."""
    d1, d2, d3, d4 = feedback
    n0, n1, n2, n3 = causal
    anticausal = [n1 - d1 * n0, n2 - d2 * n0, n3 - d3 * n0, -d4 * n0]
    sd = 1.0 + d1 + d2 + d3 + d4
    tables = []
    for forward in (causal, anticausal):
        steady = forward[0] + forward[1] + forward[2] + forward[3]
        border = [d * steady / sd for d in feedback]
        tables.append([forward, *(feedback[:known] + border[known:] for known in range(len(feedback) + 1))])
    return tables
