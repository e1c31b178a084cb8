"""Whose a DICOM object is, and which images it was drawn on: the header alone, no pixels.

Attribute names and meanings: DICOM PS3.3 (C.8.20 segmentation, C.8.8.5 structure set, C.12.4 common instance
reference).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom

from radiomics_screen.imaging.reading.dicom.header import BROKEN_HEADER
from radiomics_screen.imaging.reading.formats import damaged, shortened

_TAGS = [
    "SOPInstanceUID", "SeriesInstanceUID", "Modality", "PatientID", "Rows", "Columns",
    "ReferencedSeriesSequence", "SourceImageSequence", "ReferencedFrameOfReferenceSequence",
]  # fmt: skip
_DRAWN = {"SEG": "segmentation", "RTSTRUCT": "structure set"}


@dataclass(frozen=True)
class DicomObject:
    """What a header says about one file; a text is "" where the header lacks it.

    Attributes
    ----------
    instance, series
        UIDs of the object and of its series.
    modality, patient_id
        As in the header: CT, MR, US, MG, SEG, RTSTRUCT ...
    has_pixels
        Whether it is an image.
    drawn
        "segmentation" or "structure set"; "" for any other object.
    drawn_on_series, drawn_on_instances
        UIDs of the series and images that a segmentation or structure set refers to.
    """

    instance: str
    series: str
    modality: str
    patient_id: str
    has_pixels: bool
    drawn: str = ""
    drawn_on_series: frozenset[str] = frozenset()
    drawn_on_instances: frozenset[str] = frozenset()


def describe_object(path: Path) -> DicomObject:
    """Read what a DICOM file is, and which images it refers to.

    Raises
    ------
    ReadError
        The header is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=_TAGS)
            return _described(dataset)
    except BROKEN_HEADER as error:
        raise damaged(path, "DICOM file", shortened(error)) from error


def _described(ds: pydicom.Dataset) -> DicomObject:
    modality = _text(ds, "Modality")
    drawn = _DRAWN.get(modality, "")
    references = list(_references(ds)) if drawn else []
    return DicomObject(
        instance=_text(ds, "SOPInstanceUID"),
        series=_text(ds, "SeriesInstanceUID"),
        modality=modality,
        patient_id=_text(ds, "PatientID"),
        has_pixels=bool(ds.get("Rows") and ds.get("Columns")) and not drawn,
        drawn=drawn,
        drawn_on_series=frozenset(uid for kind, uid in references if kind == "series" and uid),
        drawn_on_instances=frozenset(uid for kind, uid in references if kind == "instance" and uid),
    )


def _references(ds: pydicom.Dataset) -> Iterator[tuple[str, str]]:
    """Yield the series and instances that a segmentation or structure set names."""
    for series in ds.get("ReferencedSeriesSequence") or ():
        yield "series", _text(series, "SeriesInstanceUID")
        for instance in series.get("ReferencedInstanceSequence") or ():
            yield "instance", _text(instance, "ReferencedSOPInstanceUID")
    for image in ds.get("SourceImageSequence") or ():
        yield "instance", _text(image, "ReferencedSOPInstanceUID")
    for frame in ds.get("ReferencedFrameOfReferenceSequence") or ():
        for study in frame.get("RTReferencedStudySequence") or ():
            for series in study.get("RTReferencedSeriesSequence") or ():
                yield "series", _text(series, "SeriesInstanceUID")
                for instance in series.get("ContourImageSequence") or ():
                    yield "instance", _text(instance, "ReferencedSOPInstanceUID")


def _text(ds: Any, name: str) -> str:
    return str(ds.get(name) or "").strip()
