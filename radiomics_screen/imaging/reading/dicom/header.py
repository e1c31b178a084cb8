"""The facts of a DICOM header that decide how its pixels are to be read and where they lie.

Attribute names and meanings: DICOM PS3.3 (C.7.6 image, C.8.5.5 ultrasound regions, C.7.6.16 functional
groups of multi-frame images, C.8.8.3 dose grids).
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import BytesLengthException, InvalidDicomError

from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.loaded_image import Calibration, Identity, Rescale
from radiomics_screen.imaging.reading.dicom.elements import Pixels, find_pixels
from radiomics_screen.imaging.reading.dicom.identity import (
    TAGS,
    calibrations_of,
    first_item,
    identity_of,
    unit_of,
)
from radiomics_screen.imaging.reading.dicom.value_mapping import TAGS as MAPPING_TAGS
from radiomics_screen.imaging.reading.dicom.value_mapping import ValueMapping, mapping_of
from radiomics_screen.imaging.reading.formats import damaged, shortened

_TAGS = [
    *TAGS, *MAPPING_TAGS,
    "SOPClassUID", "SOPInstanceUID", "Modality", "SeriesInstanceUID", "SeriesDescription", "SeriesNumber",
    "Rows", "Columns", "NumberOfFrames", "PhotometricInterpretation", "SamplesPerPixel", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation",
    "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "SequenceOfUltrasoundRegions",
    "ImagePositionPatient", "ImageOrientationPatient", "SpacingBetweenSlices", "GridFrameOffsetVector",
    "DoseGridScaling",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
]  # fmt: skip
# What pydicom raises on broken headers; it decodes a value when it is asked for, so anywhere below.
BROKEN_HEADER = (
    BytesLengthException, InvalidDicomError, OSError, EOFError, ValueError, LookupError, AttributeError,
    TypeError, ArithmeticError, NotImplementedError, RecursionError, struct.error,
)  # fmt: skip
_CENTIMETRES = 3  # PhysicalUnitsXDirection
_TISSUE = 1  # RegionSpatialFormat "2D"

Vector = tuple[float, ...]


@dataclass(frozen=True)
class Header:
    """What was found in one file. Lengths in mm; (x, y, z) are DICOM's patient axes, as ITK's."""

    path: Path
    kind: str  # name of the SOP class: "CT Image Storage"
    modality: str
    syntax: str  # transfer syntax UID
    instance: str
    series: str
    series_text: str
    rows: int
    columns: int
    frames: int
    photometric: str
    samples: int
    bits: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    pixels: Pixels | None  # where they lie in the file
    spacing_mm: tuple[float, float] | None  # (x, y): distance of columns, of rows
    spacing_source: str
    axes: Vector | None  # direction cosines of a row and of a column
    positions_mm: tuple[Vector, ...]  # of the first pixel: one, or one a frame; empty where unknown
    frame_distance_mm: float | None  # between frames, where the header gives it directly
    differing: str  # what the frames of one image must share and do not; "" where they do
    mapping: ValueMapping  # of stored values
    dose_scaling: float | None
    identity: Identity
    calibrations: tuple[Calibration, ...]
    unit: str | None  # of the rescaled values

    @property
    def rescale(self) -> Rescale | None:
        """What stored values of the first frame went through; None where they stayed as they are."""
        slope, intercept = self.mapping.linear[0]
        return None if (slope, intercept) == (1.0, 0.0) else Rescale(slope, intercept)

    @property
    def is_segmentation(self) -> bool:
        """Return whether the object is a DICOM segmentation."""
        return self.modality == "SEG" or self.kind.startswith("Segmentation")


def read_header(path: Path) -> Header:
    """Read the header of one DICOM file.

    Raises
    ------
    ReadError
        The header is damaged.
    """
    pixels = find_pixels(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about bent values; those that matter are checked
            dataset = pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=_TAGS)
            return _header(path, dataset, pixels)
    except BROKEN_HEADER as error:
        raise damaged(path, "DICOM file", shortened(error)) from error


def _header(path: Path, ds: pydicom.Dataset, pixels: Pixels | None) -> Header:
    shared = first_item(ds, "SharedFunctionalGroupsSequence")
    frames = list(ds.get("PerFrameFunctionalGroupsSequence") or [])
    groups = [shared, *frames]
    spacing, source = _pixel_spacing(ds, groups)
    kind = ds.get("SOPClassUID") or ds.file_meta.get("MediaStorageSOPClassUID")
    mapping = mapping_of(ds, groups, str(kind or ""))
    bits = int(ds.get("BitsAllocated") or 0)
    stored = int(ds.get("BitsStored") or bits)
    return Header(
        path=path,
        kind=str(kind.name) if kind else "",
        modality=str(ds.get("Modality") or ""),
        syntax=str(ds.file_meta.get("TransferSyntaxUID") or ""),
        instance=str(ds.get("SOPInstanceUID") or ""),
        series=str(ds.get("SeriesInstanceUID") or ""),
        series_text=" ".join(str(ds.get(k)) for k in ("SeriesNumber", "SeriesDescription") if ds.get(k)),
        rows=int(ds.get("Rows") or 0),
        columns=int(ds.get("Columns") or 0),
        frames=int(ds.get("NumberOfFrames") or 1),
        photometric=str(ds.get("PhotometricInterpretation") or ""),
        samples=int(ds.get("SamplesPerPixel") or 1),
        bits=bits,
        bits_stored=stored,
        high_bit=int(ds.get("HighBit") or stored - 1),
        is_signed=bool(ds.get("PixelRepresentation")),
        pixels=pixels,
        spacing_mm=spacing,
        spacing_source=source,
        axes=_only(_vectors(ds, groups, "PlaneOrientationSequence", "ImageOrientationPatient", 6)),
        positions_mm=_positions(ds, groups),
        frame_distance_mm=_frame_distance(ds, groups),
        differing=_differing(ds, groups),
        mapping=mapping,
        dose_scaling=float(ds.DoseGridScaling) if ds.get("DoseGridScaling") else None,
        identity=identity_of(ds, groups, str(kind or "")),
        calibrations=calibrations_of(ds, groups),
        unit=mapping.unit or (None if ds.get("ModalityLUTSequence") else unit_of(ds, groups)),
    )


def _numbers(value: Any, count: int) -> Vector | None:
    """Return `count` finite numbers, or nothing."""
    if value is None or isinstance(value, str) or not isinstance(value, Iterable):
        return None
    numbers = tuple(float(v) for v in value)
    return numbers if len(numbers) == count and all(map(isfinite, numbers)) else None


def _vectors(
    ds: pydicom.Dataset, groups: list[pydicom.Dataset | None], sequence: str, name: str, count: int
) -> list[Vector]:
    """Return every value of an attribute: at the top, or in the functional groups of the frames."""
    top = _numbers(ds.get(name), count)
    if top:
        return [top]
    items = (first_item(group, sequence) for group in groups)
    values = (_numbers(item.get(name), count) for item in items if item is not None)
    return [value for value in values if value]


def _only(values: list[Vector]) -> Vector | None:
    """Return the one value there is, the frames agreeing to a rounding; nothing where they do not."""
    same = values and all(max(abs(a - b) for a, b in zip(values[0], v, strict=True)) < 1e-4 for v in values)
    return values[0] if same else None


def _differing(ds: pydicom.Dataset, groups: list[pydicom.Dataset | None]) -> str:
    """Name what differs from frame to frame although one grid has only one of it."""
    facts = (
        ("orientation", "PlaneOrientationSequence", "ImageOrientationPatient", 6),
        ("pixel spacing", "PixelMeasuresSequence", "PixelSpacing", 2),
    )
    found = ((what, _vectors(ds, groups, sequence, name, count)) for what, sequence, name, count in facts)
    return next((what for what, values in found if values and not _only(values)), "")


def _positions(ds: pydicom.Dataset, groups: list[pydicom.Dataset | None]) -> tuple[Vector, ...]:
    places = tuple(_vectors(ds, groups, "PlanePositionSequence", "ImagePositionPatient", 3))
    axes = _numbers(ds.get("ImageOrientationPatient"), 6)
    offsets = _grid_offsets(ds)
    if len(places) != 1 or axes is None or not offsets or _even_step(offsets):
        return places
    normal = (
        axes[1] * axes[5] - axes[2] * axes[4],
        axes[2] * axes[3] - axes[0] * axes[5],
        axes[0] * axes[4] - axes[1] * axes[3],
    )
    return tuple(
        tuple(p + (offset - offsets[0]) * n for p, n in zip(places[0], normal, strict=True))
        for offset in offsets
    )


def _grid_offsets(ds: pydicom.Dataset) -> list[float]:
    """Return where the frames of a dose grid lie along its normal, in mm."""
    offsets = ds.get("GridFrameOffsetVector")
    if offsets is None or isinstance(offsets, (str, float)) or len(offsets) < 2:
        return []
    return [float(offset) for offset in offsets] if len(offsets) == ds.get("NumberOfFrames") else []


def _even_step(offsets: list[float]) -> float | None:
    """Return the distance of frames that lie evenly, the first at the bottom."""
    steps = [b - a for a, b in pairwise(offsets)]
    return steps[0] if steps[0] > 0 and max(steps) - min(steps) < 0.01 * steps[0] else None


def _frame_distance(ds: pydicom.Dataset, groups: list[pydicom.Dataset | None]) -> float | None:
    if offsets := _grid_offsets(ds):
        return _even_step(offsets)
    for item in (ds, *(first_item(group, "PixelMeasuresSequence") for group in groups)):
        distance = item.get("SpacingBetweenSlices") if item is not None else None
        if distance is not None and isfinite(float(distance)) and float(distance) > 0:
            return float(distance)
    return None


def _pixel_spacing(
    ds: pydicom.Dataset, groups: list[pydicom.Dataset | None]
) -> tuple[tuple[float, float] | None, str]:
    """Return (x, y) in mm and the attribute that gave it, the most trustworthy first."""
    candidates: list[tuple[str, Vector | None]] = [
        ("PixelSpacing", _only(_vectors(ds, groups, "PixelMeasuresSequence", "PixelSpacing", 2))),
        ("ImagerPixelSpacing", _numbers(ds.get("ImagerPixelSpacing"), 2)),
        ("NominalScannedPixelSpacing", _numbers(ds.get("NominalScannedPixelSpacing"), 2)),
        ("SequenceOfUltrasoundRegions", _ultrasound_spacing(ds)),
    ]
    for source, spacing in candidates:
        if spacing and min(spacing) > 0:
            return (spacing[1], spacing[0]), source  # DICOM gives the distance of rows first
    return None, ""


def _ultrasound_spacing(ds: pydicom.Dataset) -> Vector | None:
    """Return (rows, columns) in mm where all tissue regions of an ultrasound picture agree on it."""
    regions = ds.get("SequenceOfUltrasoundRegions") or []
    regions = [r for r in regions if r.get("RegionSpatialFormat") == _TISSUE]
    units = {(r.get("PhysicalUnitsXDirection"), r.get("PhysicalUnitsYDirection")) for r in regions}
    if units != {(_CENTIMETRES, _CENTIMETRES)}:
        return None
    return _only([(10 * abs(float(r.PhysicalDeltaY)), 10 * abs(float(r.PhysicalDeltaX))) for r in regions])


def refuse_other_objects(header: Header) -> None:
    """Raise the error that says what to do with a DICOM object that is no image."""
    if header.is_segmentation:
        raise ReadError(
            f"{header.path}: is a DICOM segmentation (SEG); a later version reads it; until then write "
            "its segments to NIfTI on the grid of the image (3D Slicer, or dcmqi's segimage2itkimage)"
        )
    if header.modality == "RTSTRUCT" or header.kind.startswith("RT Structure Set"):
        raise ReadError(
            f"{header.path}: is a DICOM structure set (RTSTRUCT); a later version reads it; until then "
            "turn its contours into a NIfTI mask on the grid of the image (3D Slicer, or plastimatch convert)"
        )
    if header.kind.startswith("Media Storage Directory"):
        raise ReadError(f"{header.path}: is a DICOMDIR; give the folder of a series, or a file")
    if not (header.rows and header.columns):
        raise ReadError(
            f"{header.path}: holds no image ({header.kind or 'no SOP class'}); give a DICOM image"
        )
