"""All feature maps of a lesion on one page: what there is to see in them, before a viewer is opened."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from markupsafe import Markup, escape

from radiomics_screen.core.errors import TableError
from radiomics_screen.core.plurals import counted
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.report.figures.lesion_pictures import as_svg, picture_of, png
from radiomics_screen.report.picture_page import PicturePage, PictureSection, PictureTile, write_picture_page

#: The page lies beside the maps.
MONTAGE = "maps.html"
_GENERATOR = "radiomics-screen map"
_LEAD = Markup(
    "The slice in which the lesion has its largest area. Colours go from the least to the greatest value of "
    "each map in the whole lesion: {} So colours of two maps cannot be compared; their ranges can."
)
_TONES = 256
_WHERE_EMPTY = "no value in this slice"

Values = npt.NDArray[np.float64]


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
    if path.exists() and f'content="{_GENERATOR}"'.encode() not in path.read_bytes():
        raise TableError(f"{path} was not written by this command, and is not replaced")
    with collect_remarks():  # they were told when the maps were made
        marks = _marks(read_mask(mask, label_channel=label_channel), label)
        whole = picture_of(image, mask, label=label, label_channel=label_channel)
        centre = _largest_slice(marks)
        tiles = [_tile(name, read_image(path), marks, centre, units or {}) for name, path in files.items()]
    groups: dict[str, list[PictureTile]] = {}
    for name, tile in zip(files, tiles, strict=True):
        groups.setdefault(name.rpartition("_")[0], []).append(tile)
    lesion = PictureTile(
        "The lesion", [as_svg(whole, "the lesion with its outline")], ["before any preprocessing"]
    )
    sections = [PictureSection("Image", "", [lesion])]
    sections += [PictureSection(group, "", found) for group, found in groups.items()]
    page = PicturePage(f"Feature maps of {image.name}", _LEAD.format(_ramp()), sections, _GENERATOR)
    write_picture_page(page, path)
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
) -> PictureTile:
    lesion = sitk.Resample(marks, found, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    values = sitk.GetArrayFromImage(found).astype(np.float64)
    inside = sitk.GetArrayFromImage(lesion) != 0
    known = values[inside & np.isfinite(values)]
    ends = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    unit = "" if units.get(name) == "1" else units.get(name, "")
    lines = [f"{ends[0]:.4g} to {ends[1]:.4g} {unit}".strip() if known.size else "no value"]
    if empty := int(inside.sum()) - known.size:
        lines.append(f"{empty} of {counted(int(inside.sum()), 'voxel')} without a value")
    picture = _picture(name, _plane(found, values, inside, centre), ends)
    title = name.rpartition("_")[2]
    return PictureTile(title, [] if picture is None else [picture], lines, _WHERE_EMPTY)


def _plane(
    found: sitk.Image, values: Values, inside: npt.NDArray[np.bool_], centre: Sequence[float]
) -> _Plane:
    spacing = found.GetSpacing()
    if found.GetDimension() == 2:
        return _Plane(values, inside, (spacing[1], spacing[0]))
    at = round(found.TransformPhysicalPointToContinuousIndex(centre)[2])
    at = min(max(at, 0), len(values) - 1)
    return _Plane(values[at], inside[at], (spacing[1], spacing[0]))


def _picture(name: str, plane: _Plane, ends: tuple[float, float]) -> Markup | None:
    """Return the slice of a map in colours, in mm; None where it has no value to show."""
    shown = plane.lesion & np.isfinite(plane.values)
    height, width = (n * step for n, step in zip(shown.shape, plane.spacing_mm, strict=True))
    if not shown.any():
        return None
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
