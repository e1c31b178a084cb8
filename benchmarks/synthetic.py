"""Images made for measuring, the same on every machine: smooth texture with noise, seeded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

SEED = 20240607


def texture(shape: tuple[int, ...], *, smoothness: float = 3.0, noise: float = 0.25) -> NDArray[np.float32]:
    """Make a texture of mean 0 and deviation about 1: smoothed white noise, and white noise on it.

    Parameters
    ----------
    shape
        (z, y, x) or (y, x).
    smoothness
        Deviation of the Gaussian that smooths, in voxels.
    noise
        Deviation of the noise on top, where that of the smooth part is 1.
    """
    random = np.random.default_rng(SEED)
    smooth = gaussian_filter(random.standard_normal(shape, dtype=np.float32), smoothness, mode="wrap")
    smooth /= smooth.std()
    smooth += noise * random.standard_normal(shape, dtype=np.float32)
    return smooth


def ball_mask(shape: tuple[int, ...], radius: float) -> NDArray[np.uint8]:
    """Mark the voxels within `radius` of the middle voxel of an array of any dimension."""
    squares = [(np.arange(n) - n // 2) ** 2 for n in shape]
    distance = sum(np.ix_(*squares), np.zeros((1,) * len(shape)))
    return (distance <= radius**2).astype(np.uint8)


def write_pair(
    folder: Path, name: str, image: NDArray[np.generic], mask: NDArray[np.uint8], spacing_mm: float = 1.0
) -> tuple[str, str]:
    """Write image and mask as NRRD; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for part, array in (("image", image), ("mask", mask)):
        volume = sitk.GetImageFromArray(array)
        volume.SetSpacing((spacing_mm,) * array.ndim)
        path = folder / f"{name}_{part}.nrrd"
        sitk.WriteImage(volume, str(path))
        paths.append(str(path))
    return paths[0], paths[1]


def ball(folder: Path) -> tuple[str, str]:
    """Write a ball of radius 60 voxels in 256³ voxels, to be measured with 64 levels."""
    shape = (256, 256, 256)
    image = np.round(1000 + 200 * texture(shape)).astype(np.int16)
    return write_pair(folder, "ball", image, ball_mask(shape, 60))


def mammogram(folder: Path) -> tuple[tuple[str, str], tuple[str, str]]:
    """Write a 12-bit image of 3000 x 2400 pixels of 0.07 mm with a round lesion 400 pixels wide.

    Returns the paths of image and mask, and those of the same as volumes of one slice.
    """
    shape = (3000, 2400)
    image = np.clip(np.round(2000 + 250 * texture(shape, smoothness=8)), 0, 4095).astype(np.int16)
    mask = ball_mask(shape, 200)
    return (
        write_pair(folder, "mammogram", image, mask, spacing_mm=0.07),
        write_pair(folder, "mammogram_slice", image[None], mask[None], spacing_mm=0.07),
    )
