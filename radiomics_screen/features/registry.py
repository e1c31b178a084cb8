"""The register of feature families."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from radiomics_screen.core.column_names import ANY_WORD, CAMEL_CASE, RADIOMICS, declare_family
from radiomics_screen.core.errors import SettingsError
from radiomics_screen.core.options import Registry
from radiomics_screen.features.region import Region

#: Conventions of a family of nobody's but its author's: computed where a parameter file names it.
OWN = "own"

#: How the names of aggregated features end.
AGGREGATION = re.compile(r"_(2D|2_5D|3D)(_avg|_comb)?$")

#: Of a region and keyword options: ``{feature: value}``, or by suffix where aggregated.
Compute = Callable[..., Any]


@dataclass(frozen=True)
class Family:
    """A feature family as the parameter file knows it.

    Attributes
    ----------
    name
        Name in ``featureClass`` and in the columns of the table.
    compute
        Function of a region and keyword options that returns ``{feature: value}`` (see `aggregated`).
    features
        Names of the features computed unless others are asked for, in the order of the columns.
    on_request
        Features computed only where the parameter file names them: the ones pyradiomics calls
        deprecated, since they follow from others.
    of_mask
        The family measures the mask alone: computed once, on the original image's grid.
    unfit
        Tells why a region cannot have these features, or "" where it can.
    of_original
        The family measures mask and intensities together: computed once, before filtering.
    conventions
        Whose definitions these are: where the parameter file names no family, those of its own
        ``conventions`` are meant. Families of neither pyradiomics nor the IBSI are computed only where the
        parameter file names them.
    aggregated
        The features come in several aggregations: the function returns ``{suffix: {feature: value}}``.
    graded
        The features depend on grey levels.
    reach_mm
        How far beyond the region's box the image is looked at, in mm.
    reach_lengths
        The same in lengths of the longest side of the box, for families with `of_original`.
    block
        Which columns those of the family are judged together with: ``"radiomics"``, or a block of its own
        where it describes something else.
    """

    name: str
    compute: Compute
    features: tuple[str, ...]
    on_request: tuple[str, ...] = ()
    of_mask: bool = False
    unfit: Callable[[Region], str] = lambda region: ""
    of_original: bool = False
    conventions: str = OWN
    aggregated: bool = False
    graded: bool = True
    reach_mm: float = 0.0
    reach_lengths: float = 0.0
    block: str = RADIOMICS

    def place(self, feature: str) -> tuple[int, str]:
        """Return where a feature of a table stands among those of the family, with its aggregation."""
        suffix = ""
        if self.aggregated and (found := AGGREGATION.search(feature)):
            suffix = found.group()
        return (self.features + self.on_request).index(feature.removesuffix(suffix)), suffix


FAMILIES: Registry[Family] = Registry("feature family", "radiomics_screen.families")


def family(
    name: str,
    features: tuple[str, ...],
    *,
    on_request: tuple[str, ...] = (),
    of_mask: bool = False,
    unfit: Callable[[Region], str] = lambda region: "",
    of_original: bool = False,
    conventions: str = OWN,
    aggregated: bool = False,
    graded: bool = True,
    reach_mm: float = 0.0,
    reach_lengths: float = 0.0,
    block: str = RADIOMICS,
) -> Callable[[Compute], Compute]:
    """Enter the decorated function as the family `name`; see :class:`Family`."""

    def enter(compute: Compute) -> Compute:
        entry = Family(
            name,
            compute,
            features,
            on_request,
            of_mask,
            unfit,
            of_original,
            conventions,
            aggregated,
            graded,
            reach_mm,
            reach_lengths,
            block,
        )
        FAMILIES.add(name, entry)
        declare_family(name, block, _names_of(entry))
        return compute

    return enter


def _names_of(entry: Family) -> str:
    """Return the pattern of the names of a family's features, by which its columns are known."""
    names = (*entry.features, *entry.on_request)
    if odd := [name for name in names if not re.fullmatch(ANY_WORD, name)]:
        raise SettingsError(
            f"a feature of family '{entry.name}' cannot be called '{odd[0]}', for columns are named by it: "
            "use letters, digits and _ . + - and begin with a letter or digit"
        )
    simple = not entry.aggregated and all(re.fullmatch(CAMEL_CASE, name) for name in names)
    return CAMEL_CASE if simple else ANY_WORD


def values_of(names: tuple[str, ...], values: Any) -> dict[str, float]:
    """Join names and numbers, as Python floats; there must be one number for each name."""
    return dict(zip(names, (float(v) for v in values), strict=True))
