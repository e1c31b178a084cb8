"""What a breast radiologist names of a mass on ultrasound (BI-RADS), as numbers of one slice.

One file for each thing that is named: :mod:`outline` (orientation and shape), :mod:`margin`,
:mod:`echo`, :mod:`posterior`, :mod:`spots`. Lengths are relative to the size of the lesion, so that a value
means the same at every depth setting and pixel spacing.
"""

from __future__ import annotations

from math import isnan, pi, prod
from typing import Annotated

import numpy as np
from pydantic import Field

from radiomics_screen.core.options import Positive
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.breast import echo, margin, outline, posterior, spots
from radiomics_screen.features.breast.contour import Contour, contour_of
from radiomics_screen.features.breast.straightened import straighten
from radiomics_screen.features.picture.plane import Plane, plane_of, spans_slices
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of

#: Whose words these are: computed where a parameter file names the family, never by default.
BI_RADS = "bi-rads"

FEATURES = outline.FEATURES + margin.FEATURES + echo.FEATURES + posterior.FEATURES + spots.FEATURES

Diameters = Annotated[tuple[Positive, ...], Field(min_length=2, max_length=2)]


@family(
    "breast",
    FEATURES,
    unfit=spans_slices,
    of_original=True,
    conventions=BI_RADS,
    graded=False,
    reach_lengths=1.0,
    block="breast",
)
def breast(region: Region, *, spot_diameters: Diameters | None = None) -> dict[str, float]:
    """Describe a mass as BI-RADS does: orientation, shape, margin, echo, posterior features, bright spots.

    Depth runs along the first axis of the slice (y of an image), downwards. Outline and size are those of
    the mask as drawn; intensities are those before filtering, in the region and round it, as far as the
    image goes. Values change neither with the gain (a factor on all intensities) nor with the pixel spacing.

    NaN, with a note: posterior features where there is no image below the lesion or on neither side of it;
    EchoRatioAbove where there is none above; margin, halo, spiculation and echo against the surroundings
    where the lesion fills the image; ratios to what is 0 everywhere; contrasts between parts of a lesion of
    a pixel or two. A mask of several parts gets a note.

    Parameters
    ----------
    spot_diameters
        Smallest and largest diameter in mm of a bright spot that counts, in pixels where nothing says how
        large these are; null: 1/20 and 1/4 of the radius of a disc as large as the lesion.

    Source: ACR BI-RADS Atlas, 5th ed. (2013), ultrasound, for what is described; for how, see the functions
    of each part.
    """
    plane = plane_of(region)
    contour = contour_of(plane.boxed, plane.spacing_mm, (plane.box[0], plane.box[2]))
    elliptic = contour.elliptic_squares_in(plane.box, plane.spacing_mm)
    band = straighten(plane, contour)
    values = (
        *outline.outline_values(plane, contour, elliptic),
        *margin.margin_values(band),
        *echo.echo_values(plane, contour, band, elliptic),
        *posterior.posterior_values(plane),
        *spots.spot_values(plane, contour.radius_mm, spot_diameters),
    )
    found = values_of(FEATURES, values)
    _tell_of_parts(plane, contour)
    if undefined := [name for name, value in found.items() if isnan(value)]:
        add_remark(f"breast: {', '.join(undefined)} undefined: {plane.hindrance}")
    return found


def _tell_of_parts(plane: Plane, contour: Contour) -> None:
    """Remark on a mask of several parts, which need a corner in common to be one."""
    enclosed = round(pi * contour.radius_mm**2 / prod(plane.spacing_mm))
    if enclosed == np.count_nonzero(plane.boxed):  # one part without holes
        return
    from scipy.ndimage import label  # takes a while to import

    marked, parts = label(plane.boxed, structure=np.ones((3, 3)))
    if parts > 1:
        sizes = np.bincount(marked.ravel())[1:]
        add_remark(
            f"breast: the mask has {parts} parts, the largest with {sizes.max()} of {sizes.sum()} pixels: "
            "the outline is that of the part that encloses most, intensities are of all; is it one lesion?"
        )
