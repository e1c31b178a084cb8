"""The description of an OME-TIFF, parsed without entities and within bounds.

Source: OME schema 2016-06 (Open Microscopy Environment): lengths without a unit are in micrometres.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring
from xml.etree.ElementTree import ParseError as XmlError

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.reading._tiff_layout import Layout, length_mm
from radiomics_screen.imaging.reading._unsupported import UnsupportedError

_DEFAULT_UNIT = "µm"


def ome_layout(text: str, pages: int, samples: int) -> Layout:
    """Return what OME-XML says of the pages and of the size of a pixel.

    Raises
    ------
    ValueError
        It is damaged, or speaks of other pages than there are.
    UnsupportedError
        It holds several pictures, channels or time points, or pages in other files.
    """
    pixels, planes = _pixels(text)
    size = {axis: _whole(pixels, f"Size{axis}") for axis in "ZCT"}
    channels = size["C"] if size["C"] != samples else 1
    layout = Layout(channels=channels, times=size["T"], source="OME")
    layout.require_slices_only()
    if size["Z"] != pages:
        raise ValueError(f"OME states {size['Z']} slices, and {pages} pages are there")
    lengths = [_length(pixels, axis) for axis in "XYZ"]
    spacing = (lengths[0], lengths[1], lengths[2]) if lengths[0] and lengths[1] else None
    return Layout(spacing_mm=spacing, order=_order(planes, pages), source="OME")


def _pixels(text: str) -> tuple[Element, list[Element]]:
    """Return the one element Pixels and its elements TiffData."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UnsupportedError("a description with XML entities")
    try:
        elements = [(element.tag.rpartition("}")[2], element) for element in fromstring(text).iter()]
    except XmlError as error:
        raise ValueError(f"its description is no sound XML ({error})") from error
    pixels = [element for name, element in elements if name == "Pixels"]
    if len(pixels) != 1:
        raise UnsupportedError(f"{len(pixels)} pictures (OME)")
    return pixels[0], [element for name, element in elements if name == "TiffData"]


def _whole(element: Element, name: str) -> int:
    text = element.get(name, "1")
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise ValueError(f"its description states {name} as '{text[:20]}'")
    return int(text)


def _length(pixels: Element, axis: str) -> float | None:
    text, unit = pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", _DEFAULT_UNIT)
    if text is None:
        return None
    try:
        length = length_mm(float(text), unit)
    except ValueError:
        length = None
    if length is None and unit not in ("pixel", "reference frame"):
        add_remark(
            f"OME states PhysicalSize{axis} as '{text[:20]} {unit[:20]}', which is no length: not used"
        )
    return length


def _order(planes: list[Element], pages: int) -> tuple[int, ...]:
    """Return the page of each slice; () where they come in order, as nearly always."""
    found: dict[int, int] = {}
    for plane in planes:
        for child in plane:
            if child.tag.rpartition("}")[2] == "UUID" and child.get("FileName") and len(planes) > pages:
                raise UnsupportedError("pages in other files (OME)")
        first_page = int(plane.get("IFD", "0"))
        first_slice = int(plane.get("FirstZ", "0"))
        stated = plane.get("PlaneCount")
        count = int(stated) if stated else 1 if "IFD" in plane.attrib else pages
        if count > pages:
            raise ValueError("OME states more pages than there are")
        for n in range(count):
            found[first_slice + n] = first_page + n
    if not planes or found == {n: n for n in range(pages)}:
        return ()
    if sorted(found) != list(range(pages)) or sorted(found.values()) != list(range(pages)):
        raise ValueError("OME states other pages for its slices than there are")
    return tuple(found[n] for n in range(pages))
