"""The aggregations of the IBSI: how the matrices of slices and directions come together.

A texture matrix may be counted slice by slice (2D), over all slices with neighbours looked for within
them (2.5D), or in space (3D). Families that look along directions have one matrix for each; their
features are averaged (avg), or the matrices are summed first (comb).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import values_of
from radiomics_screen.features.texture.lattice import Lattice, half_neighbours, lay_out

Aggregation = Literal["2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb"]
Aggregations = Annotated[tuple[Aggregation, ...], Field(min_length=1)] | None

#: In the order of the columns.
WITHIN_SLICES: tuple[Aggregation, ...] = ("2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb")
IN_SPACE: tuple[Aggregation, ...] = ("3D_avg", "3D_comb")

#: Of some voxels (runs along x, as the lattice has them), whether neighbours are looked for within slices
#: only, and whether matrices of directions are wanted apart and summed: the features of those that are not
#: empty, the sum last, shape (matrices, features).
Describe = Callable[[NDArray[np.int64], bool, bool, bool], NDArray[np.float64]]


def aggregated(
    family: str,
    features: tuple[str, ...],
    region: Region,
    lattice: Lattice,
    aggregation: Aggregations,
    describe: Describe,
    *,
    directional: bool = False,
    undefined: str = "",
) -> dict[str, dict[str, float]]:
    """Describe a region in each aggregation asked for.

    Means are taken over the matrices that are not empty. Features without any are NaN, with a note.

    Parameters
    ----------
    region, lattice
        The region, and its grey levels with slices along the first axis (see `Region.by_slices`).
    aggregation
        As the user gave it; None means all within slices for a flat analysis, and all in space else.
    directional
        The family has matrices of directions, to be averaged or summed.
    undefined
        Why there may be no matrix, for the note.

    Returns
    -------
    ``{"_3D_avg": {feature: value}}``; without the last part where the family is not directional.
    """
    described, empty = {}, []
    names = _chosen(family, region, aggregation, directional)
    for dimension in dict.fromkeys(name.removesuffix("_avg").removesuffix("_comb") for name in names):
        parts = slices(lattice) if dimension == "2D" else [lattice.spans]
        kinds = [name for name in names if name.startswith(dimension)]
        merged = f"{dimension}_comb" in kinds
        apart = len(kinds) > merged
        rows = [describe(part, dimension != "3D", apart, merged) for part in parts]
        for name in kinds:
            found = np.concatenate([_of_kind(r, name.endswith("_comb"), merged) for r in rows])
            if not len(found):
                empty.append(name)
            means = found.mean(axis=0) if len(found) else np.full(len(features), np.nan)
            described[f"_{name}"] = values_of(features, means)
    if empty:
        add_remark(f"{family}: {undefined}; its features are undefined in {', '.join(empty)}")
    return described


def _of_kind(rows: NDArray[np.float64], summed: bool, last_is_sum: bool) -> NDArray[np.float64]:
    """Return the row of the sum, which is the last one if it is there, or those of the directions."""
    if summed:
        return rows[-1:]
    return rows[:-1] if last_is_sum else rows


def _chosen(family: str, region: Region, aggregation: Aggregations, directional: bool) -> list[str]:
    """Return the aggregations to compute, in the order of the columns."""
    wanted: Sequence[Aggregation]
    if aggregation is not None:
        wanted = [name for name in WITHIN_SLICES + IN_SPACE if name in aggregation]
    else:
        wanted = WITHIN_SLICES if region.planar or region.flat_axis is not None else IN_SPACE
    possible = [name for name in wanted if not (region.planar and name in IN_SPACE)]
    if len(possible) < len(wanted):
        add_remark(f"{family}: the image has one slice only, so there is nothing to aggregate in 3D")
    if directional:
        return list(possible)
    return list(dict.fromkeys(name.rsplit("_", 1)[0] for name in possible))


def slices(lattice: Lattice) -> list[NDArray[np.int64]]:
    """Return the spans of each slice that has voxels."""
    slice_of_span = lattice.spans[:, 0] // lattice.steps[0]
    return np.split(lattice.spans, np.flatnonzero(np.diff(slice_of_span)) + 1)


def in_reach(region: Region, flat: bool, distances: Sequence[int] = (1,)) -> NDArray[np.int64]:
    """Return the offsets (z, y, x) to one half of the neighbours, within a slice or in space."""
    nz, ny, nx = region.mask.shape
    return half_neighbours((nz, ny, nx), 0 if flat else None, tuple(distances))


def surrounded(region: Region) -> Lattice:
    """Return the region's lattice with a margin along every axis, even where its box is one voxel thick."""
    if min(region.mask.shape) > 1:
        return region.lattice()
    return lay_out(region.footprint, region.levels, (1, 1, 1))
