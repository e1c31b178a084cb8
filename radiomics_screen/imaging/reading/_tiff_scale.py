"""What the pages of a TIFF are, and how large a pixel is: ImageJ, OME, tifffile, or the resolution tags.

Sources: TIFF 6.0 (Adobe, 1992), tags 282, 283 and 296; ImageJ's TiffEncoder and FileOpener; the OME-TIFF
specification and the OME schema 2016-06.
"""

from __future__ import annotations

import json
import re
from math import isfinite, prod
from typing import Any

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.reading._ifd import Directory
from radiomics_screen.imaging.reading._ome import ome_layout
from radiomics_screen.imaging.reading._tiff_layout import Layout, length_mm
from radiomics_screen.imaging.reading._unsupported import UnsupportedError

_DESCRIPTION, _X_RESOLUTION, _Y_RESOLUTION, _UNIT = 270, 282, 283, 296
_MOST_TEXT = 1 << 24
#: Tags of microscopes' formats whose planes are arranged by rules of their own.
_VENDORS = {33629: "MetaMorph", 34412: "Zeiss LSM", 34362: "FluoView"}
_MM_PER_UNIT = {2: 25.4, 3: 10.0}  # resolution unit: inch, centimetre


def layout_of(tags: Directory, pages: int, samples: int) -> Layout:
    """Return what the description of the first page says of all pages and of the size of a pixel.

    Parameters
    ----------
    tags
        Of the first page.
    pages
        How many pages the file has.
    samples
        Values of a pixel.

    Raises
    ------
    ValueError
        The description is damaged, or speaks of other pages than there are.
    UnsupportedError
        Its pages are time points, channels or several pictures.
    """
    for tag, vendor in _VENDORS.items():
        if tag in tags and (pages > 1 or tags.entries[tag][1] > 1):
            raise UnsupportedError(f"planes arranged by {vendor}")
    text = _text(tags.content(_DESCRIPTION, _MOST_TEXT).rstrip(b"\0 \r\n\t"))
    if text.startswith("ImageJ="):
        return _imagej_layout(text, tags, pages)
    if text.lstrip().startswith("<") and re.search(r"<(\w+:)?OME[\s>]", text):
        return ome_layout(text, pages, samples)
    if text.startswith('{"shape"'):
        _require_slices_of_tifffile(text, pages, samples)
    return Layout()


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _imagej_layout(text: str, tags: Directory, pages: int) -> Layout:
    stated: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        stated.setdefault(name.strip(), value.strip())
    count = {name: _whole(stated.get(name)) for name in ("images", "channels", "slices", "frames")}
    layout = Layout(channels=count["channels"], times=count["frames"], source="ImageJ")
    layout.require_slices_only()
    if max(count["images"], count["slices"]) != pages and max(count.values()) > 1:
        raise ValueError(
            f"ImageJ wrote {max(count['images'], count['slices'])} slices, and {pages} pages are there"
        )
    unit = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), stated.get("unit", ""))
    if not unit:
        return layout
    x, y = (_unit_per_pixel(tags, tag) for tag in (_X_RESOLUTION, _Y_RESOLUTION))
    if x is None or y is None:
        return layout
    depth = _decimal(stated.get("spacing", "1"))  # which ImageJ does not write where it is 1
    lengths = [None if n is None else length_mm(n, unit) for n in (x, y, depth)]
    if lengths[0] is None or lengths[1] is None:
        if unit.lower() not in ("pixel", "pixels"):
            add_remark(f"ImageJ states the pixel size in a unit that is no length ('{unit}'): 1 mm was taken")
        return Layout(unscaled=True, source="ImageJ")
    return Layout(spacing_mm=(lengths[0], lengths[1], lengths[2]), source="ImageJ")


def _whole(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,9}", text) else 1


def _decimal(text: str | None) -> float | None:
    """Return a length; ImageJ states negative ones for stacks that were turned over."""
    try:
        value = abs(float(text or "nan"))
    except ValueError:
        return None
    return value if isfinite(value) and value > 0 else None


def _unit_per_pixel(tags: Directory, tag: int) -> float | None:
    per_unit = tags.ratio(tag)
    return 1.0 / per_unit if per_unit and per_unit > 0 else None


def _require_slices_of_tifffile(text: str, pages: int, samples: int) -> None:
    """Refuse pages that tifffile's own description arranges as more than a stack of slices."""
    try:
        stated: Any = json.loads(text)
        shape = [int(n) for n in stated["shape"]]
        axes = str(stated.get("axes") or "").upper()
    except (ValueError, TypeError, KeyError, AttributeError):
        return
    if len(axes) == len(shape):
        sizes = dict(zip(axes, shape, strict=True))
        Layout(channels=sizes.get("C", 1), times=sizes.get("T", 1), source="tifffile").require_slices_only()
    leading = [n for n in shape[: -3 if samples > 1 else -2] if n > 1]
    if samples > 1 and len(shape) < 3:
        return
    if len(leading) > 1 and prod(leading) == pages:
        Layout(arranged=tuple(leading), source="tifffile").require_slices_only()


def print_spacing_mm(tags: Directory) -> tuple[float, float]:
    """Return (x, y) by the resolution tags, as SimpleITK does; 1 where they name no unit of length."""
    unit = tags.number(_UNIT, 1)
    per_unit = [tags.values(tag, 1) for tag in (_X_RESOLUTION, _Y_RESOLUTION)]
    if unit not in _MM_PER_UNIT or not all(len(r) == 2 and r[0] and r[1] for r in per_unit):
        return 1.0, 1.0
    x, y = (_MM_PER_UNIT[unit] * r[1] / r[0] for r in per_unit)
    return x, y
