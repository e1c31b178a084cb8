"""Histogram of oriented gradients of a lesion's box, brought to one size."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from radiomics_screen.features.picture.plane import plane_of, spans_slices
from radiomics_screen.features.picture.window import (
    IMAGE,
    MOST_MARGIN,
    REACH_LENGTHS,
    known_around,
    margin_of,
    standardised,
)
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of

#: The box is divided into cells, three by three, named by their place.
ROWS, COLUMNS = ("Top", "Middle", "Bottom"), ("Left", "Centre", "Right")

#: Middles of the bins of orientation, degrees.
ORIENTATIONS = tuple(range(10, 180, 20))

FEATURES = tuple(f"{row}{column}{o:03d}" for row in ROWS for column in COLUMNS for o in ORIENTATIONS)

Norm = Literal["L1", "L1-sqrt", "L2", "L2-Hys"]
CellPixels = Annotated[int, Field(ge=4, le=64)]
Margin = Annotated[float, Field(ge=0, le=MOST_MARGIN)]


@family(
    "hog",
    FEATURES,
    unfit=spans_slices,
    of_original=True,
    conventions=IMAGE,
    graded=False,
    reach_lengths=REACH_LENGTHS,
    block="pixels",
)
def hog(
    region: Region, *, hog_cell_pixels: CellPixels = 16, hog_norm: Norm = "L2-Hys", hog_margin: Margin = 0.0
) -> dict[str, float]:
    """Describe where in a lesion's box intensities change, and how oriented: 9 cells by 9 orientations.

    The box of the mask as drawn, all of its pixels, is brought to 3 by 3 cells (bilinear, smoothed before
    where it becomes smaller), which stretches it to a square; so values change neither with gain, offset nor
    pixel spacing. Gradients are central differences, and 0 along the outermost rows and columns. An
    orientation is the direction in which intensities change, without its sign: 0 is along a row, 90 along a
    column, counted clockwise on the screen. Each pixel votes with the length of its gradient for the bin
    of 20 degrees that its orientation lies in; all cells are normalised together. 0 everywhere where
    nothing in the box varies; never NaN. Computed once, before filtering: a filtered image is mostly a map
    of gradients already, and would bring 81 columns for each filter.

    Parameters
    ----------
    hog_cell_pixels
        Height and width of a cell, in pixels of the box as brought to its size.
    hog_norm
        How the 81 values are normalised together: by their sum (L1), the root of that (L1-sqrt), their
        Euclidean length (L2), or that with values cut off at 0.2 and normalised again (L2-Hys).
    hog_margin
        How much wider than the lesion's box is looked at on each side, in parts of its height and width.

    Source: Dalal and Triggs, Histograms of oriented gradients for human detection, CVPR (2005) 886, without
    interpolation between bins, as scikit-image computes it.
    """
    from skimage.feature import hog as histogram_of_gradients
    from skimage.transform import resize

    plane = plane_of(region)
    window = known_around(plane, margin_of(plane, hog_margin))
    side = hog_cell_pixels * len(ROWS)
    picture = resize(standardised(window), (side, side), order=1, mode="edge", anti_aliasing=True)
    values = histogram_of_gradients(
        picture,
        orientations=len(ORIENTATIONS),
        pixels_per_cell=(hog_cell_pixels, hog_cell_pixels),
        cells_per_block=(len(ROWS), len(COLUMNS)),
        block_norm=hog_norm,
    )
    return values_of(FEATURES, values)
