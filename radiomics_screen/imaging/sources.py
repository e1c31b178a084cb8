"""What may stand for an image or a mask: a file, a SimpleITK image, an array."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.pixels import grey, labels
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.imaging.volume import Volume, to_image

#: An image or a mask: a file, a folder with one DICOM series, a SimpleITK image, or an array of shape
#: (z, y, x) or (y, x).
Source = str | Path | sitk.Image | NDArray[Any]


def image_of(source: Source, spacing_mm: Sequence[float] | None) -> sitk.Image:
    if isinstance(source, sitk.Image | np.ndarray):
        return grey(_in_memory(source, spacing_mm))
    return read_image(as_path(source))


def mask_of(source: Source, spacing_mm: Sequence[float] | None, *, label_channel: int | None) -> sitk.Image:
    if isinstance(source, sitk.Image | np.ndarray):
        return labels(_in_memory(source, spacing_mm), label_channel=label_channel)
    return read_mask(as_path(source), label_channel=label_channel)


def as_path(source: object) -> Path:
    if not isinstance(source, str | os.PathLike):
        kind = type(source).__name__
        raise ReadError(f"an image or mask is a path, a SimpleITK image or a NumPy array, not {kind}")
    return Path(source)


def _in_memory(source: sitk.Image | NDArray[Any], spacing_mm: Sequence[float] | None) -> sitk.Image:
    if isinstance(source, sitk.Image):
        return source
    if source.ndim not in (2, 3) or 0 in source.shape:
        raise ReadError(f"an array must be (z, y, x) or (y, x) and not empty, not of shape {source.shape}")
    spacing = _spacing(spacing_mm, source)
    z, y, x = (1.0, *spacing)[-3:]
    array = _native(source).reshape((1, *source.shape)[-3:])
    return to_image(Volume(array, (z, y, x), planar=source.ndim == 2))


def _spacing(spacing_mm: Sequence[float] | None, array: NDArray[Any]) -> tuple[float, ...]:
    if spacing_mm is None:
        return (1.0,) * array.ndim
    try:
        spacing = tuple(float(s) for s in spacing_mm)
    except (TypeError, ValueError):
        spacing = ()
    if len(spacing) != array.ndim or not all(0 < s < float("inf") for s in spacing):
        raise ReadError(
            f"spacing_mm {spacing_mm} must have one finite length above 0 for each axis of {array.shape}"
        )
    return spacing


def _native(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array in a type that SimpleITK has: this machine's byte order, no bool, no half."""
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ReadError(f"an array must hold whole or decimal numbers of up to 64 bits, not {array.dtype}")
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    return array.astype(array.dtype.newbyteorder("="), copy=False)
