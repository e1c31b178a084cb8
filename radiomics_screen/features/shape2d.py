"""Size and form of a lesion in one slice."""

from __future__ import annotations

from math import pi, sqrt

from radiomics_screen.core.conventions import PYRADIOMICS
from radiomics_screen.features.geometry.extent import axis_lengths_mm, diameters_mm
from radiomics_screen.features.geometry.mesh import outline_of
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of

FEATURES = (
    "Elongation",
    "MajorAxisLength",
    "MaximumDiameter",
    "MeshSurface",
    "MinorAxisLength",
    "Perimeter",
    "PerimeterSurfaceRatio",
    "PixelSurface",
    "Sphericity",
)
ON_REQUEST = ("SphericalDisproportion",)


def _unfit(region: Region) -> str:
    if region.flat_axis is None:
        return "the image is 3-D; set force2D: true, or ask for shape"
    slices = region.mask.shape[region.flat_axis]
    return f"the region spans {slices} slices across force2Ddimension; ask for shape" if slices > 1 else ""


@family(
    "shape2D",
    FEATURES,
    on_request=ON_REQUEST,
    of_mask=True,
    unfit=_unfit,
    graded=False,
    conventions=PYRADIOMICS,
)
def shape2d(region: Region) -> dict[str, float]:
    """Measure a mask of one slice: outline and area of its mesh, diameter, principal axes (mm).

    Source: pyradiomics' shape2D; the IBSI has no such family.
    """
    axis = region.flat_axis or 0
    mask = region.mask.squeeze(axis=axis)
    spacing = tuple(s for a, s in enumerate(region.spacing_mm) if a != axis)
    perimeter, surface = outline_of(mask, (spacing[0], spacing[1]))
    diameter, _ = diameters_mm(mask, spacing)
    major, minor, _ = axis_lengths_mm(region.footprint, region.spacing_mm)
    sphericity = 2 * sqrt(pi * surface) / perimeter
    return values_of(
        FEATURES + ON_REQUEST,
        (
            minor / major,
            major,
            diameter,
            surface,
            minor,
            perimeter,
            perimeter / surface,
            len(region.footprint.voxels) * spacing[0] * spacing[1],
            sphericity,
            1 / sphericity,
        ),
    )
