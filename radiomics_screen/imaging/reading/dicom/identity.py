"""Whose DICOM image it is, what calibrates its pixels, and the unit of its values.

None of this decides how pixels are read, so a damaged value counts as one that is not there.

Attribute names and meanings: DICOM PS3.3 (C.7.3.1 laterality of a series, C.8.11.7 of a mammogram,
C.7.6.16.2.8 of a frame, C.8.5.5 ultrasound regions, C.11.1 rescale type, C.8.9.1 units of PET).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

import pydicom

from radiomics_screen.imaging.loaded_image import Calibration, Identity

TAGS = [
    "StudyInstanceUID", "FrameOfReferenceUID", "Laterality", "ImageLaterality", "ViewPosition",
    "ViewCodeSequence", "Manufacturer", "ManufacturerModelName", "RescaleType", "Units", "DoseUnits",
]  # fmt: skip # besides those that decide how pixels are read
_CENTIMETRES = 3  # PhysicalUnitsXDirection
_BOX = (
    "RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1",
)  # fmt: skip

Groups = Sequence[pydicom.Dataset | None]


def identity_of(ds: pydicom.Dataset, groups: Groups, sop_class_uid: str) -> Identity:
    """Return whose image it is; `groups` are the functional groups of a multi-frame image."""
    instance = _text(ds, "SOPInstanceUID")
    return Identity(
        modality=_text(ds, "Modality"),
        sop_instance_uids=(instance,) if instance else (),
        sop_class_uid=sop_class_uid or None,
        series_uid=_text(ds, "SeriesInstanceUID"),
        study_uid=_text(ds, "StudyInstanceUID"),
        frame_of_reference_uid=_text(ds, "FrameOfReferenceUID"),
        laterality=_laterality(ds, groups),
        view=_text(ds, "ViewPosition") or _text(first_item(ds, "ViewCodeSequence"), "CodeMeaning"),
        manufacturer=_text(ds, "Manufacturer"),
        device_model=_text(ds, "ManufacturerModelName"),
    )


def unit_of(ds: pydicom.Dataset, groups: Groups) -> str | None:
    """Return the unit of the rescaled values, as DICOM codes it: "HU", "BQML", "GY"."""
    transforms = [first_item(group, "PixelValueTransformationSequence") for group in groups]
    sources = [ds, *(item for item in transforms if item is not None)]
    types = {_text(item, "RescaleType") for item in sources} - {None}
    if types:
        kind = types.pop()
        return kind if not types and kind != "US" else None  # US: unspecified
    modality = _text(ds, "Modality")
    if modality == "CT" and any("RescaleIntercept" in item for item in sources):
        return "HU"  # PS3.3 C.8.2.1: a CT image that names no type holds Hounsfield units
    if modality == "PT":
        return _text(ds, "Units")
    return _text(ds, "DoseUnits") if ds.get("DoseGridScaling") else None


def calibrations_of(ds: pydicom.Dataset, groups: Groups) -> tuple[Calibration, ...]:
    """Return every spacing that the header gives, in mm: of the pixels, at the detector, of each region."""
    found: list[Calibration] = []
    for name in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        spacing = _spacing(ds, name)
        if spacing:
            found.append(Calibration(spacing, name))
    return (*found, *_of_frames(groups), *_of_regions(ds))


def first_item(ds: pydicom.Dataset | None, sequence: str) -> pydicom.Dataset | None:
    """Return the first item of a sequence; None where there is none."""
    items = ds.get(sequence) if ds is not None else None
    return items[0] if items else None


def _laterality(ds: pydicom.Dataset, groups: Groups) -> str | None:
    """Return the side as the image gives it, else as all its frames do, else as the series does."""
    anatomy = [first_item(group, "FrameAnatomySequence") for group in groups]
    frames = {_text(item, "FrameLaterality") for item in anatomy if item is not None}
    of_frames = frames.pop() if len(frames) == 1 else None
    sides = (_text(ds, "ImageLaterality"), of_frames, _text(ds, "Laterality"))
    return next((side for side in sides if side in ("L", "R", "B")), None)


def _of_frames(groups: Groups) -> list[Calibration]:
    """Return the spacing of the functional groups: the shared one, or that of each frame (groups[1:])."""
    items = [first_item(group, "PixelMeasuresSequence") for group in groups]
    spacings = [_spacing(item, "PixelSpacing") if item is not None else None for item in items]
    if spacings and spacings[0]:
        return [Calibration(spacings[0], "PixelSpacing")]
    each = spacings[1:]
    if each and each[0] and len(set(each)) == 1:
        return [Calibration(each[0], "PixelSpacing")]
    return [Calibration(s, "PixelSpacing", frame=frame) for frame, s in enumerate(each) if s]


def _of_regions(ds: pydicom.Dataset) -> list[Calibration]:
    """Return the ultrasound regions that are calibrated in length both ways: no spectra, no M-mode."""
    found = []
    for region in ds.get("SequenceOfUltrasoundRegions") or []:
        units = (region.get("PhysicalUnitsXDirection"), region.get("PhysicalUnitsYDirection"))
        deltas = _numbers([region.get("PhysicalDeltaX"), region.get("PhysicalDeltaY")])
        if units != (_CENTIMETRES, _CENTIMETRES) or not deltas or not all(deltas):
            continue
        edges = _numbers([region.get(name) for name in _BOX])
        left, top, right, bottom = (int(edge) for edge in edges) if edges else (0, 0, 0, 0)
        found.append(
            Calibration(
                (10 * abs(deltas[0]), 10 * abs(deltas[1])),
                "SequenceOfUltrasoundRegions",
                box=(left, top, right, bottom) if edges else None,
            )
        )
    return found


def _spacing(ds: pydicom.Dataset, name: str) -> tuple[float, float] | None:
    """Return (x, y) in mm: DICOM gives the distance of rows first."""
    value = ds.get(name)
    numbers = _numbers(value) if isinstance(value, Iterable) and not isinstance(value, str) else None
    if not numbers or len(numbers) != 2 or min(numbers) <= 0:
        return None
    return numbers[1], numbers[0]


def _numbers(values: Iterable[object]) -> list[float] | None:
    """Return finite numbers, or nothing where one is missing or none."""
    try:
        numbers = [float(str(value)) for value in values]
    except ValueError:
        return None
    return numbers if all(map(isfinite, numbers)) else None


def _text(ds: pydicom.Dataset | None, name: str) -> str | None:
    value = ds.get(name) if ds is not None else None
    return str(value).strip() or None if value is not None else None
