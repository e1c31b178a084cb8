"""What the parameter file may say, read from the signatures of the functions that it speaks of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import ConfigDict, ValidationError, create_model

from radiomics_screen.errors import did_you_mean
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.mask import check_size, resegment
from radiomics_screen.features.region import discretize, flat_axis_of
from radiomics_screen.filters import FILTERS
from radiomics_screen.imaging.geometry import match_grid, pre_crop, resample, select_label
from radiomics_screen.imaging.normalization import normalize
from radiomics_screen.imaging.reading import read_mask
from radiomics_screen.options import REQUIRED, Option, PositiveInt, options_of

Function = Callable[..., Any]

#: What happens to every case between reading and filtering, in this order.
STAGES: tuple[Function, ...] = (
    read_mask,
    select_label,
    match_grid,
    normalize,
    resample,
    pre_crop,
    check_size,
    resegment,
)
#: What makes grey levels and neighbours of each filtered image; may differ from one to the next.
PER_IMAGE: tuple[Function, ...] = (flat_axis_of, discretize)

#: Settings of pyradiomics that have nothing to decide here: the provenance is always written.
WITHOUT_EFFECT = ("additionalInfo",)


def voxel_maps(
    *,
    kernelRadius: PositiveInt = 1,
    maskedKernel: bool = True,
    initValue: float | str = 0.0,
    voxelBatch: int = -1,
) -> None:
    """Hold the options of pyradiomics' voxel mode: checked, but without effect on a table of cases."""


@cache
def known_settings() -> dict[str, Option]:
    """Everything that may stand under ``setting``, in the order of the work."""
    filters = [function for _, function in FILTERS.items()]
    families = [family.compute for _, family in FAMILIES.items()]
    return merged([*STAGES, *PER_IMAGE, *filters, *families])


def merged(functions: Iterable[Function]) -> dict[str, Option]:
    """Join the options of several functions; those of one name must be one option."""
    merged: dict[str, Option] = {}
    for function in functions:
        for option in options_of(function).values():
            first = merged.setdefault(option.name, option)
            if (first.type, first.default) != (option.type, option.default):
                raise TypeError(f"option '{option.name}' of {function.__name__} differs from its namesakes")
    return merged


def checked(
    where: str,
    content: Any,
    known: Mapping[str, Option],
    problems: list[str],
    *,
    defaults: bool = True,
) -> dict[str, Any]:
    """Check one section's values against its options; add the defaults of those not given."""
    if not isinstance(content or {}, Mapping):
        problems.append(f"{where}: expected options with values, got {content!r:.60}")
        return {}
    values = {k: _tuples(v) for k, v in (content or {}).items() if k not in WITHOUT_EFFECT}
    for name in [n for n, v in values.items() if v is None and n in known and not _takes_none(known[n])]:
        del values[name]  # an empty value leaves the default, as in pyradiomics' files
    if defaults:
        values = {o.name: o.default for o in known.values() if o.default is not REQUIRED} | values
    accepted, wrong = _validated(known, values)
    problems.extend(f"{where}{problem}" for problem in wrong)
    return {name: accepted[name] for name in known if name in accepted}


def _validated(known: Mapping[str, Option], values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    fields: dict[str, Any] = {f"option_{o.name}": (o.type, None) for o in known.values()}
    model = create_model("Options", __config__=ConfigDict(extra="forbid", strict=True), **fields)
    problems, wrong = [], set()
    for name in values:
        if name not in known:
            problems.append(f": unknown option '{name}'{did_you_mean(name, known)}")
    try:
        filled = model(**{f"option_{k}": v for k, v in values.items() if k in known})
    except ValidationError as error:
        for fault in error.errors():
            name = str(fault["loc"][0]).removeprefix("option_")
            if name not in wrong:
                wrong.add(name)
                reason = fault["msg"].removeprefix("Value error, ").replace("Input should be ", "expected ")
                problems.append(f".{name}: {reason}, got {_plain(values[name])!r}")
        return {}, problems
    return {k: getattr(filled, f"option_{k}") for k in values if k in known}, problems


def _takes_none(option: Option) -> bool:
    return not _validated({option.name: option}, {option.name: None})[1]


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    return [_plain(v) for v in value] if isinstance(value, tuple) else value
