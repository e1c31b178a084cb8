"""Distances and weights of directions, for the families that compare voxels along them."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.core.options import PositiveInt

Distances = Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
WeightingNorm = Literal["manhattan", "euclidean", "infinity", "no_weighting"]


def lengths_mm(
    directions: NDArray[np.int64], spacing_mm: tuple[float, float, float], norm: WeightingNorm
) -> NDArray[np.float64]:
    """Return the length in mm of each direction (z, y, x) under a norm; 1 for "no_weighting"."""
    steps = np.abs(directions) * np.array(spacing_mm)
    if norm == "infinity":
        return steps.max(axis=1)
    if norm == "euclidean":
        return np.sqrt((steps**2).sum(axis=1))
    if norm == "manhattan":
        return steps.sum(axis=1)
    return np.ones(len(directions))
