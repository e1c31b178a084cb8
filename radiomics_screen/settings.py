"""The parameter file: read, checked against the signatures it speaks of, resolved, written back.

The file has pyradiomics' sections (``imageType``, ``featureClass``, ``setting``,
``voxelSetting``) and more: ``preprocessing``, ``conventions``, ``regions`` and ``embedding``. What each
may hold is read from the signatures of the preprocessing steps, filters, feature families and of the stages
in between.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from radiomics_screen.conventions import GREY_LEVELS, PYRADIOMICS, SWITCHES
from radiomics_screen.errors import SettingsError, did_you_mean
from radiomics_screen.features import FAMILIES
from radiomics_screen.filters import FILTERS
from radiomics_screen.imaging.preprocessing import STEPS, with_files_in
from radiomics_screen.notes import note
from radiomics_screen.options import REQUIRED, options_of
from radiomics_screen.regions import IMAGE_TYPE, RegionBeyond, read_regions
from radiomics_screen.schema import (
    EITHER_OR,
    PER_IMAGE,
    Function,
    checked,
    checked_embedding,
    known_settings,
    merged,
    read_yaml,
    voxel_maps,
)

SECTIONS = (
    "conventions", "preprocessing", "imageType", "featureClass", "regions", "embedding",
    "setting", "voxelSetting",
)  # fmt: skip

#: What ``featureClass`` says where no family is wanted, but only what other sections ask for.
NO_FAMILIES = "none"

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


@dataclass(frozen=True)
class ImageType:
    """One entry of ``imageType``: a registered filter, and what differs from ``setting`` for it."""

    name: str
    overrides: Mapping[str, Any]

    @cached_property
    def key(self) -> str:
        """Tells entries apart."""
        return f"{self.name} {dict(self.overrides)}"


@dataclass(frozen=True)
class Settings:
    """A parameter file, resolved: every option has its value.

    Attributes
    ----------
    preprocessing
        Steps in the order in which they are done.
    image_types
        Filters in the order of the file.
    families
        Features wanted of each family; None stands for every family that fits the image; empty for none.
    setting
        Value of every option that a stage, a filter or a family has, by name.
    voxel_setting
        Options for voxel maps: those that the file gave, or all of them if they were asked for.
    conventions
        Whose conventions the defaults follow: "pyradiomics" or "ibsi".
    regions
        Regions beyond the lesion that are measured too.
    embedding
        Options of the crops and of the network that makes vectors of them; None: there is no embedding.
    """

    preprocessing: tuple[Step, ...]
    image_types: tuple[ImageType, ...]
    families: Mapping[str, tuple[str, ...]] | None
    setting: Mapping[str, Any]
    voxel_setting: Mapping[str, Any]
    conventions: str = PYRADIOMICS
    regions: tuple[RegionBeyond[ImageType], ...] = ()
    embedding: Mapping[str, Any] | None = None

    def options(self, function: Function, image_type: ImageType | None = None) -> dict[str, Any]:
        """Return the keyword arguments for `function`, for one image type where one is given.

        The same dict each time: do not write to it.
        """
        key = (function, image_type.key if image_type else "")
        if key not in self._options:
            values = {**self.setting, **(image_type.overrides if image_type else {})}
            self._options[key] = {name: values[name] for name in options_of(function) if name in values}
        return self._options[key]

    @cached_property
    def _options(self) -> dict[tuple[Function, str], dict[str, Any]]:
        return {}

    @cached_property
    def wanted(self) -> dict[str, tuple[str, ...]]:
        """The features wanted of each family, by name."""
        if self.families is not None:
            return dict(self.families)
        return {
            name: family.features
            for name, family in FAMILIES.items()
            if family.conventions == self.conventions
        }

    @property
    def measures(self) -> bool:
        """Whether features are computed of anything; else there is only what a network makes of lesions."""
        return bool(self.wanted or self.regions)

    @cached_property
    def of_regions(self) -> dict[str, Settings]:
        """The settings with which each region beyond the lesion is measured, by its name."""
        alone = replace(self, regions=(), embedding=None)
        return {
            region.name: replace(alone, image_types=region.image_types, families=region.families)
            for region in self.regions
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the resolved parameters as plain data; :func:`load_settings` takes them back."""
        plain: dict[str, Any] = json.loads(
            json.dumps(
                {
                    "conventions": self.conventions,
                    "preprocessing": [{step.name: dict(step.options)} for step in self.preprocessing],
                    "imageType": _as_content(self.image_types),
                    "featureClass": NO_FAMILIES if self.families == {} else dict(self.families or {}),
                    "setting": dict(self.setting),
                    "voxelSetting": dict(self.voxel_setting),
                    **({"regions": _regions_as_content(self.regions)} if self.regions else {}),
                    **({"embedding": dict(self.embedding)} if self.embedding is not None else {}),
                },
                default=str,
            )
        )
        return plain

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digest of the resolved parameters: equal if and only if they are."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def load_settings(
    source: str | Path | Mapping[str, Any] | Settings | None = None, *, for_maps: bool = False
) -> Settings:
    """Read and check parameters.

    Parameters
    ----------
    source
        Path of a YAML or JSON file, the same content as a dict, or None for the defaults
        (the original image, every feature family that fits it, pyradiomics' default settings).
    for_maps
        Resolve ``voxelSetting`` too; a table does not depend on it, and a remark says so.

    Raises
    ------
    SettingsError
        With everything that is wrong: unknown names (and the nearest right one), wrong types.
    """
    if isinstance(source, Settings):
        return source
    origin, folder = "parameters", Path().absolute()
    content: Any = source or {}
    if isinstance(source, str | Path):
        origin, folder = str(source), Path(source).absolute().parent
        content = read_yaml(Path(source)) or {}
    if not isinstance(content, Mapping):
        raise SettingsError(f"{origin}: expected sections ({', '.join(SECTIONS)}), got {content!r:.60}")
    problems: list[str] = []
    for section in content:
        if section not in SECTIONS:
            problems.append(f"unknown section '{section}'{did_you_mean(section, SECTIONS)}")
    conventions = _conventions(content.get("conventions"), problems)
    settings = Settings(
        preprocessing=_steps(content.get("preprocessing"), folder, problems),
        image_types=_image_types(content.get("imageType"), problems),
        families=_wanted_families(content.get("featureClass"), problems),
        setting=checked("setting", content.get("setting"), known_settings(conventions), problems),
        voxel_setting=checked(
            "voxelSetting", content.get("voxelSetting"), options_of(voxel_maps), problems, defaults=for_maps
        ),
        conventions=conventions,
        embedding=checked_embedding(content.get("embedding"), folder, problems),
    )
    _require_grey_levels(settings, content, problems)
    _check_images(settings, problems)
    settings = replace(settings, regions=_regions(settings, content, problems))
    if settings.families == {} and not settings.regions and settings.embedding is None and not problems:
        problems.append(
            f"featureClass: {NO_FAMILIES} leaves nothing to measure; ask for something in `regions` or "
            "`embedding`, or name families"
        )
    if settings.voxel_setting and not for_maps:
        note("voxelSetting acts in `radiomics-screen map` only")
    if problems:
        raise SettingsError("\n".join(f"{origin}: {problem}" for problem in problems))
    return settings


def _conventions(content: Any, problems: list[str]) -> str:
    if content is None:
        return PYRADIOMICS
    if not isinstance(content, str) or content not in SWITCHES:
        problems.append(
            f"conventions: expected {' or '.join(SWITCHES)}, got {content!r:.60}"
            f"{did_you_mean(content, SWITCHES) if isinstance(content, str) else ''}"
        )
        return PYRADIOMICS
    return content


def _require_grey_levels(settings: Settings, content: Mapping[str, Any], problems: list[str]) -> None:
    """See to it that the file says how grey levels are made, where the conventions have no default for it."""
    ways = GREY_LEVELS[settings.conventions]
    if not ways or not any(FAMILIES[name].graded for name in settings.wanted):
        return

    def says(options: Any) -> bool:
        return isinstance(options, Mapping) and any(
            options.get(way) not in (None, elsewhere) for way, elsewhere in ways.items()
        )

    if not says(content.get("setting")) and not all(says(image.overrides) for image in settings.image_types):
        problems.append(
            f"conventions: {settings.conventions} has no default for grey levels; set binWidth, binCount or "
            "discretization: none under 'setting', or name only families that need none"
        )


def _check_images(settings: Settings, problems: list[str]) -> None:
    """Refuse image types without an option that they need, or with options that exclude each other."""
    _refuse_two_ways(settings, problems)
    for image_type in settings.image_types:
        for option in options_of(FILTERS[image_type.name]).values():
            where = f"imageType.{image_type.name}"
            told = any(problem.startswith(f"{where}.{option.name}:") for problem in problems)
            known = {**settings.setting, **image_type.overrides}
            if option.default is REQUIRED and option.name not in known and not told:
                problems.append(f"{where} needs '{option.name}': {option.doc}")


def _regions(
    settings: Settings, content: Mapping[str, Any], problems: list[str]
) -> tuple[RegionBeyond[ImageType], ...]:
    """Check the regions beyond the lesion; one without image types of its own has the lesion's."""

    def read(about: Mapping[str, Any], wrong: list[str]) -> tuple[tuple[ImageType, ...], Any]:
        families = _families(about.get("featureClass"), wrong)
        own = _image_types(about[IMAGE_TYPE], wrong) if about.get(IMAGE_TYPE) else settings.image_types
        found = replace(settings, families=families or {}, image_types=own)
        _require_grey_levels(found, content, wrong)
        if own is not settings.image_types:
            _check_images(found, wrong)
        return own, families

    return read_regions(content.get("regions"), read, problems)


def _refuse_two_ways(settings: Settings, problems: list[str]) -> None:
    """Refuse options of which only one can be followed."""
    for pair in EITHER_OR:
        for image_type in settings.image_types:
            values = {**settings.setting, **image_type.overrides}
            if all(values.get(name) is not None for name in pair):
                problems.append(f"{' and '.join(pair)} are both set; leave one out")
                break


def _steps(content: Any, folder: Path, problems: list[str]) -> tuple[Step, ...]:
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


def _image_types(content: Any, problems: list[str]) -> tuple[ImageType, ...]:
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


def _as_content(image_types: tuple[ImageType, ...]) -> Any:
    """Write image types as the file has them: by name, or as a list where a name comes twice."""
    entries = [{image_type.name: dict(image_type.overrides)} for image_type in image_types]
    by_name = {name: overrides for entry in entries for name, overrides in entry.items()}
    return by_name if len(by_name) == len(entries) else entries


def _regions_as_content(regions: tuple[RegionBeyond[ImageType], ...]) -> dict[str, Any]:
    """Write regions beyond the lesion as the file has them."""
    return {
        region.name: {
            **region.ring,
            "featureClass": dict(region.families),
            "imageType": _as_content(region.image_types),
        }
        for region in regions
    }


def _why_not(option: str) -> str:
    """Say why a known option has no place under an image type that it has no effect on."""
    owners = [name for name, filter_ in FILTERS.items() if option in options_of(filter_)]
    if owners:
        return f"'{option}' is an option of {' and '.join(owners)}; take it out here"
    return f"'{option}' acts before the image types are made; set it under 'setting'"


def _wanted_families(content: Any, problems: list[str]) -> dict[str, tuple[str, ...]] | None:
    return {} if content == NO_FAMILIES else _families(content, problems)


def _families(content: Any, problems: list[str]) -> dict[str, tuple[str, ...]] | None:
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
        if not isinstance(asked, list | tuple):
            problems.append(f"featureClass.{name}: expected a list of features, got {asked!r:.60}")
            continue
        for feature in asked:
            if feature not in known:
                twin = RETIRED.get((name, feature))
                hint = f": pyradiomics retired it, {twin}" if twin else did_you_mean(feature, known)
                problems.append(f"featureClass.{name}: unknown feature '{feature}'{hint}")
        families[name] = tuple(f for f in known if f in asked) if asked else family.features
    return families
