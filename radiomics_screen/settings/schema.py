"""What the parameter file may say, read from the signatures of the functions that it speaks of; its YAML."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, ConfigDict, ValidationError, create_model

from radiomics_screen.core.conventions import PYRADIOMICS, SWITCHES
from radiomics_screen.core.errors import SettingsError, did_you_mean
from radiomics_screen.core.options import REQUIRED, Option, PositiveInt, options_of
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.mask import check_size, resegment
from radiomics_screen.features.region import discretize, flat_axis_of
from radiomics_screen.filters import FILTERS
from radiomics_screen.imaging.crop import crop_lesion
from radiomics_screen.imaging.geometry import match_grid, pre_crop, resample, select_label
from radiomics_screen.imaging.normalization import normalize
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
EITHER_OR = (("ivhBinWidth", "ivhBinCount"),)

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


@cache
def known_settings(conventions: str = PYRADIOMICS) -> dict[str, Option]:
    """Everything that may stand under ``setting``, in the order of the work, with a convention's defaults."""
    filters = [function for _, function in FILTERS.items()]
    families = [family.compute for _, family in FAMILIES.items()]
    options = merged([*STAGES, *PER_IMAGE, *filters, *families])
    for name, value in SWITCHES[conventions].items():
        options[name] = replace(options[name], default=value)
    return options


@cache
def known_of_embedding() -> dict[str, Option]:
    """Everything that may stand under ``embedding``: the network's options, then those of the crops."""
    return merged([embedding, crop_lesion])


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
    fields: dict[str, Any] = {f"option_{o.name}": (o.type, None) for o in known.values()}
    model = create_model("Options", __config__=ConfigDict(extra="forbid", strict=True), **fields)
    problems, wrong = [], set()
    for name in values:
        if name not in known:
            voxel = name in options_of(voxel_maps)
            hint = ", which stands under 'voxelSetting'" if voxel else did_you_mean(name, known)
            problems.append(f": unknown option '{name}'{hint}")
    given = {k: v for k, v in values.items() if k in known}
    try:
        filled = model(**{f"option_{k}": v for k, v in given.items()})
    except ValidationError as error:
        for fault in error.errors():
            name = str(fault["loc"][0]).removeprefix("option_")
            if name not in wrong:
                wrong.add(name)
                problems.append(
                    f".{name}: {_reason(fault['type'], fault['msg'])}, got {_plain(given[name])!r}"
                )
        rest = {k: v for k, v in given.items() if k not in wrong}
        return _validated(known, rest)[0], problems  # what is right stays, or it would be missed
    return {k: getattr(filled, f"option_{k}") for k in given}, problems


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


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, with a few rules of its own.

    Numbers are those of YAML 1.2, as in pyradiomics: 1e-6 is one, and 010 is ten. A key given twice
    is refused, where others forget the first.
    """

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        text = self.construct_scalar(node).replace("_", "")
        return int(text, 0) if text.lstrip("+-").startswith(("0x", "0o", "0b")) else int(text)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(k) for k in keys if keys.count(k) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"{', '.join(twice)}: given twice", node.start_mark
            )
        return super().construct_mapping(node, deep=deep)


_INT, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
_INTEGERS = r"[-+]?(0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*)$"
_FLOATS = (
    r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9]+|[0-9][0-9_]*(?=[eE]))([eE][-+]?[0-9]+)?$"
    r"|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"
)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag not in (_INT, _FLOAT)]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_INT, re.compile(_INTEGERS), list("-+0123456789"))
_Loader.add_implicit_resolver(_FLOAT, re.compile(_FLOATS), list("-+.0123456789"))
_Loader.add_constructor(_INT, _Loader.construct_yaml_int)


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML or JSON file.

    Raises
    ------
    SettingsError
        The file cannot be read, or is neither.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        return yaml.load(text.replace("\t", "    "), Loader=_Loader)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(f"{path}: is neither YAML nor JSON: {reason}") from error
