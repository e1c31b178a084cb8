"""What both image types of Riesz transforms share: the order and its checks."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.options import NonNegativeInt
from radiomics_screen.filters.numerics.boundary import Frame
from radiomics_screen.filters.numerics.fourier import Factors, riesz_factors

#: Factorials and powers of higher orders are no numbers any more; 5 and above are hardly ever used.
MOST_ORDER = 20


def _of_some_order(order: tuple[int, ...]) -> tuple[int, ...]:
    if len(order) != 3 or sum(order) == 0:
        raise ValueError("expected three orders, along x, y and z, of which one at least is above 0")
    if sum(order) > MOST_ORDER:
        raise ValueError(f"expected orders with a sum of at most {MOST_ORDER}")
    return order


Order = Annotated[tuple[NonNegativeInt, ...], AfterValidator(_of_some_order)]


def riesz_of(setup: Frame, order: Order) -> tuple[str, Factors]:
    """Return the beginning of the images' names and the factors.

    Raises
    ------
    RegionError
        The order asks for an axis that is not filtered along.
    """
    by_axis = order[::-1]
    if setup.flat is not None and by_axis[setup.flat]:
        raise RegionError(
            f"{setup.image_type}: riesz_order {list(order)} (x, y, z) is above 0 along {'zyx'[setup.flat]}, "
            "and the image is filtered in slices across it; set it to 0 there"
        )
    axes = sorted(setup.axes)
    spacing_mm = [setup.volume.spacing_mm[axis] for axis in axes]
    factors = riesz_factors([by_axis[axis] for axis in axes], spacing_mm)
    return f"riesz-{'-'.join(str(o) for o in order)}", factors
