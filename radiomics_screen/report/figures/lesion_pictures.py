"""Small pictures of lesions with their outline, as SVG elements that hold their own pixels.

The outline is a path over the picture, so it stays sharp at any size and can be told from the picture.
"""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from markupsafe import Markup, escape

from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.geometry import match_grid, select_label
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.imaging.volume import to_volume

_MARGIN = 0.3  # beside the lesion, as a part of its longer side
_LEAST_SIDE = 24  # voxels of a cut-out
_MOST_PIXELS = 192  # along the longer side of a picture
_TOLERANCE = 0.3  # pixels by which an outline may be straightened
_DARKEST, _BRIGHTEST = 1, 99  # percentiles between which intensities other than bytes are shown

Bytes = npt.NDArray[np.uint8]
Outline = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Picture:
    """A cut-out round a lesion.

    Attributes
    ----------
    pixels
        Grey values, shape (height, width), square on the screen as they are in the body.
    outlines
        Of the lesion, each of shape (points, 2): row and column in pixels from the upper left corner.
    """

    pixels: Bytes
    outlines: list[Outline]


def picture_of(
    image: str | Path,
    mask: str | Path,
    *,
    label: int | None = None,
    label_channel: int | None = None,
    whole_slice: bool = False,
) -> Picture:
    """Read an image and its mask, and return the cut-out round the lesion, or the whole slice.

    Of a volume it is the slice in which the lesion has its largest area.

    Raises
    ------
    ScreenError
        ReadError, GeometryError or RegionError, where there is nothing to show.
    """
    with collect_remarks():  # they were told when the features were extracted
        whole = read_image(image)
        roi = select_label(read_mask(mask, label_channel=label_channel), label=label)
        roi = match_grid(whole, roi, correctMask=True)
    volume = to_volume(whole)
    largest = int(np.argmax(roi.solid.sum(axis=(1, 2))))
    _, *across = roi.box
    plane = volume.array[roi.box[0].start + largest]
    marks = np.zeros(plane.shape, dtype=bool)
    marks[across[0], across[1]] = roi.solid[largest]
    everything = slice(None), slice(None)
    window = everything if whole_slice else _window(marks, volume.spacing_mm[1:])
    return _cut_out(plane[window], marks[window], volume.spacing_mm[1:])


def picture_without_mask(image: str | Path) -> Picture:
    """Read an image, and return its middle slice without any outline.

    Raises
    ------
    ScreenError
        The image cannot be read.
    """
    with collect_remarks():
        volume = to_volume(read_image(image))
    plane = volume.array[len(volume.array) // 2]
    return _cut_out(plane, np.zeros(plane.shape, dtype=bool), volume.spacing_mm[1:])


def picture_of_crop(crop: Bytes) -> Picture:
    """Return the picture of a crop, shape (2, height, width): the image, and the lesion as 0 and 255."""
    return _cut_out(crop[0], crop[1] > 0, (1.0, 1.0))


def as_svg(picture: Picture, alt: str, *, over: bytes | None = None) -> Markup:
    """Return a picture with its outline as an SVG element.

    Parameters
    ----------
    picture
        What is shown.
    alt
        For those who do not see it.
    over
        A PNG that is partly transparent, which is laid over all of the picture, under the outline.
    """
    height, width = picture.pixels.shape
    layers = [png(picture.pixels), *([] if over is None else [over])]
    images = "".join(
        f'<image width="{width}" height="{height}" '
        f'href="data:image/png;base64,{base64.b64encode(layer).decode("ascii")}"/>'
        for layer in layers
    )
    path = "".join(_path(outline) for outline in picture.outlines)
    return Markup(
        f'<svg class="lesion" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(alt)}">'
        f'{images}<path class="halo" d="{path}"/><path class="outline" d="{path}"/></svg>'
    )


def png(pixels: Bytes, palette: Bytes | None = None) -> bytes:
    """Return pixels as a PNG (W3C, third edition, 2025).

    Parameters
    ----------
    pixels
        Grey values, or places in the palette; shape (height, width).
    palette
        Red, green, blue and opacity of each place, shape (places, 4); None: the pixels are grey values.
    """
    height, width = pixels.shape
    lines = np.zeros((height, width + 1), dtype=np.uint8)
    lines[:, 0] = 1  # each byte less the one to its left: smaller than the bytes themselves
    lines[:, 1] = pixels[:, 0]
    lines[:, 2:] = pixels[:, 1:] - pixels[:, :-1]  # modulo 256, as the format wants it
    header = struct.pack(">2I5B", width, height, 8, 0 if palette is None else 3, 0, 0, 0)
    colours = (
        [] if palette is None else [(b"PLTE", palette[:, :3].tobytes()), (b"tRNS", palette[:, 3].tobytes())]
    )
    content_of_lines = zlib.compress(lines.tobytes(), 9)
    parts = ((b"IHDR", header), *colours, (b"IDAT", content_of_lines), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )


def _window(marks: npt.NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> tuple[slice, slice]:
    """Return the cut-out of a slice: a square in mm round the lesion, as far as the image goes."""
    ends = [np.flatnonzero(marks.any(axis=1 - axis))[[0, -1]] for axis in (0, 1)]
    lengths_mm = [(last + 1 - first) * step for (first, last), step in zip(ends, spacing_mm, strict=True)]
    side_mm = max((1 + 2 * _MARGIN) * max(lengths_mm), _LEAST_SIDE * min(spacing_mm))
    sides = []
    for (first, last), step, available in zip(ends, spacing_mm, marks.shape, strict=True):
        size = min(round(side_mm / step), available)
        start = min(max(round((first + last + 1 - size) / 2), 0), available - size)
        sides.append(slice(start, start + size))
    return sides[0], sides[1]


def _cut_out(
    values: npt.NDArray[np.generic], marks: npt.NDArray[np.bool_], spacing_mm: tuple[float, ...]
) -> Picture:
    from skimage.measure import approximate_polygon, find_contours
    from skimage.transform import resize

    lengths_mm = np.array(values.shape) * np.array(spacing_mm)
    per_mm = min(_MOST_PIXELS / lengths_mm.max(), 1 / min(spacing_mm))  # never larger than the image itself
    shape = tuple(np.maximum(np.rint(lengths_mm * per_mm), 1).astype(int))
    grey = _as_bytes(values).astype(np.float64)
    if shape != values.shape:
        grey = resize(grey, shape, order=1, anti_aliasing=True, preserve_range=True)
    scale = np.array(shape) / np.array(values.shape)
    outlines = [
        approximate_polygon((points - 0.5) * scale, _TOLERANCE)  # less 1 for the padding, 0.5 for the corner
        for points in find_contours(np.pad(marks, 1).astype(np.float64), 0.5)
    ]
    return Picture(np.rint(grey).astype(np.uint8), outlines)


def _as_bytes(values: npt.NDArray[np.generic]) -> Bytes:
    """Return intensities as grey values: bytes as they are, others between two percentiles."""
    if values.dtype == np.uint8:
        return np.asarray(values, dtype=np.uint8)
    numbers = np.nan_to_num(np.asarray(values, dtype=np.float64))
    low, high = np.percentile(numbers, [_DARKEST, _BRIGHTEST])
    return np.asarray(np.clip((numbers - low) / max(high - low, 1e-12), 0, 1) * 255).astype(np.uint8)


def _path(outline: Outline) -> str:
    points = "L".join(f"{column:.1f},{row:.1f}" for row, column in outline)
    return f"M{points}Z"
