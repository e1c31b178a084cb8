"""Pictures are read upright, as viewers show them: the orientation tag of TIFF and Exif is applied.

Source: TIFF 6.0 (Adobe, 1992), tag 274; Exif 2.32 has the same values.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.loaded_image import Applied, LoadedImage

#: Name of the step among those that were applied to an image.
TURNED = "turned upright"

#: What is done to the stored picture, in words.
_WORDS = {
    2: "mirrored left to right",
    3: "turned by 180 degrees",
    4: "mirrored top to bottom",
    5: "mirrored along the main diagonal",
    6: "turned by 90 degrees clockwise",
    7: "mirrored along the other diagonal",
    8: "turned by 90 degrees counter-clockwise",
}


def upright(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return a picture of shape (y, x) or (y, x, colour) as it is shown.

    Parameters
    ----------
    array
        The picture as stored.
    orientation
        1 to 8, as the tag states it; any other number is taken as 1, as viewers do.
    """
    if orientation in (5, 6, 7, 8):
        array = np.swapaxes(array, 0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def swaps_axes(orientation: int) -> bool:
    """Tell whether rows become columns, and so the spacing of x that of y."""
    return orientation in (5, 6, 7, 8)


def turning(orientation: int) -> tuple[Applied, ...]:
    """Return the step that was applied; nothing for a picture that is stored upright."""
    if orientation not in _WORDS:
        return ()
    details: dict[str, str | float] = {"orientation": float(orientation), "how": _WORDS[orientation]}
    return (Applied(TURNED, MappingProxyType(details)),)


def remark_on_turning(what: str, applied: tuple[Applied, ...], image: LoadedImage | None = None) -> None:
    """Tell that an image or a mask was brought upright, and where only one of the two was.

    Parameters
    ----------
    what
        "image" or "mask".
    applied
        Steps that were applied to it.
    image
        The image that a mask belongs to.
    """
    turned = [step.details["how"] for step in applied if step.what == TURNED]
    for how in turned:
        add_remark(f"the {what} was {how}, as its orientation tag says: it is read as viewers show it")
    if image is None:
        return
    if any(step.what == TURNED for step in image.applied) != bool(turned):
        one, other = ("mask", "image") if turned else ("image", "mask")
        add_remark(
            f"the {one} was brought upright by its orientation tag and the {other} has none: check that the "
            "mask was drawn on the picture as viewers show it"
        )
