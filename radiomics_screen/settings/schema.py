"""What the parameter file may say, read from the signatures of the functions that it speaks of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ValidationError

from radiomics_screen.core.conventions import PYRADIOMICS, SWITCHES
from radiomics_screen.core.errors import did_you_mean
from radiomics_screen.core.older_options import PRESENT_NAMES
from radiomics_screen.core.options import REQUIRED, Option, PositiveInt, Snapshot, options_of, validator_of
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.mask import check_size, resegment
from radiomics_screen.features.region import discretize, flat_axis_of
from radiomics_screen.filters import FILTERS
from radiomics_screen.imaging.crop import crop_lesion
from radiomics_screen.imaging.geometry import match_grid, pre_crop, resample, select_label
from radiomics_screen.imaging.normalization import normalize
from radiomics_screen.imaging.preprocessing import STEPS
from radiomics_screen.imaging.reading import read_mask
from radiomics_screen.networks.embedding_options import embedding, file_options

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

#: Options that say the same in two ways: one of each pair may be set.
EITHER_OR = (("ivh_bin_width", "ivh_bin_count"),)

#: Settings of pyradiomics that have nothing to decide here: the provenance is always written.
WITHOUT_EFFECT = ("additionalInfo",)


def _number_or_nan(value: float | str) -> float | str:
    """Take a number, also in words ("nan"); keep what is not finite in words, for the sake of JSON."""
    try:
        number = float(value)
    except ValueError:
        raise ValueError("expected a number or nan") from None
    return number if math.isfinite(number) else str(number)


def voxel_maps(
    *,
    kernelRadius: PositiveInt = 1,
    maskedKernel: bool = True,
    initValue: Annotated[float | str, AfterValidator(_number_or_nan)] = 0.0,
    voxelBatch: PositiveInt | Literal[-1] = -1,
) -> None:
    """Hold the options of maps of features, which are those of pyradiomics' voxel mode.

    Parameters
    ----------
    kernelRadius
        How far the surroundings reach that describe a voxel, in voxels along each axis.
    maskedKernel
        Only voxels of the region count; else all of the image in reach of it, for grey levels too.
    initValue
        Value of a map outside the region; nan is one.
    voxelBatch
        Without effect: in pyradiomics it bounds the memory, of which little is needed here.
    """


def registered() -> tuple[Snapshot, ...]:
    """Return the filters, families and steps that there are now: what is known depends on them."""
    return FILTERS.snapshot(), FAMILIES.snapshot(), STEPS.snapshot()


def known_settings(conventions: str = PYRADIOMICS) -> Mapping[str, Option]:
    """Everything that may stand under ``setting``, in the order of the work, with a convention's defaults."""
    return _known_settings(conventions, registered())


@lru_cache(maxsize=8)
def _known_settings(conventions: str, _: tuple[Snapshot, ...]) -> Mapping[str, Option]:
    filters = [function for _, function in FILTERS.items()]
    families = [family.compute for _, family in FAMILIES.items()]
    options = merged([*STAGES, *PER_IMAGE, *filters, *families])
    for name, value in SWITCHES[conventions].items():
        options[name] = replace(options[name], default=value)
    return MappingProxyType(options)


@cache
def known_of_embedding() -> Mapping[str, Option]:
    """Everything that may stand under ``embedding``: the network's options, then those of the crops."""
    return MappingProxyType(merged([embedding, crop_lesion]))


def checked_embedding(content: Any, folder: Path, problems: list[str]) -> dict[str, Any] | None:
    """Check the section ``embedding``, whose files lie relative to `folder`; None where it is left out."""
    if content is None:
        return None
    values = checked("embedding", content, known_of_embedding(), problems)
    files = file_options(values.get("model", ""), values.get("weights"))
    return {**values, **{name: str(folder / file) for name, file in files.items()}}


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
    for name in WITHOUT_EFFECT:
        if not isinstance(switch := (content or {}).get(name), bool | None):
            problems.append(f"{where}.{name}: expected true or false, got {switch!r:.60}")
    for name in [n for n, v in values.items() if v is None and n in known and not _takes_none(known[n])]:
        del values[name]  # an empty value leaves the default, as in pyradiomics' files
        if known[name].default is True:
            problems.append(f"{where}.{name}: is empty, which pyradiomics takes as false; set true or false")
    if defaults:
        values = {o.name: o.default for o in known.values() if o.default is not REQUIRED} | values
    accepted, wrong = _validated(known, values)
    problems.extend(f"{where}{problem}" for problem in wrong)
    return {name: accepted[name] for name in known if name in accepted}


def _validated(known: Mapping[str, Option], values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the values that their options accept, and what is wrong with the others."""
    accepted: dict[str, Any] = {}
    unknown: list[str] = []
    wrong: dict[str, str] = {}
    for name, value in values.items():
        if name in PRESENT_NAMES and PRESENT_NAMES[name] in values:
            unknown.append(f": '{name}' and '{PRESENT_NAMES[name]}' are one option; leave out '{name}'")
            continue
        if name not in known:
            voxel = name in options_of(voxel_maps)
            hint = ", which stands under 'voxelSetting'" if voxel else did_you_mean(name, known)
            unknown.append(f": unknown option '{name}'{hint}")
            continue
        try:
            accepted[name] = validator_of(known[name].type).validate_python(value)
        except ValidationError as error:
            fault = error.errors()[0]
            wrong[name] = f".{name}: {_reason(fault['type'], fault['msg'])}, got {_plain(value)!r:.60}"
    return accepted, unknown + [wrong[name] for name in known if name in wrong]


def _reason(kind: str, message: str) -> str:
    """Put a message of pydantic into the words of a parameter file."""
    if kind == "tuple_type":
        return "expected a list, as in [1]"
    if kind == "too_short":
        return "expected a list that is not empty"
    return message.removeprefix("Value error, ").replace("Input should be ", "expected ")


def _takes_none(option: Option) -> bool:
    return not _validated({option.name: option}, {option.name: None})[1]


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    return [_plain(v) for v in value] if isinstance(value, tuple) else value
