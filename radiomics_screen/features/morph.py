"""Morphology as the IBSI defines it: form of the mask as drawn, and how intensities lie in it."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan, nan, pi, prod, sqrt

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.geometry.autocorrelation import moran_geary
from radiomics_screen.features.geometry.ellipsoid import ellipsoid_area, smallest_ellipsoid
from radiomics_screen.features.geometry.extent import (
    axis_lengths_mm,
    largest_squared_distance,
    outermost_vertices,
)
from radiomics_screen.features.geometry.hull import convex_hull, smallest_box
from radiomics_screen.features.geometry.mesh import surface_of
from radiomics_screen.features.mask import bounding_box
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of
from radiomics_screen.features.texture.lattice import Footprint

Spacing = tuple[float, float, float]

#: What is smaller than this part of what it is made of is zero, but for rounding.
ROUNDING = 1e-9

SURFACE = (
    *("volume", "vol_approx", "area_mesh", "av", "comp_1", "comp_2"),
    *("sph_dispr", "sphericity", "asphericity"),
)
AXES = ("pca_maj_axis", "pca_min_axis", "pca_least_axis", "pca_elongation", "pca_flatness")
DENSITIES = (
    *("vol_dens_aabb", "area_dens_aabb", "vol_dens_ombb", "area_dens_ombb", "vol_dens_aee", "area_dens_aee"),
    *("vol_dens_mvee", "area_dens_mvee", "vol_dens_conv_hull", "area_dens_conv_hull"),
)
FEATURES = (*SURFACE, "com", "diam", *AXES, *DENSITIES, "integ_int", "moran_i", "geary_c")


def _unfit(region: Region) -> str:
    return "the image is 2-D; ask for shape2D" if region.planar else ""


@family("morph", FEATURES, unfit=_unfit, of_original=True, conventions="ibsi", graded=False)
def morph(region: Region) -> dict[str, float]:
    """Measure form, and how intensities lie in it (mm).

    Form is that of the mask as drawn. Centre of mass, integrated intensity, Moran's I and Geary's C take
    the voxels that resegmentation left, and the intensities before filtering.

    The mesh is closed, unlike pyradiomics' where voxels touch at edges only: it does not depend on how the
    mask is turned.

    NaN, with a note: principal axes of a single voxel; densities of an ellipsoid with an axis of length 0
    (masks one voxel thick); com where intensities add up to zero; moran_i and geary_c where they are all
    equal.

    Source: IBSI family HCUG; principal axes from the covariance over N - 1; areas of ellipsoids by the
    formula of the IBSI, see :func:`~radiomics_screen.features.geometry.ellipsoid.ellipsoid_area`. It has no
    reference values for the densities of the smallest oriented box, which is found by a search (see
    :func:`~radiomics_screen.features.geometry.hull.smallest_box`), and of the smallest ellipsoid,
    whose volume is exact to 1e-7 of it.
    """
    form = _form(region.morphological, region.spacing_mm)
    for remark in _remarks(form):
        add_remark(f"morph: {remark}")
    moran, geary = moran_geary(region.values, region.mask[bounding_box(region.mask)], region.spacing_mm)
    if isnan(moran):
        add_remark("morph: all intensities are equal; moran_i and geary_c are undefined")
    values = form | {
        "com": _centre_of_mass_shift(region),
        "integ_int": form["volume"] * region.values.mean(),
        "moran_i": moran,
        "geary_c": geary,
    }
    return values_of(FEATURES, [values[name] for name in FEATURES])


def _centre_of_mass_shift(region: Region) -> float:
    """Return how far (mm) the mean place, weighted with the intensities, lies from that of the mask."""
    weights, footprint = region.values, region.footprint
    total = weights.sum()
    if abs(total) <= ROUNDING * np.abs(weights).sum():
        add_remark("morph: the intensities add up to zero; com is undefined")
        return nan
    offsets = _places(footprint) - _places(region.morphological).mean(axis=1, keepdims=True)
    shift = offsets @ weights / total
    return float(np.linalg.norm(shift * region.spacing_mm))


def _places(footprint: Footprint) -> NDArray[np.float64]:
    """Return the places (z, y, x) of the voxels in the box, shape (3, n)."""
    return np.array(np.unravel_index(footprint.voxels, footprint.mask.shape), dtype=np.float64)


def _form(footprint: Footprint, spacing_mm: Spacing) -> dict[str, float]:
    """Measure what depends on the mask alone."""
    surface = _surface(footprint, spacing_mm)
    axes = _axes(footprint, spacing_mm)
    vertices, _ = outermost_vertices(footprint.mask, spacing_mm)  # in half voxels
    z, y, x = (s / 2 for s in spacing_mm)
    form = surface | axes | {"diam": sqrt(largest_squared_distance(vertices * np.array((z, y, x))))}
    solids = _enclosing(vertices, (z, y, x)) | {"aee": _of_ellipsoid(*(axes[a] / 2 for a in AXES[:3]))}
    for name, (volume, area) in solids.items():
        form[f"vol_dens_{name}"] = surface["volume"] / volume if volume else nan
        form[f"area_dens_{name}"] = surface["area_mesh"] / area if area else nan
    return form


def _surface(footprint: Footprint, spacing_mm: Spacing) -> dict[str, float]:
    """Measure the mesh, which is closed and so encloses something."""
    voxels_mm3 = len(footprint.voxels) * prod(spacing_mm)
    area, volume = surface_of(footprint.mask, spacing_mm, closed=True)
    comp_1 = volume / (sqrt(pi) * area**1.5)
    comp_2 = 36 * pi * volume**2 / area**3
    sphericity = comp_2 ** (1 / 3)
    disproportion = 1 / sphericity
    values = volume, voxels_mm3, area, area / volume, comp_1, comp_2, disproportion, sphericity
    return values_of(SURFACE, (*values, disproportion - 1))


def _axes(footprint: Footprint, spacing_mm: Spacing) -> dict[str, float]:
    """Measure the principal axes."""
    n = len(footprint.voxels)
    if n == 1:
        return dict.fromkeys(AXES, nan)
    major, minor, least = axis_lengths_mm(footprint, spacing_mm) * sqrt(n / (n - 1))
    return values_of(AXES, (major, minor, least, minor / major, least / major))


def _enclosing(vertices: NDArray[np.int64], spacing_mm: Spacing) -> dict[str, tuple[float, float]]:
    """Return volume (mm3) and area (mm2) of the smallest solids round points on a grid, by kind."""
    hull = convex_hull(vertices, spacing_mm)
    return {
        "aabb": _of_box(*hull.widths(np.eye(3))),
        "ombb": _of_box(*smallest_box(hull)),
        "mvee": _of_ellipsoid(*smallest_ellipsoid(hull.corners)),
        "conv_hull": (hull.volume_mm3, hull.area_mm2),
    }


def _of_box(a: float, b: float, c: float) -> tuple[float, float]:
    return a * b * c, 2 * (a * b + b * c + a * c)


def _of_ellipsoid(a: float, b: float, c: float) -> tuple[float, float]:
    return 4 / 3 * pi * a * b * c, ellipsoid_area(a, b, c)


def _remarks(form: dict[str, float]) -> Iterator[str]:
    """Tell why features of the form have no value."""
    if isnan(form["pca_maj_axis"]):
        yield (
            "a single voxel has no principal axes; their lengths and ratios, vol_dens_aee and area_dens_aee "
            "are undefined"
        )
    elif isnan(form["area_dens_aee"]):
        yield (
            "the voxels lie in a line, along which an ellipsoid has no surface; vol_dens_aee and "
            "area_dens_aee are undefined"
        )
    elif isnan(form["vol_dens_aee"]):
        yield "the voxels lie in a plane, where an ellipsoid has no volume; vol_dens_aee is undefined"
