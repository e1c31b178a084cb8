"""Another observer's contour: the outline moved in and out at random, smoothly."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.options import Positive
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.roi import Roi, equivalent_radius_mm, region_in, spacing_of
from radiomics_screen.perturbation.distance import distance_to
from radiomics_screen.perturbation.registry import Altered, Part, alteration
from radiomics_screen.perturbation.voxels import Mask, around

#: So many standard deviations the contour moves at most, all but surely.
_FARTHEST = 5.0
#: So many correlation lengths apart, two places of the field have nothing to do with each other.
_APART = 3.0


@alteration("contour")
def contour(
    image: sitk.Image,
    roi: Roi,
    random: np.random.Generator,
    *,
    deviation: Part = 0.1,
    length: Positive = 0.5,
) -> Altered:
    """Move the region's outline in and out by a smooth random displacement; the image stays.

    Inside is where ``d + deviation r f <= 0``: d is the signed distance to the outline in mm, r the radius of
    the disc or ball of the region's size, and f a Gaussian random field of mean 0 and variance 1 whose
    correlation falls off as ``exp(-x² / (2 (length r)²))``. For a round lesion the expected Dice
    coefficient with the outline as drawn is about 1 - 0.8 deviation (a disc; 1 - 1.2 deviation for a
    ball). Parts that touch nothing of the region as drawn are left out.

    Parameters
    ----------
    deviation
        Standard deviation of the outline's displacement, as a part of the radius r.
    length
        Correlation length of the displacement, as a multiple of the radius r.

    Source: Lê, Unkelbach, Ayache and Delingette 2016, Med Image Anal 34:42 (segmentations sampled from a
    Gaussian process on the signed distance). Zwanenburg et al. 2019, Sci Rep 9:614, put a contour (C)
    together again from supervoxels instead; these follow the image's edges, but need a size in mm.
    """
    radius = equivalent_radius_mm(roi)
    spacing = spacing_of(roi.grid)
    reach = _FARTHEST * deviation * radius
    mask, box = around(roi, [ceil(reach / s) + 1 for s in spacing])
    if mask.all():
        add_remark("contour: the lesion fills the image; it was left as it is")
        return image, roi
    field = random_field(mask.shape, [length * radius / s for s in spacing], random)
    moved = signed_distance(mask, spacing) + deviation * radius * field <= 0
    region = region_in(_touching(moved, mask), box, roi.grid)
    if region is None:
        add_remark("contour: nothing would be left of so small a lesion; it was left as it is")
        return image, roi
    return image, region


def signed_distance(mask: Mask, spacing: Sequence[float]) -> NDArray[np.float64]:
    """Return the distance of each voxel to a mask's outline, below 0 inside.

    The outline is taken to lie half a voxel (along the axis of the least spacing) from the voxels next
    to it.
    """
    half = min(s for s, n in zip(spacing, mask.shape, strict=True) if n > 1) / 2
    signed: NDArray[np.float64] = np.where(
        mask, half - distance_to(~mask, spacing), distance_to(mask, spacing) - half
    )
    return signed


def random_field(
    shape: Sequence[int], length: Sequence[float], random: np.random.Generator
) -> NDArray[np.float64]:
    """Draw a Gaussian random field of mean 0 and variance 1 with a Gaussian correlation.

    Parameters
    ----------
    shape
        Of the field.
    length
        Distance along each axis, in voxels, at which the correlation is exp(-1/2).
    random
        What it is drawn with.
    """
    from scipy.fft import irfftn, next_fast_len, rfftn

    # the field repeats itself: opposite ends must not know each other
    padded = [
        next_fast_len(n + ceil(_APART * by), real=True) if n > 1 else 1
        for n, by in zip(shape, length, strict=True)
    ]
    spectrum = rfftn(random.standard_normal(padded))
    for axis, (n, by) in enumerate(zip(padded, length, strict=True)):
        frequency = np.fft.fftfreq(n)
        # white noise smoothed with a Gaussian of s has a correlation whose width is s times root 2
        transfer = np.exp(-2 * (np.pi * frequency * by / sqrt(2)) ** 2)
        transfer /= np.sqrt(np.mean(transfer**2))
        if axis == len(padded) - 1:
            transfer = transfer[: spectrum.shape[-1]]
        spectrum *= transfer.reshape([-1 if a == axis else 1 for a in range(len(padded))])
    field: NDArray[np.float64] = irfftn(spectrum, s=padded)[tuple(slice(n) for n in shape)]
    return field


def _touching(mask: Mask, drawn: Mask) -> Mask:
    """Leave out the parts of a mask that share no voxel with the one that was drawn."""
    from scipy.ndimage import label

    parts, count = label(mask, structure=np.ones((3, 3, 3)))
    if count <= 1:
        return mask & (mask & drawn).any()
    kept = np.zeros(count + 1, dtype=bool)
    kept[parts[drawn]] = True
    kept[0] = False
    return kept[parts]
