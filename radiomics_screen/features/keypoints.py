"""Keypoints of a lesion: how many there are, how strong, of what scale and direction, and where."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isnan, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.options import Positive
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.picture import blobs
from radiomics_screen.features.picture.plane import Mask, Plane, depths, plane_of, spans_slices
from radiomics_screen.features.picture.window import IMAGE, REACH_LENGTHS, known_around
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of

OF_ORB = (
    *("OrbDensity", "OrbResponseMean", "OrbResponseSD", "OrbScaleMean", "OrbScaleEntropy"),
    *("OrbDirectionConcentration", "OrbAxisConcentration", "OrbSpread", "OrbOffset", "OrbInnerFraction"),
)
FEATURES = (*OF_ORB, *blobs.FEATURES)

#: The box of the lesion becomes as large as a square of so many pixels' side, with a margin.
SIDE, MARGIN = 48, 24

#: Each octave is by so much smaller than the one before.
DOWNSCALE, OCTAVES = 1.2, 3

#: So many neighbouring pixels on the circle of 16 differ from a keypoint's, as by ORB.
FAST_PIXELS = 9

#: Of the Harris response, as by ORB.
HARRIS_K = 0.04

#: Pixels beyond the region that are looked at in an octave: half the patch that has a direction, and two.
NEAR = 17


@dataclass(frozen=True, eq=False)
class Picture:
    """The lesion's box with a margin, brought to one size with square pixels.

    Attributes
    ----------
    values
        Intensities less the mean of the region, divided by its standard deviation.
    mask
        Pixels half covered by the region or more, or most where none is.
    inner
        The half of them that is deepest in the mask as drawn.
    """

    values: FloatArray
    mask: Mask
    inner: Mask


@family(
    "keypoints",
    FEATURES,
    unfit=spans_slices,
    of_original=True,
    conventions=IMAGE,
    graded=False,
    reach_lengths=REACH_LENGTHS,
    block="pixels",
)
def keypoints(
    region: Region, *, fast_threshold: Positive = 1.0, blob_threshold: Positive = 0.25
) -> dict[str, float]:
    """Describe ORB keypoints and blobs of a lesion: number, strength, scale, direction and place.

    Before, the lesion's box is brought to the area of 48 by 48 square pixels (bilinear, smoothed before where
    it becomes smaller), its intensities to mean 0 and standard deviation 1 of the region: so values change
    neither with gain nor offset, nor, but for what is lost in finer detail, with pixel spacing, and by whole
    right angles hardly with rotation. Keypoints and blobs in the region count; what is round it is looked at
    as far as the image goes, beyond which its outermost pixels are repeated.

    NaN, with a note: whatever is said of keypoints or of blobs, other than how many there are, where there
    are none. Computed once, before filtering: both are sought over several scales already.

    Parameters
    ----------
    fast_threshold
        How much brighter or darker than the middle 9 neighbouring pixels on a circle of 16 must be at a
        keypoint, in standard deviations of the region.
    blob_threshold
        Least strength of a blob, in standard deviations of the region.

    Source: Rublee, Rabaud, Konolige and Bradski, ORB, ICCV (2011) 2564, as scikit-image finds it; for blobs
    see :func:`~radiomics_screen.features.picture.blobs.blob_values`. The summary
    statistics are our own choice.
    """
    picture = picture_of(plane_of(region))
    blob_values = blobs.blob_values(picture.values, picture.mask, picture.inner, blob_threshold)
    found = values_of(FEATURES, (*_orb_values(picture, fast_threshold), *blob_values))
    if any(map(isnan, found.values())):
        lacking = {
            "keypoints": "OrbDensity",
            "bright blobs": "BrightBlobDensity",
            "dark blobs": "DarkBlobDensity",
        }
        add_remark(
            f"keypoints: there are no {' and no '.join(k for k, name in lacking.items() if not found[name])}"
        )
    return found


def picture_of(plane: Plane) -> Picture:
    """Bring a lesion to the size at which keypoints are sought."""
    from skimage.transform import resize

    sides_mm = [n * mm for n, mm in zip(plane.boxed.shape, plane.spacing_mm, strict=True)]
    scales = [SIDE * mm / sqrt(sides_mm[0] * sides_mm[1]) for mm in plane.spacing_mm]
    margin = ceil(MARGIN / scales[0]), ceil(MARGIN / scales[1])
    image = known_around(plane, margin)
    mean, deviation = float(plane.values.mean()), float(plane.values.std())
    if deviation <= 1e-12 * float(np.abs(plane.values).max()):
        image, deviation = np.full_like(image, mean), 1.0
    shape = [max(1, round(n * scale)) for n, scale in zip(image.shape, scales, strict=True)]
    values = resize((image - mean) / deviation, shape, order=1, mode="edge", anti_aliasing=True)
    drawn = _half_covered(np.pad(plane.boxed, [(n, n) for n in margin]), shape)
    whole = bool((plane.boxed == plane.kept).all())
    mask = drawn if whole else _half_covered(np.pad(plane.kept, [(n, n) for n in margin]), shape)
    depth = depths(drawn, (1.0, 1.0))
    return Picture(values, mask, mask & (depth > np.median(depth[mask])))


def _half_covered(mask: Mask, shape: list[int]) -> Mask:
    """Bring a mask to another shape: pixels half covered by it or more; where none is, those covered most."""
    from skimage.transform import resize

    covered = resize(mask.astype(float), shape, order=1, mode="edge", anti_aliasing=True)
    return np.asarray(covered >= min(0.5, covered.max()) - 1e-9)


def _orb_values(picture: Picture, threshold: float) -> tuple[float, ...]:
    """Describe the ORB keypoints in the region."""
    at, octaves, angles, responses = orb_keypoints(picture, threshold)
    area = np.count_nonzero(picture.mask)
    if not len(at):
        return 0.0, *([nan] * (len(OF_ORB) - 1))
    strengths = np.sign(responses) * np.abs(responses) ** 0.25
    parts = np.unique(octaves, return_counts=True)[1] / len(octaves)
    places = np.argwhere(picture.mask)
    extent = _spread(places) or 1.0
    return (
        1000 * len(at) / area,
        float(strengths.mean()),
        float(strengths.std()),
        float(octaves.mean()),
        float(-(parts * np.log2(parts)).sum()) + 0.0,
        float(np.abs(np.exp(1j * angles).mean())),
        float(np.abs(np.exp(2j * angles).mean())),
        _spread(at) / extent,
        float(np.hypot(*(at.mean(axis=0) - places.mean(axis=0)))) / extent,
        float(picture.inner[_pixels_at(at)].mean()),
    )


def orb_keypoints(
    picture: Picture, threshold: float
) -> tuple[FloatArray, NDArray[np.int64], FloatArray, FloatArray]:
    """Find the ORB keypoints in the region: (row, column), octave, angle in radians, Harris response.

    They are those of ``skimage.feature.ORB``, which looks for them in the margin as well, and takes the first
    pixels of all octaves for one place, where here it is their first corners.
    """
    from skimage.feature import corner_fast, corner_harris, corner_orientations, peak_local_max
    from skimage.feature.orb import OFAST_MASK
    from skimage.transform import pyramid_gaussian

    found = []
    rows, columns = (np.flatnonzero(picture.mask.any(axis=axis)) for axis in (1, 0))
    pyramid = pyramid_gaussian(picture.values, OCTAVES - 1, DOWNSCALE, channel_axis=None)
    for octave, image in enumerate(pyramid):
        step = np.array(picture.mask.shape) / image.shape
        (top, bottom), (left, right) = (
            (max(0, int(side[0] / by) - NEAR), int(side[-1] / by) + NEAR + 1)
            for side, by in zip((rows, columns), step, strict=True)
        )
        near = np.ascontiguousarray(image[top:bottom, left:right])
        at = peak_local_max(corner_fast(near, FAST_PIXELS, threshold), min_distance=1)
        places = (at + (top, left) + 0.5) * step - 0.5
        own = picture.mask[_pixels_at(places)]
        at, places = at[own], places[own]
        angles = corner_orientations(near, at, OFAST_MASK) if len(at) else np.empty(0)
        found.append(
            (places, np.full(len(at), octave), angles, corner_harris(near, k=HARRIS_K)[at[:, 0], at[:, 1]])
        )
    places, octaves, angles, responses = (np.concatenate(of_all) for of_all in zip(*found, strict=True))
    return places, octaves, angles, responses


def _pixels_at(places: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and columns of the pixels that places lie in."""
    rows, columns = np.floor(places.T + 0.5).astype(np.int64)
    return rows, columns


def _spread(places: NDArray[Any]) -> float:
    """Return the root of the mean squared distance of places from their middle."""
    return float(np.sqrt(places.var(axis=0).sum()))
