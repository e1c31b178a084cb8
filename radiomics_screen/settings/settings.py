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

from radiomics_screen.core.conventions import GREY_LEVELS, PYRADIOMICS, SWITCHES
from radiomics_screen.core.errors import SettingsError, did_you_mean
from radiomics_screen.core.options import REQUIRED, options_of
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features import FAMILIES
from radiomics_screen.filters import FILTERS
from radiomics_screen.settings.regions import IMAGE_TYPE, RegionBeyond, read_regions
from radiomics_screen.settings.schema import (
    EITHER_OR,
    Function,
    checked,
    checked_embedding,
    known_settings,
    read_yaml,
    voxel_maps,
)
from radiomics_screen.settings.sections import (
    ImageType,
    Step,
    as_content,
    families_in,
    image_types_in,
    steps_in,
)

SECTIONS = (
    "conventions", "preprocessing", "imageType", "featureClass", "regions", "embedding",
    "setting", "voxelSetting",
)  # fmt: skip

#: What ``featureClass`` says where no family is wanted, but only what other sections ask for.
NO_FAMILIES = "none"


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
                    "imageType": as_content(self.image_types),
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
        preprocessing=steps_in(content.get("preprocessing"), folder, problems),
        image_types=image_types_in(content.get("imageType"), problems),
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
        add_remark("voxelSetting acts in `radiomics-screen map` only")
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
        families = families_in(about.get("featureClass"), wrong)
        own = image_types_in(about[IMAGE_TYPE], wrong) if about.get(IMAGE_TYPE) else settings.image_types
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


def _regions_as_content(regions: tuple[RegionBeyond[ImageType], ...]) -> dict[str, Any]:
    """Write regions beyond the lesion as the file has them."""
    return {
        region.name: {
            **region.ring,
            "featureClass": dict(region.families),
            "imageType": as_content(region.image_types),
        }
        for region in regions
    }


def _wanted_families(content: Any, problems: list[str]) -> dict[str, tuple[str, ...]] | None:
    return {} if content == NO_FAMILIES else families_in(content, problems)
