"""Pixel values: colour to grey, and what may stand for a mask."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.options import NonNegativeInt
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.loaded_image import Applied

# Weights of red, green and blue: Rec. ITU-R BT.601-7, as in DICOM's YBR_FULL (PS3.3 C.7.6.3.1.2).
LUMA = (0.299, 0.587, 0.114)

#: A mask's values this near to whole numbers are labels, which something has rounded on the way.
NEARLY_WHOLE = 1e-3

# Metadata key of an image whose file knows pixels only (PNG, JPEG ...) and no place in space.
PIXELS_ONLY = "radiomics_screen.pixels_only"

# Metadata key of an image whose file says that its last component is alpha: how opaque a pixel is.
ALPHA = "radiomics_screen.alpha"


def grey(image: sitk.Image, source: str = "image") -> sitk.Image:
    """Return a scalar image in the pixel type of `image`; colour becomes its luma, with a note.

    Grey stored as colour (equal components) keeps its values exactly. An alpha channel is left out, with a
    note where pixels are not opaque.

    Raises
    ------
    ReadError
        The voxels hold something other than one value or a colour.
    """
    return turned_grey(image, source)[0]


def turned_grey(image: sitk.Image, source: str) -> tuple[sitk.Image, tuple[Applied, ...]]:
    """Return what :func:`grey` does, and what was done: nothing, or one channel taken, or luma."""
    if "complex" in image.GetPixelIDTypeAsString():
        raise ReadError(f"{source}: holds complex numbers; write the magnitude image to a file")
    components = image.GetNumberOfComponentsPerPixel()
    if components == 1 and "vector" not in image.GetPixelIDTypeAsString():
        return image, ()
    values = sitk.GetArrayViewFromImage(image)
    if components > 4 or values.dtype.kind != "u":
        raise ReadError(
            f"{source}: holds {components} values a voxel and no colour; write one of them to a file"
        )
    if components == 4 or image.HasMetaDataKey(ALPHA):
        values = _without_alpha(values)
    first = values[..., 0]
    if all(np.array_equal(first, values[..., c]) for c in range(1, values.shape[-1])):
        reduced, method = np.array(first), "first channel"
        add_remark("colour image with equal channels: one of them was taken")
    elif values.shape[-1] != len(LUMA):
        raise ReadError(
            f"{source}: holds {components} values a voxel that differ and are no colour; write one of them "
            "to a file"
        )
    else:
        luma = sum(weight * values[..., c] for c, weight in enumerate(LUMA))
        reduced, method = np.rint(luma).astype(values.dtype), "luma BT.601"
        add_remark("colour image: turned to grey (luma 0.299 R + 0.587 G + 0.114 B)")
    return like(image, reduced), (Applied("grey", MappingProxyType({"method": method})),)


def _without_alpha(values: NDArray[Any]) -> NDArray[Any]:
    """Return the components but the last, which says how opaque a pixel is."""
    if (values[..., -1] != np.iinfo(values.dtype).max).any():
        add_remark("the image has transparent pixels: transparency was ignored, what is below it was taken")
    return values[..., :-1]


def labels(
    image: sitk.Image, source: str = "mask", *, label_channel: NonNegativeInt | None = None
) -> sitk.Image:
    """Return a mask as a scalar integer image; whole numbers stored as floats are accepted.

    So are values that are all near whole numbers, as resampling and compression leave them: they are rounded,
    with a note.

    Parameters
    ----------
    image
        Scalar or multi-component image.
    source
        Whose mask this is, for messages.
    label_channel
        Component of a mask with several values a voxel, from 0; null needs them all to be equal.

    Raises
    ------
    ReadError
        The components differ and none was chosen, or the values are not whole numbers.
    """
    if "complex" in image.GetPixelIDTypeAsString():
        raise ReadError(f"{source}: a mask of complex numbers; a mask holds whole numbers")
    if "vector" in image.GetPixelIDTypeAsString():
        image = _channel(image, source, label_channel)
    if "float" not in image.GetPixelIDTypeAsString():
        return image
    values = sitk.GetArrayViewFromImage(image)
    whole = np.rint(values)
    if not np.isfinite(values).all() or np.any(np.abs(values - whole) > NEARLY_WHOLE):
        raise ReadError(
            f"{source}: a mask holds whole numbers, but this one has values such as "
            f"{_first_fraction(values, NEARLY_WHOLE):g}; is it the image, or a "
            "probability map that needs a threshold?"
        )
    if np.abs(values, dtype=np.float64).max() >= 2.0**53:
        raise ReadError(f"{source}: the mask's values are too large for labels")
    if rounded := int(np.count_nonzero(values != whole)):
        add_remark(
            f"the mask holds {rounded} values that are nearly whole numbers, such as "
            f"{_first_fraction(values, 0):.7g}: they were rounded"
        )
    return like(image, whole.astype(np.int64))


def _channel(image: sitk.Image, source: str, chosen: int | None) -> sitk.Image:
    values = sitk.GetArrayViewFromImage(image)
    count = values.shape[-1]
    if chosen is not None:
        if chosen >= count:
            raise ReadError(f"{source}: label_channel is {chosen} but the mask has channels 0 to {count - 1}")
        return like(image, np.array(values[..., chosen]))
    # Of grey + alpha and of RGBA the last channel says how opaque a pixel is, not what it is.
    opaque = (
        count in (2, 4) and values.dtype.kind == "u" and (values[..., -1] == np.iinfo(values.dtype).max).all()
    )
    meant = count - 1 if opaque else count
    if any(not np.array_equal(values[..., 0], values[..., c]) for c in range(1, meant)):
        raise ReadError(
            f"{source}: the mask has {count} channels that differ; say which one by label_channel "
            f"(0 to {count - 1}), in the parameter file or in a column of the case list"
        )
    return like(image, np.array(values[..., 0]))


def _first_fraction(values: NDArray[Any], beyond: float) -> float:
    """Return the first value that lies farther from a whole number than allowed, or is not finite."""
    with np.errstate(invalid="ignore"):  # infinity less infinity
        return float(values[~(np.abs(values - np.rint(values)) <= beyond)].flat[0])


def like(image: sitk.Image, array: NDArray[Any]) -> sitk.Image:
    """Put `array`, (z, y, x) or (y, x), on the grid of `image`."""
    made = sitk.GetImageFromArray(array, isVector=False)
    made.CopyInformation(image)
    if image.HasMetaDataKey(PIXELS_ONLY):
        made.SetMetaData(PIXELS_ONLY, "1")
    return made
