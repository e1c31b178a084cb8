"""Whose image a DICOM file holds, how it is calibrated, and the unit of its values.

Attribute names and meanings: DICOM PS3.3 (C.7.1 to C.7.6 patient, study, series, equipment and image; C.8.5.5
ultrasound regions; C.8.11 mammography views; C.8.9.1 units of PET; C.11.1 modality look-up table).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import pydicom

from radiomics_screen.imaging.loaded_image import Calibration, Identity

TAGS = [
    "StudyInstanceUID", "FrameOfReferenceUID", "Laterality", "ImageLaterality", "ViewPosition",
    "ViewCodeSequence", "Manufacturer", "ManufacturerModelName", "RescaleType", "Units",
]  # fmt: skip
_MM_PER_CENTIMETRE = 10.0
_CENTIMETRES = 3  # PhysicalUnitsXDirection
#: Of PET (C.8.9.1.1.3) and of RescaleType (C.11.1.1.2), in the usual spelling.
_UNITS = {"BQML": "Bq/ml", "GML": "g/ml", "CNTS": "counts", "HU": "HU", "OD": "OD", "CM2ML": "cm2/ml"}


def identity_of(ds: pydicom.Dataset, groups: Sequence[pydicom.Dataset | None]) -> Identity:
    """Return whose image it is; what the header does not say is None.

    Parameters
    ----------
    ds
        The header.
    groups
        Its shared and per-frame functional groups.
    """
    instance = _text(ds, "SOPInstanceUID")
    return Identity(
        modality=_text(ds, "Modality"),
        sop_instance_uids=() if instance is None else (instance,),
        sop_class_uid=_text(ds, "SOPClassUID"),
        series_uid=_text(ds, "SeriesInstanceUID"),
        study_uid=_text(ds, "StudyInstanceUID"),
        frame_of_reference_uid=_text(ds, "FrameOfReferenceUID"),
        laterality=_laterality(ds, groups),
        view=_view(ds),
        manufacturer=_text(ds, "Manufacturer"),
        device_model=_text(ds, "ManufacturerModelName"),
    )


def calibrations_of(ds: pydicom.Dataset) -> tuple[Calibration, ...]:
    """Return what the header says of the size of a pixel, once for each attribute and ultrasound region."""
    found = []
    for name in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        pair = ds.get(name)
        if pair and len(pair) == 2 and all(isfinite(float(v)) and float(v) > 0 for v in pair):
            found.append(Calibration((float(pair[1]), float(pair[0])), name))  # rows' distance comes first
    for region in ds.get("SequenceOfUltrasoundRegions") or []:
        units = {region.get("PhysicalUnitsXDirection"), region.get("PhysicalUnitsYDirection")}
        deltas = [float(region.get(name) or 0) for name in ("PhysicalDeltaX", "PhysicalDeltaY")]
        if units != {_CENTIMETRES} or not all(deltas):
            continue
        spacing = (_MM_PER_CENTIMETRE * abs(deltas[0]), _MM_PER_CENTIMETRE * abs(deltas[1]))
        edges = [region.get(f"RegionLocation{end}") for end in ("MinX0", "MinY0", "MaxX1", "MaxY1")]
        box = tuple(int(edge) for edge in edges) if None not in edges else None
        found.append(Calibration(spacing, "SequenceOfUltrasoundRegions", box=box))  # type: ignore[arg-type]
    return tuple(found)


def unit_of(ds: pydicom.Dataset) -> str | None:
    """Return the unit of the rescaled values, None where the header does not say."""
    named = _text(ds, "Units") or _text(ds, "RescaleType")
    if named is None and _text(ds, "Modality") == "CT" and ds.get("RescaleIntercept") is not None:
        return "HU"  # what a rescaled CT image holds where it names nothing else (C.8.2.1.1.5)
    return None if named in (None, "US") else _UNITS.get(str(named), named)  # "US": unspecified


def _text(ds: pydicom.Dataset, name: str) -> str | None:
    return str(ds.get(name) or "").strip() or None


def _laterality(ds: pydicom.Dataset, groups: Sequence[pydicom.Dataset | None]) -> str | None:
    """Return the side that the image or its frames name, or else the series."""
    named = [_text(ds, "ImageLaterality")]
    for group in groups:
        for anatomy in (group.get("FrameAnatomySequence") if group is not None else None) or []:
            named.append(_text(anatomy, "FrameLaterality"))
    sides = {side for side in named if side}
    return sides.pop() if len(sides) == 1 else "B" if sides else _text(ds, "Laterality")


def _view(ds: pydicom.Dataset) -> str | None:
    """Return the view position, or else the meaning of the view's code."""
    codes = ds.get("ViewCodeSequence") or []
    return _text(ds, "ViewPosition") or (_text(codes[0], "CodeMeaning") if codes else None)
