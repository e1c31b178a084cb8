"""Array types that many rooms speak of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Beyond this size, two whole numbers may be one and the same 64-bit float.
LARGEST_WHOLE = 2**53

#: 64-bit floating-point numbers.
FloatArray = NDArray[np.float64]
#: Positions of rows, or other whole numbers that index.
IndexArray = NDArray[np.intp]
#: One truth value an element.
BoolArray = NDArray[np.bool_]


def count_not_finite(values: NDArray[Any]) -> int:
    """Count what is NaN or infinite in an array of any type."""
    return 0 if values.dtype.kind in "iub" else values.size - int(np.count_nonzero(np.isfinite(values)))


def count_inexact(values: NDArray[Any]) -> int:
    """Count the whole numbers in an array that are so large that 64-bit floats may not hold them."""
    if values.dtype.kind not in "iu" or values.dtype.itemsize < 8:
        return 0
    inexact = values > LARGEST_WHOLE
    if values.dtype.kind == "i":
        inexact |= values < -LARGEST_WHOLE
    return int(np.count_nonzero(inexact))
