"""Resolved settings: what a parameter file says, with a value for every option."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from radiomics_screen.core.conventions import PYRADIOMICS
from radiomics_screen.core.options import options_of
from radiomics_screen.features import FAMILIES
from radiomics_screen.settings.frozen import FrozenDict, frozen
from radiomics_screen.settings.regions import RegionBeyond
from radiomics_screen.settings.schema import Function
from radiomics_screen.settings.sections import ImageType, Step, as_content
from radiomics_screen.settings.wanted_families import WantedFamilies

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

    def __post_init__(self) -> None:
        for name in ("families", "setting", "voxel_setting", "embedding"):
            if (values := getattr(self, name)) is not None:
                object.__setattr__(self, name, frozen(values))

    def __getstate__(self) -> dict[str, Any]:
        """Send only the parameters to other processes: the rest is worked out there when it is asked for."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def options(self, function: Function, image_type: ImageType | None = None) -> FrozenDict[str, Any]:
        """Return the keyword arguments for `function`, for one image type where one is given."""
        key = (function, image_type.key if image_type else "")
        if key not in self._options:
            values = {**self.setting, **(image_type.overrides if image_type else {})}
            self._options[key] = frozen({n: values[n] for n in options_of(function) if n in values})
        return self._options[key]

    @cached_property
    def _options(self) -> dict[tuple[Function, str], FrozenDict[str, Any]]:
        return {}

    @cached_property
    def wanted(self) -> FrozenDict[str, tuple[str, ...]]:
        """The features wanted of each family, by name."""
        if self.families is not None:
            return frozen(self.families)
        return frozen(
            {
                name: family.features
                for name, family in FAMILIES.items()
                if family.conventions == self.conventions
            }
        )

    @cached_property
    def wanted_families(self) -> WantedFamilies:
        """The families of which features are wanted, by what they describe."""
        return WantedFamilies.of(self.wanted)

    @property
    def measures(self) -> bool:
        """Whether features are computed of anything; else there is only what a network makes of lesions."""
        return bool(self.wanted or self.regions)

    @cached_property
    def of_regions(self) -> FrozenDict[str, Settings]:
        """The settings with which each region beyond the lesion is measured, by its name."""
        alone = replace(self, regions=(), embedding=None)
        return FrozenDict(
            {
                region.name: replace(alone, image_types=region.image_types, families=region.families)
                for region in self.regions
            }
        )

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
