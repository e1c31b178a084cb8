"""The parameter file: read, checked against the signatures it speaks of, resolved.

The file has pyradiomics' sections (``imageType``, ``featureClass``, ``setting``,
``voxelSetting``) and more: ``preprocessing``, ``conventions``, ``regions`` and ``embedding``. What each
may hold is read from the signatures of the preprocessing steps, filters, feature families and of the stages
in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from radiomics_screen.core.conventions import GREY_LEVELS, PYRADIOMICS, SWITCHES
from radiomics_screen.core.errors import SettingsError, did_you_mean
from radiomics_screen.core.older_options import PRESENT_NAMES, older_names_in, with_present_names
from radiomics_screen.core.options import REQUIRED, Snapshot, options_of
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features import FAMILIES
from radiomics_screen.filters import FILTERS
from radiomics_screen.settings.frozen import FrozenDict
from radiomics_screen.settings.regions import IMAGE_TYPE, RegionBeyond, read_regions
from radiomics_screen.settings.resolved import NO_FAMILIES, Settings
from radiomics_screen.settings.schema import (
    EITHER_OR,
    checked,
    checked_embedding,
    known_settings,
    registered,
    voxel_maps,
)
from radiomics_screen.settings.sections import ImageType, families_in, image_types_in, steps_in
from radiomics_screen.settings.yaml_text import parse_yaml, read_text

__all__ = ["SECTIONS", "Settings", "load_settings"]

SECTIONS = (
    "conventions", "preprocessing", "imageType", "featureClass", "regions", "embedding",
    "setting", "voxelSetting",
)  # fmt: skip
_TOLD = 10  # problems of one file


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
    asked = _asked(source or {}, for_maps)
    settings, older = _resolve(asked) if asked.text is None else _resolved(asked)
    if older:
        today = ", ".join(f"{name} is now {PRESENT_NAMES[name]}" for name in older)
        add_remark(f"{asked.origin}: options with names of version 0.5 and before: {today}")
    if settings.voxel_setting and not for_maps:
        add_remark("voxelSetting acts in `radiomics-screen map` only")
    return settings


@dataclass(frozen=True)
class _Asked:
    """What settings depend on: the content by its text, where files named in it lie, what is registered.

    Two that are equal have the same settings. `text` is None where the content is no plain data: such
    settings are resolved again each time.
    """

    text: str | None
    is_file: bool
    folder: Path
    for_maps: bool
    registered: tuple[Snapshot, ...]
    origin: str = field(compare=False)
    content: Any = field(compare=False, repr=False, default=None)


def _asked(source: str | Path | Mapping[str, Any], for_maps: bool) -> _Asked:
    if isinstance(source, str | Path):
        path = Path(source)
        return _Asked(read_text(path), True, path.absolute().parent, for_maps, registered(), str(source))
    text = repr(source) if _is_plain(source) else None
    return _Asked(text, False, Path().absolute(), for_maps, registered(), "parameters", source)


def _is_plain(content: Any) -> bool:
    """Tell whether ``repr`` says all of a content: exactly the types that a parameter file holds."""
    kind = type(content)
    if kind in (dict, FrozenDict):
        return all(type(key) is str and _is_plain(value) for key, value in content.items())
    if kind in (list, tuple):
        return all(map(_is_plain, content))
    return content is None or kind in (str, int, float, bool)


@lru_cache(maxsize=64)
def _resolved(asked: _Asked) -> tuple[Settings, tuple[str, ...]]:
    return _resolve(asked)


def _resolve(asked: _Asked) -> tuple[Settings, tuple[str, ...]]:
    """Read and check parameters, whose settings are in no cache; say which options have an older name."""
    origin, folder, for_maps = asked.origin, asked.folder, asked.for_maps
    content = parse_yaml(asked.text, origin) or {} if asked.is_file and asked.text else asked.content or {}
    if not isinstance(content, Mapping):
        raise SettingsError(f"{origin}: expected sections ({', '.join(SECTIONS)}), got {content!r:.60}")
    older, content = older_names_in(content), with_present_names(content)
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
    if problems:
        more = [f"{len(problems) - _TOLD} more problems"] if len(problems) > _TOLD else []
        raise SettingsError("\n".join(f"{origin}: {problem}" for problem in problems[:_TOLD] + more))
    return settings, older


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
            reported = any(problem.startswith(f"{where}.{option.name}:") for problem in problems)
            known = {**settings.setting, **image_type.overrides}
            if option.default is REQUIRED and option.name not in known and not reported:
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


def _wanted_families(content: Any, problems: list[str]) -> dict[str, tuple[str, ...]] | None:
    return {} if content == NO_FAMILIES else families_in(content, problems)
