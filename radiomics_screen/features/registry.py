"""The register of feature families."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from radiomics_screen.features.region import Region
from radiomics_screen.options import Registry


@dataclass(frozen=True)
class Family:
    """A feature family as the parameter file knows it.

    Attributes
    ----------
    name
        Name in ``featureClass`` and in the columns of the table.
    compute
        Function of a region and keyword options that returns ``{feature: value}``.
    features
        Names of the features computed unless others are asked for, in the order of the columns.
    on_request
        Features computed only where the parameter file names them: the ones pyradiomics calls
        deprecated, since they follow from others.
    of_mask
        The family measures the mask alone: computed once, on the original image's grid.
    unfit
        Tells why a region cannot have these features, or "" where it can.
    """

    name: str
    compute: Callable[..., dict[str, float]]
    features: tuple[str, ...]
    on_request: tuple[str, ...] = ()
    of_mask: bool = False
    unfit: Callable[[Region], str] = lambda region: ""


FAMILIES: Registry[Family] = Registry("feature family", "radiomics_screen.families")

Compute = Callable[..., dict[str, float]]


def family(
    name: str,
    features: tuple[str, ...],
    *,
    on_request: tuple[str, ...] = (),
    of_mask: bool = False,
    unfit: Callable[[Region], str] = lambda region: "",
) -> Callable[[Compute], Compute]:
    """Enter the decorated function as the family `name`; see :class:`Family`."""

    def enter(compute: Compute) -> Compute:
        FAMILIES.add(name, Family(name, compute, features, on_request, of_mask, unfit))
        return compute

    return enter


def values_of(names: tuple[str, ...], values: Any) -> dict[str, float]:
    """Join names and numbers, as Python floats; there must be one number for each name."""
    return dict(zip(names, (float(v) for v in values), strict=True))
