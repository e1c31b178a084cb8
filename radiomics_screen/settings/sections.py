"""Sections of the parameter file that are lists of things by name: steps, image types, families."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from radiomics_screen.core.errors import did_you_mean
from radiomics_screen.core.options import REQUIRED, options_of
from radiomics_screen.features import FAMILIES
from radiomics_screen.filters import FILTERS
from radiomics_screen.imaging.preprocessing import STEPS, with_files_in
from radiomics_screen.settings.frozen import frozen
from radiomics_screen.settings.schema import PER_IMAGE, checked, known_settings, merged

#: Features that pyradiomics names and no longer computes, and what has their values.
RETIRED = {
    ("glcm", "Dissimilarity"): "since it equals DifferenceAverage",
    ("glcm", "Homogeneity1"): "since it equals Id",
    ("glcm", "Homogeneity2"): "since it equals Idm",
    ("glcm", "SumVariance"): "since it equals ClusterTendency",
    ("gldm", "DependencePercentage"): "since it is always 1",
    ("gldm", "GrayLevelNonUniformityNormalized"): "since it equals Uniformity of firstorder",
}


@dataclass(frozen=True)
class Step:
    """One entry of ``preprocessing``: a registered step and all its options."""

    name: str
    options: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", frozen(self.options))


@dataclass(frozen=True)
class ImageType:
    """One entry of ``imageType``: a registered filter, and what differs from ``setting`` for it."""

    name: str
    overrides: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "overrides", frozen(self.overrides))

    @cached_property
    def key(self) -> str:
        """Tells entries apart."""
        return f"{self.name} {dict(self.overrides)}"


def steps_in(content: Any, folder: Path, problems: list[str]) -> tuple[Step, ...]:
    """Check the preprocessing steps; a file that one names lies relative to the parameter file."""
    steps = []
    if not isinstance(content or [], list | tuple):
        problems.append(f"preprocessing: expected a list of steps ('- median'), got {content!r:.60}")
        return ()
    for number, item in enumerate(content or [], start=1):
        if isinstance(item, str):
            item = {item: None}
        if not isinstance(item, Mapping) or len(item) != 1:
            problems.append(f"preprocessing, step {number}: expected 'name: {{options}}', got {item!r:.60}")
            continue
        ((name, options),) = item.items()
        if name not in STEPS:
            problems.append(f"preprocessing: unknown step '{name}'{did_you_mean(name, STEPS)}")
            continue
        known = options_of(STEPS[name])
        values = checked(f"preprocessing.{name}", options, known, problems)
        missing = [o for o in known.values() if o.default is REQUIRED and o.name not in values]
        problems.extend(f"preprocessing.{name} needs '{o.name}': {o.doc}" for o in missing)
        steps.append(Step(name, with_files_in(name, values, folder)))
    return tuple(steps)


def image_types_in(content: Any, problems: list[str]) -> tuple[ImageType, ...]:
    """Check the image types; a list may name one several times, with other options."""
    if not content:
        return (ImageType("Original", {}),)
    entries = [content] if isinstance(content, Mapping) else content
    if not isinstance(entries, list | tuple) or not all(
        isinstance(entry, str | Mapping) for entry in entries
    ):
        problems.append(f"imageType: expected names with options, got {content!r:.60}")
        return ()
    types: list[ImageType] = []
    for entry in entries:
        for name, overrides in ({entry: None} if isinstance(entry, str) else entry).items():
            made = _image_type(name, overrides, problems)
            if made is not None and made.key in [other.key for other in types]:
                problems.append(f"imageType: {name} is given twice with the same options")
            elif made is not None:
                types.append(made)
    return tuple(types)


def _image_type(name: Any, overrides: Any, problems: list[str]) -> ImageType | None:
    if name not in FILTERS:
        problems.append(f"imageType: unknown image type '{name}'{did_you_mean(str(name), FILTERS)}")
        return None
    if not isinstance(overrides or {}, Mapping):
        problems.append(f"imageType.{name}: expected options with values, got {overrides!r:.60}")
        return None
    texture = [f.compute for _, f in FAMILIES.items() if not (f.of_mask or f.of_original)]
    own = merged([FILTERS[name], *PER_IMAGE, *texture])
    foreign = [key for key in overrides or {} if key not in own and key in known_settings()]
    problems.extend(f"imageType.{name}: {_why_not(key)}" for key in foreign)
    rest = {k: v for k, v in (overrides or {}).items() if k not in foreign}
    return ImageType(name, checked(f"imageType.{name}", rest, own, problems, defaults=False))


def as_content(image_types: tuple[ImageType, ...]) -> Any:
    """Write image types as the file has them: by name, or as a list where a name comes twice."""
    entries = [{image_type.name: dict(image_type.overrides)} for image_type in image_types]
    by_name = {name: overrides for entry in entries for name, overrides in entry.items()}
    return by_name if len(by_name) == len(entries) else entries


def _why_not(option: str) -> str:
    """Say why a known option has no place under an image type that it has no effect on."""
    owners = [name for name, filter_ in FILTERS.items() if option in options_of(filter_)]
    if owners:
        return f"'{option}' is an option of {' and '.join(owners)}; take it out here"
    return f"'{option}' acts before the image types are made; set it under 'setting'"


def families_in(content: Any, problems: list[str]) -> dict[str, tuple[str, ...]] | None:
    """Return the features of each family in a settings section; add what is wrong to `problems`."""
    if not content:
        return None
    if not isinstance(content, Mapping):
        problems.append(
            f"featureClass: expected names of families with lists of features, got {content!r:.60}"
        )
        return None
    families = {}
    for name in sorted(content, key=str):
        if name not in FAMILIES:
            problems.append(f"featureClass: unknown feature family '{name}'{did_you_mean(name, FAMILIES)}")
            continue
        family, asked = FAMILIES[name], content[name] or ()
        known = family.features + family.on_request
        if not isinstance(asked, list | tuple) or not all(isinstance(feature, str) for feature in asked):
            problems.append(f"featureClass.{name}: expected a list of features, got {asked!r:.60}")
            continue
        for feature in asked:
            if feature not in known:
                twin = RETIRED.get((name, feature))
                hint = f": pyradiomics retired it, {twin}" if twin else did_you_mean(feature, known)
                problems.append(f"featureClass.{name}: unknown feature '{feature}'{hint}")
        families[name] = tuple(f for f in known if f in asked) if asked else family.features
    return families
