"""What was read: pixels and geometry, and whose they are.

Files without an identity stay simple: every field but the image has a default. Nothing downstream needs to
know DICOM; what writes objects back finds here what they must refer to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import SimpleITK as sitk


@dataclass(frozen=True)
class Identity:
    """Whose image it is, and which objects of an archive it was read from.

    Attributes
    ----------
    modality
        As DICOM codes it: "US", "CT", "MR", "MG"...
    sop_instance_uids
        Of the objects that it was read from: one, or one a slice in the order of the slices.
    sop_class_uid, series_uid, study_uid, frame_of_reference_uid
        DICOM's unique identifiers.
    laterality
        "L", "R" or "B".
    view
        The projection or view as the header names it: "CC", "MLO"...
    manufacturer, device_model
        Of the device that made it.
    """

    modality: str | None = None
    sop_instance_uids: tuple[str, ...] = ()
    sop_class_uid: str | None = None
    series_uid: str | None = None
    study_uid: str | None = None
    frame_of_reference_uid: str | None = None
    laterality: str | None = None
    view: str | None = None
    manufacturer: str | None = None
    device_model: str | None = None


@dataclass(frozen=True)
class Calibration:
    """How large pixels are, in one frame or one region of it, and where that is known from.

    Attributes
    ----------
    spacing_mm
        Of a pixel, (x, y).
    source
        Name of the header's attribute, or of the file format's field: "PixelSpacing", "pixdim"...
    frame
        Number of the frame from 0; None: all.
    box
        (left, top, right, bottom) in pixels, the last two included; None: the whole frame.
    """

    spacing_mm: tuple[float, float]
    source: str
    frame: int | None = None
    box: tuple[int, int, int, int] | None = None


@dataclass(frozen=True)
class Rescale:
    """How stored values became the values of the image: ``slope * stored + intercept``."""

    slope: float
    intercept: float

    def applied(self) -> Applied:
        """Return the step that this is."""
        return Applied("rescaled", MappingProxyType({"slope": self.slope, "intercept": self.intercept}))


@dataclass(frozen=True)
class Applied:
    """One thing that was done to the pixels while they were read.

    Attributes
    ----------
    what
        Short and fixed, to be compared: "grey", "inverted", "rescaled", "turned upright" or
        "dose scaled".
    details
        Numbers and names that belong to it.
    """

    what: str
    details: Mapping[str, str | float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class LoadedImage:
    """An image as every room beyond imaging sees it.

    Attributes
    ----------
    image
        Pixels and geometry: scalar, 2-D or 3-D.
    identity
        Whose it is.
    calibrations
        Where the size of a pixel is known from, region by region; empty where the file says nothing.
    rescales
        Of stored values, one for each slice or frame where they differ; empty: none was needed.
    unit
        Of the values, as DICOM codes it: "HU", "BQML", "GY"...; None where it is not known.
    applied
        What was done to the pixels while reading, in order.
    """

    image: sitk.Image
    identity: Identity = field(default_factory=Identity)
    calibrations: tuple[Calibration, ...] = ()
    rescales: tuple[Rescale, ...] = ()
    unit: str | None = None
    applied: tuple[Applied, ...] = ()
