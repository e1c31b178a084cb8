"""Array types that many rooms speak of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: 64-bit floating-point numbers.
FloatArray = NDArray[np.float64]
#: Positions of rows, or other whole numbers that index.
IndexArray = NDArray[np.intp]
#: One truth value an element.
BoolArray = NDArray[np.bool_]
