"""What stored values of a DICOM image stand for: rescale slope and intercept, wherever the header has them.

Attribute names and meanings: DICOM PS3.3 (C.11.1 modality LUT, C.7.6.16.2.9 and C.7.6.16.2.11 functional
groups of multi-frame images, C.7.6.16.2.11 and C.7.6.18 real world values).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import pydicom

from radiomics_screen.imaging.reading.dicom.identity import first_item

Groups = Sequence[pydicom.Dataset | None]
Linear = tuple[float, float]  # slope and intercept
_IDENTITY = (1.0, 0.0)
TAGS = ["RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "RealWorldValueMappingSequence"]
# The classes whose functional groups GDCM looks into.
_GDCM_READS_GROUPS = (
    "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.130",
    "1.2.840.10008.5.1.4.1.1.2.2", "1.2.840.10008.5.1.4.1.1.4.4", "1.2.840.10008.5.1.4.1.1.128.1",
    "1.2.840.10008.5.1.4.1.1.13.1.1", "1.2.840.10008.5.1.4.1.1.13.1.2", "1.2.840.10008.5.1.4.1.1.13.1.3",
)  # fmt: skip


@dataclass(frozen=True)
class ValueMapping:
    """How stored values become values: ``slope * stored + intercept``.

    Attributes
    ----------
    linear
        Slopes and intercepts: one, or one a frame where they differ.
    is_applied_by_gdcm
        Whether GDCM applies just this.
    unit
        That real world values name; None where others say it.
    stored_range
        Stored values that real world values are defined for, where the header says so.
    remarks
        What the reader of a row must know about it.
    problem
        Why nothing can be applied; "" where there is none.
    """

    linear: tuple[Linear, ...] = (_IDENTITY,)
    is_applied_by_gdcm: bool = True
    unit: str | None = None
    stored_range: tuple[float, float] | None = None
    remarks: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class _RealWorld:
    """One item of a real world value mapping; `linear` is None for a table."""

    linear: Linear | None
    unit: str | None
    stored_range: tuple[float, float] | None

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if self.linear is None:
            return f"table{unit}"
        return f"{self.linear[0]:g} * stored + {self.linear[1]:g}{unit}"


def mapping_of(ds: pydicom.Dataset, groups: Groups, sop_class_uid: str) -> ValueMapping:
    """Return what a header says; `groups` are the shared functional groups and those of each frame."""
    real_world = _real_world(ds, groups)
    if (in_groups := _of_groups(groups)) is not None:
        if None in in_groups:
            return ValueMapping(problem="some of its frames have a rescale slope and others have none")
        linear = _once([pair for pair in in_groups if pair])
        by_gdcm = len(linear) == 1 and sop_class_uid in _GDCM_READS_GROUPS
        return _checked(ValueMapping(linear, by_gdcm, remarks=_unused(real_world, linear)))
    if ds.get("RescaleSlope") is not None or ds.get("RescaleIntercept") is not None:
        linear = (_linear(ds),)
        return _checked(ValueMapping(linear, remarks=_unused(real_world, linear)))
    if ds.get("ModalityLUTSequence"):
        text = "the DICOM file's modality lookup table was not applied: the values are the stored ones"
        return ValueMapping(remarks=(text,))
    if int(ds.get("SamplesPerPixel") or 1) > 1 or not any(real_world):
        return ValueMapping()
    return _checked(_of_real_world(real_world))


def _checked(mapping: ValueMapping) -> ValueMapping:
    if all(isfinite(number) for pair in mapping.linear for number in pair):
        return mapping
    return ValueMapping(problem="its rescale slope or intercept is not a finite number")


def _once(pairs: Sequence[Linear]) -> tuple[Linear, ...]:
    return tuple(pairs) if len(set(pairs)) > 1 else (pairs[0],)


def _linear(item: pydicom.Dataset) -> Linear:
    """Return slope and intercept; a slope of 0 would leave nothing and counts as not given."""
    return float(item.get("RescaleSlope") or 1.0), float(item.get("RescaleIntercept") or 0.0)


def _frames(groups: Groups, sequence: str) -> list[list[pydicom.Dataset]]:
    """Return the items of a functional group for each frame: its own, or those that all share."""
    shared, frames = groups[0], groups[1:]
    common = list(shared.get(sequence) or []) if shared is not None else []
    own = [list(frame.get(sequence) or []) if frame is not None else [] for frame in frames]
    return [items or common for items in own] or [common]


def _of_groups(groups: Groups) -> list[Linear | None] | None:
    """Return slope and intercept of each frame; None where the functional groups have none at all."""
    found = [_linear(i[0]) if i else None for i in _frames(groups, "PixelValueTransformationSequence")]
    return found if any(found) else None


def _real_world(ds: pydicom.Dataset, groups: Groups) -> list[tuple[_RealWorld, ...]]:
    """Return the different real world value mappings of each frame."""
    top = list(ds.get("RealWorldValueMappingSequence") or [])
    frames = _frames(groups, "RealWorldValueMappingSequence")
    return [tuple(dict.fromkeys(map(_item, items or top))) for items in frames]


def _item(item: pydicom.Dataset) -> _RealWorld:
    slope, intercept = item.get("RealWorldValueSlope"), item.get("RealWorldValueIntercept")
    is_linear = slope is not None and intercept is not None
    units = first_item(item, "MeasurementUnitsCodeSequence")
    unit = str(units.get("CodeValue") or "").strip() if units is not None else ""
    ends = [
        _first_given(item, f"RealWorldValue{end}ValueMapped", f"DoubleFloatRealWorldValue{end}ValueMapped")
        for end in ("First", "Last")
    ]
    return _RealWorld(
        (float(slope), float(intercept)) if is_linear else None,
        unit or None,
        (float(ends[0]), float(ends[1])) if None not in ends else None,
    )


def _first_given(item: pydicom.Dataset, *names: str) -> Any:
    return next((item.get(name) for name in names if item.get(name) is not None), None)


def _of_real_world(frames: list[tuple[_RealWorld, ...]]) -> ValueMapping:
    """Apply real world values where nothing else maps the stored ones, and where they are unambiguous."""
    every = list(dict.fromkeys(item for items in frames for item in items))
    listed = "; ".join(map(str, every[:4]))
    if any(len(items) > 1 for items in frames) or any(item.linear is None for item in every):
        why = "it is a table" if len(every) == 1 else "there are several"
        text = f"real world values ({listed}) were not applied, as {why}: the values are the stored ones"
        return ValueMapping(remarks=(text,))
    if not all(frames):
        return ValueMapping(problem="some of its frames have real world values and others have none")
    if len({item.unit for item in every}) > 1:
        return ValueMapping(problem=f"its frames differ in the unit of their real world values ({listed})")
    ranges = [item.stored_range for item in every if item.stored_range]
    linear = _once([items[0].linear for items in frames if items[0].linear])
    return ValueMapping(
        linear,
        is_applied_by_gdcm=linear == (_IDENTITY,),
        unit=every[0].unit,
        stored_range=(max(a for a, _ in ranges), min(b for _, b in ranges)) if ranges else None,
        remarks=(f"real world values were applied: {listed}",) if linear != (_IDENTITY,) else (),
    )


def _unused(frames: list[tuple[_RealWorld, ...]], linear: tuple[Linear, ...]) -> tuple[str, ...]:
    """Say that real world values are there beside a rescale that says something else."""
    others = dict.fromkeys(
        item for items in frames for item in items if item.linear is None or item.linear not in linear
    )
    if not others:
        return ()
    listed = "; ".join(map(str, list(others)[:4]))
    return (f"real world values ({listed}) were not applied: the rescale slope of the header was",)
