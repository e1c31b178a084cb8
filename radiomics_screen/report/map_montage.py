"""All feature maps of a lesion on one page: what there is to see in them, before a viewer is opened."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from markupsafe import Markup, escape

from radiomics_screen import __version__
from radiomics_screen.core.errors import TableError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.core.whole_files import write_whole
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.report.figures.lesion_pictures import as_svg, picture_of, png
from radiomics_screen.report.page_templates import filled

#: The page lies beside the maps.
MONTAGE = "maps.html"
_OURS = b'name="generator" content="radiomics-screen map"'
_TONES = 256
_WHERE_EMPTY = "no value in this slice"

Values = npt.NDArray[np.float64]


class Tile(NamedTuple):
    """A map: its name, picture, range in the lesion, unit, and how many voxels have no value."""

    name: str
    picture: Markup
    range: str
    unit: str
    remark: str


@dataclass(frozen=True)
class _Plane:
    """The slice of a map that is shown, and the lesion in it; shape (height, width)."""

    values: Values
    lesion: npt.NDArray[np.bool_]
    spacing_mm: tuple[float, float]


def write_map_montage(
    folder: Path,
    files: Mapping[str, Path],
    image: Path,
    mask: Path,
    *,
    label: int | None = None,
    label_channel: int | None = None,
    units: Mapping[str, str] | None = None,
) -> Path:
    """Write a page with the image and all maps of a lesion, in the slice where its area is largest.

    Parameters
    ----------
    folder
        Where the page is written, as ``maps.html``.
    files
        Name of each map -> its file.
    image, mask
        What the maps were made of.
    label, label_channel
        What marks the lesion, as for the maps.
    units
        Of the maps, by name.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    ScreenError
        The image, the mask or a map cannot be read, the page cannot be written, or a file of somebody else
        has its name.
    """
    path = folder / MONTAGE
    if path.exists() and _OURS not in path.read_bytes():
        raise TableError(f"{path} was not written by this command, and is not replaced")
    with collect_remarks():  # they were told when the maps were made
        marks = _marks(read_mask(mask, label_channel=label_channel), label)
        whole = picture_of(image, mask, label=label, label_channel=label_channel)
        centre = _largest_slice(marks)
        tiles = [_tile(name, read_image(path), marks, centre, units or {}) for name, path in files.items()]
    groups: dict[str, list[Tile]] = {}
    for tile in tiles:
        groups.setdefault(tile.name.rpartition("_")[0], []).append(tile)
    page = filled(
        "map_montage.html",
        title=f"Feature maps of {image.name}",
        image=as_svg(whole, "the lesion in its image, with its outline"),
        groups=groups,
        ramp=_ramp(),
        version=__version__,
    )
    write_whole(page, path)
    return path


def _marks(mask: sitk.Image, label: int | None) -> sitk.Image:
    """Return the lesion as 0 and 1, on the mask's grid."""
    found = mask != 0 if label is None else mask == label
    return sitk.Cast(found, sitk.sitkUInt8)


def _largest_slice(marks: sitk.Image) -> tuple[float, ...]:
    """Return a point, in mm, of the slice in which the lesion has its largest area."""
    array = sitk.GetArrayViewFromImage(marks)
    if marks.GetDimension() == 2:
        return tuple(marks.TransformIndexToPhysicalPoint((0, 0)))
    areas = (array != 0).sum(axis=(1, 2))
    at = int(np.argmax(areas))
    row, column = (int(np.median(side)) for side in np.nonzero(array[at]))
    return tuple(marks.TransformIndexToPhysicalPoint((column, row, at)))


def _tile(
    name: str, found: sitk.Image, marks: sitk.Image, centre: Sequence[float], units: Mapping[str, str]
) -> Tile:
    lesion = sitk.Resample(marks, found, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    values = sitk.GetArrayFromImage(found).astype(np.float64)
    inside = sitk.GetArrayFromImage(lesion) != 0
    known = values[inside & np.isfinite(values)]
    ends = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    plane = _plane(found, values, inside, centre)
    empty = int(inside.sum()) - known.size
    return Tile(
        name,
        _picture(name, plane, ends),
        f"{ends[0]:.4g} to {ends[1]:.4g}" if known.size else "no value",
        unit if (unit := units.get(name, "")) != "1" else "",
        f"{empty} of {int(inside.sum())} voxels without a value" if empty else "",
    )


def _plane(
    found: sitk.Image, values: Values, inside: npt.NDArray[np.bool_], centre: Sequence[float]
) -> _Plane:
    spacing = found.GetSpacing()
    if found.GetDimension() == 2:
        return _Plane(values, inside, (spacing[1], spacing[0]))
    at = round(found.TransformPhysicalPointToContinuousIndex(centre)[2])
    at = min(max(at, 0), len(values) - 1)
    return _Plane(values[at], inside[at], (spacing[1], spacing[0]))


def _picture(name: str, plane: _Plane, ends: tuple[float, float]) -> Markup:
    """Return the slice of a map in colours, as large on the page whatever its number of voxels."""
    shown = plane.lesion & np.isfinite(plane.values)
    height, width = (n * step for n, step in zip(shown.shape, plane.spacing_mm, strict=True))
    if not shown.any():
        return Markup(f'<p class="no-picture">{_WHERE_EMPTY}</p>')
    reach = ends[1] - ends[0]
    part = (np.where(shown, plane.values, ends[0]) - ends[0]) / (reach if reach > 0 else 1.0)
    places = np.where(shown, 1 + np.rint(part * (_TONES - 2)), 0).astype(np.uint8)
    encoded = base64.b64encode(png(places, _palette())).decode("ascii")
    return Markup(
        f'<svg class="map" viewBox="0 0 {width:.6g} {height:.6g}" role="img" aria-label="{escape(name)}">'
        f'<image width="{width:.6g}" height="{height:.6g}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{encoded}"/></svg>'
    )


def _palette() -> npt.NDArray[np.uint8]:
    """Return red, green, blue and opacity of each tone; the first is where there is nothing to show."""
    from matplotlib import colormaps

    tones = (colormaps["viridis"](np.linspace(0, 1, _TONES - 1)) * 255).round().astype(np.uint8)
    return np.vstack([np.zeros((1, 4), np.uint8), tones])


def _ramp() -> Markup:
    line: Any = np.arange(1, _TONES, dtype=np.uint8)[np.newaxis]
    encoded = base64.b64encode(png(line, _palette())).decode("ascii")
    return Markup(
        '<svg class="ramp" viewBox="0 0 255 20" preserveAspectRatio="none" aria-hidden="true">'
        '<image width="255" height="20" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{encoded}"/></svg>'
    )
