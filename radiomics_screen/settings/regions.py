"""Regions beyond the lesion: what the section ``regions`` of a parameter file says, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from radiomics_screen.core.column_names import REGION, RESERVED_BLOCKS, block_of
from radiomics_screen.core.errors import did_you_mean
from radiomics_screen.core.options import REQUIRED, options_of
from radiomics_screen.features import FAMILIES
from radiomics_screen.imaging.ring import ring
from radiomics_screen.settings.frozen import frozen
from radiomics_screen.settings.schema import checked

ImageType = TypeVar("ImageType")
Families = Mapping[str, tuple[str, ...]]
#: Checks the sections ``imageType`` and ``featureClass`` of a region; they may be missing.
ReadContent = Callable[[Mapping[str, Any], list[str]], tuple[tuple[ImageType, ...], Families | None]]

#: What a region has beside the options of its ring.
FEATURE_CLASS, IMAGE_TYPE = "featureClass", "imageType"


@dataclass(frozen=True)
class RegionBeyond(Generic[ImageType]):
    """One entry of ``regions``: a ring round the lesion's edge, measured as a lesion of its own.

    Attributes
    ----------
    name
        What stands before the point in the names of its columns.
    ring
        Options of :func:`~radiomics_screen.imaging.ring.ring`, all of them.
    families
        Features wanted of each family.
    image_types
        Filters in the order of the file.
    """

    name: str
    ring: Mapping[str, Any]
    families: Families
    image_types: tuple[ImageType, ...]

    def __post_init__(self) -> None:
        for name in ("ring", "families"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def read_regions(
    content: Any, read: ReadContent[ImageType], problems: list[str]
) -> tuple[RegionBeyond[ImageType], ...]:
    """Check the section ``regions`` and return its regions, in the order of the file."""
    if not content:
        return ()
    if not isinstance(content, Mapping):
        problems.append(f"regions: expected names with outer, featureClass ..., got {content!r:.60}")
        return ()
    found = (_region(name, about, read, problems) for name, about in content.items())
    return tuple(region for region in found if region is not None)


def _region(
    name: Any, about: Any, read: ReadContent[ImageType], problems: list[str]
) -> RegionBeyond[ImageType] | None:
    if problem := _wrong_name(name):
        problems.append(f"regions: {problem}")
        return None
    where, own = f"regions.{name}", options_of(ring)
    if not isinstance(about, Mapping):
        problems.append(f"{where}: expected {', '.join(own)} and featureClass, got {about!r:.60}")
        return None
    known = (*own, FEATURE_CLASS, IMAGE_TYPE)
    unknown = [key for key in about if key not in known]
    problems.extend(f"{where}: unknown option '{key}'{did_you_mean(key, known)}" for key in unknown)
    ring_options = checked(where, {k: v for k, v in about.items() if k in own}, own, problems)
    problems.extend(
        f"{where} needs '{o.name}': {o.doc}"
        for o in own.values()
        if o.default is REQUIRED and about.get(o.name) is None
    )
    inner, outer = ring_options.get("inner"), ring_options.get("outer")
    if inner is not None and outer is not None and not inner < outer:
        problems.append(f"{where}: inner ({inner:g}) must be less than outer ({outer:g})")
    inside: list[str] = []
    image_types, families = read(about, inside)
    problems.extend(f"{where}.{problem}" for problem in inside)
    if families is None and not inside:
        problems.append(f"{where} needs 'featureClass': the families that describe it, such as firstorder")
    problems.extend(f"{where}.featureClass: {reason}" for reason in _unfit(families or ()))
    return RegionBeyond(name, ring_options, families or {}, image_types)


def _wrong_name(name: Any) -> str:
    """Say why a region cannot be called so, for it would make unclear what a column is of."""
    if not isinstance(name, str) or not re.fullmatch(REGION, name):
        return (
            f"a region's name is of letters, digits and hyphens and begins with a letter, got {name!r:.60}; "
            "rename it"
        )
    if name in RESERVED_BLOCKS:
        return f"'{name}' is what other columns are called together; name the region otherwise"
    if name in {block_of(f"original_{family}_") for family in FAMILIES}:
        return f"'{name}' is what features of the lesion itself are called; name the region otherwise"
    return ""


def _unfit(families: Iterable[str]) -> list[str]:
    """Say which families cannot describe a ring: those of an outline, or of the lesion on its image."""
    return [
        f"a ring has no outline to measure, nor is it seen as a whole as {name} needs it; take {name} out"
        for name in families
        if FAMILIES[name].of_mask or FAMILIES[name].of_original
    ]
