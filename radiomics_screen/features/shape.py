"""Size and form of a lesion in three dimensions."""

from __future__ import annotations

from math import nan, pi, prod

from radiomics_screen.core.conventions import PYRADIOMICS
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.geometry.extent import axis_lengths_mm, diameters_mm
from radiomics_screen.features.geometry.mesh import surface_of
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of

FEATURES = (
    "Elongation",
    "Flatness",
    "LeastAxisLength",
    "MajorAxisLength",
    "Maximum2DDiameterColumn",
    "Maximum2DDiameterRow",
    "Maximum2DDiameterSlice",
    "Maximum3DDiameter",
    "MeshVolume",
    "MinorAxisLength",
    "Sphericity",
    "SurfaceArea",
    "SurfaceVolumeRatio",
    "VoxelVolume",
)
ON_REQUEST = ("Compactness1", "Compactness2", "SphericalDisproportion")


def _unfit(region: Region) -> str:
    return "the image is 2-D; ask for shape2D" if region.planar else ""


@family(
    "shape",
    FEATURES,
    on_request=ON_REQUEST,
    of_mask=True,
    unfit=_unfit,
    graded=False,
    conventions=PYRADIOMICS,
)
def shape(region: Region) -> dict[str, float]:
    """Measure the mask: surface and volume of its mesh, diameters, principal axes (mm).

    SurfaceVolumeRatio is NaN, with a note, where the mesh encloses no volume: it does for some regions
    of few voxels that touch at edges. The mask before resegmentation is measured unless resegmentShape
    says otherwise.

    Source: IBSI family HCUG under pyradiomics' names; axes from the covariance over 1/N.
    """
    area, volume = surface_of(region.mask, region.spacing_mm)
    diameter, (in_slice, in_column, in_row) = diameters_mm(region.mask, region.spacing_mm)
    major, minor, least = axis_lengths_mm(region.footprint, region.spacing_mm)
    voxels_mm3 = len(region.footprint.voxels) * prod(region.spacing_mm)
    if abs(volume) < 1e-9 * voxels_mm3:  # the mesh of few voxels that touch at edges may enclose nothing
        volume = 0.0
        add_remark("shape: the mesh encloses no volume; SurfaceVolumeRatio is undefined")
    sphericity = (36 * pi * volume**2) ** (1 / 3) / area
    return values_of(
        FEATURES + ON_REQUEST,
        (
            minor / major,
            least / major,
            least,
            major,
            in_column,
            in_row,
            in_slice,
            diameter,
            volume,
            minor,
            sphericity,
            area,
            area / volume if volume else nan,
            voxels_mm3,
            volume / (pi**0.5 * area**1.5),
            36 * pi * volume**2 / area**3,
            1 / sphericity if volume else nan,
        ),
    )
