"""The default parameter file, written out with what every option means."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from textwrap import wrap
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from radiomics_screen.core.conventions import GREY_LEVELS, PYRADIOMICS
from radiomics_screen.core.options import REQUIRED, Option, options_of, summary_of
from radiomics_screen.features import FAMILIES
from radiomics_screen.filters import FILTERS
from radiomics_screen.imaging.preprocessing import STEPS
from radiomics_screen.imaging.ring import ring
from radiomics_screen.settings.schema import known_of_embedding, known_settings, voxel_maps

WIDTH = 100

HEADER = """\
Parameters of radiomics-screen: every option with its default.
pyradiomics' own parameter files are read as they are.
What is commented out is off; a line that is left out takes its default."""

SECTIONS = {
    "conventions": "Whose conventions the defaults follow, and whose families are meant where none is\n"
    "named: pyradiomics or ibsi. What differs are the options that `radiomics-screen params\n"
    "--conventions ibsi` prints with another value; each of them may also be set by itself.",
    "preprocessing": "Steps done on the whole image first, in the order written here; none by default.\n"
    "Take away the [] and the '#' of those you need.",
    "imageType": "Images that features are computed on. Under each image type stand its own options,\n"
    "and any of binWidth, binCount, force2D and the families' options that shall differ from 'setting'.",
    "featureClass": "Feature families, each with the list of its features; no list means all of them.\n"
    "Left out as a whole: every family of these conventions that fits (shape for volumes, shape2D for\n"
    "2-D images). The word none: no family, only what the sections below ask for.",
    "regions": "Regions beyond the lesion, measured besides it: rings round its edge, each under a name of\n"
    "your own that stands before the point in its columns (rim.original_firstorder_Mean). A ring has its\n"
    "own families, those that need no outline, and the image types above unless it has its own.",
    "embedding": "Columns that a network makes of a picture of each lesion (extra cnn;\n"
    "docs/explanation/embedding.md); none unless an option stands here, or {} for all defaults.",
    "setting": "Everything else.",
    "voxelSetting": "Maps of features, which `radiomics-screen map` makes; a table does not depend on it.",
}

#: Options that filters share with the stages before them; they stand under ``setting``.
SHARED = {"force2D", "force2Ddimension"}


def commented_default(conventions: str = PYRADIOMICS) -> str:
    """Return a convention's default parameters as YAML with comments; loading it gives the defaults.

    Options without which the file would not say how grey levels are made are commented out.
    """
    bodies: dict[str, list[str]] = {
        "conventions": [],
        "preprocessing": _steps(),
        "imageType": _image_types(),
        "featureClass": _families(conventions),
        "regions": _region(),
        "embedding": _commented_out(known_of_embedding().values(), "  "),
        "setting": _setting(conventions),
        "voxelSetting": _voxel_setting(),
    }
    values = {"conventions": f" {conventions}", "preprocessing": " []"}
    lines = [*_comment(HEADER), ""]
    for section, body in bodies.items():
        lines += [*_comment(SECTIONS[section]), f"{section}:{values.get(section, '')}", *body, ""]
    return "\n".join(lines)


def _steps() -> list[str]:
    lines = []
    for name, step in STEPS.items():
        lines += ["", *_comment(summary_of(step), "  "), f"  # - {name}:"]
        lines += _commented_out(options_of(step).values(), "      ")
    return lines


def _image_types() -> list[str]:
    lines = []
    for name, filter_ in sorted(FILTERS.items(), key=lambda item: item[0] != "Original"):
        own = [o for o in options_of(filter_).values() if o.name not in SHARED]
        lines += ["", *_comment(summary_of(filter_), "  ")]
        lines.append("  Original: {}" if name == "Original" else f"  # {name}:{'' if own else ' {}'}")
        lines += _commented_out(own, "    ")
    return lines


def _commented_out(options: Iterable[Option], indent: str) -> list[str]:
    """Write options of something that is off, so that taking the leading "# " away switches it on."""
    lines = []
    for option in options:
        value = "[1.0, 2.0, 3.0]" if option.name == "sigma" else _default(option)
        lines += [f"  # {line[2:]}" for line in _comment(_explained(option), indent)]
        lines.append(f"  # {indent[2:]}{option.name}: {value}")
    return lines


def _families(conventions: str) -> list[str]:
    lines = []
    families = sorted(FAMILIES.items(), key=lambda item: item[1].conventions != conventions)
    for n, (name, family) in enumerate(families):
        if family.conventions != conventions and families[n - 1][1].conventions == conventions:
            lines += [
                "",
                *_comment(
                    f"Families of other conventions than {conventions}: computed only where they are named.",
                    "  ",
                ),
            ]
        lines += ["", *_comment(summary_of(family.compute), "  "), f"  # {name}:"]
        lines += _comment("  [" + ", ".join(family.features) + "]", "  ")
        if family.on_request:
            lines += _comment("  # on request also " + ", ".join(family.on_request), "  ")
    return lines


def _region() -> list[str]:
    return [
        "  # rim:",
        *_commented_out(options_of(ring).values(), "    "),
        "  #   featureClass: {firstorder: [], glcm: [Contrast, Idm]}",
        "  #   imageType: {Original: {}}",
    ]


def _setting(conventions: str) -> list[str]:
    of_filters = {name for _, filter_ in FILTERS.items() for name in options_of(filter_)} - SHARED
    to_choose = GREY_LEVELS[conventions]
    lines: list[str] = []
    for option in known_settings(conventions).values():
        if option.name not in of_filters:
            off = "# " if option.name in to_choose else ""
            lines += ["", *_comment(_explained(option), "  ")]
            lines += (
                _comment("One of binWidth, binCount and discretization: none must be set.", "  ")
                if off
                else []
            )
            lines.append(f"  {off}{option.name}: {_default(option)}")
    return lines


def _voxel_setting() -> list[str]:
    return _commented_out(options_of(voxel_maps).values(), "  ")


def _default(option: Option) -> str:
    return "..." if option.default is REQUIRED else json.dumps(option.default)


def _explained(option: Option) -> str:
    return f"{option.doc} ({_type_in_words(option.type)})"


def _type_in_words(kind: Any) -> str:
    """Say what values a type allows.

    >>> _type_in_words(Literal["a", "b"] | None)
    'a, b or null'
    """
    return " or ".join(_alternatives(kind))


def _alternatives(kind: Any) -> Iterator[str]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield " ".join([_type_in_words(arguments[0]), *_bounds(arguments[1])])
    elif origin is Literal:
        yield ", ".join(str(a) for a in arguments)
    elif origin is tuple:
        yield f"a list, each {_type_in_words(arguments[0])}"
    elif arguments:
        for argument in arguments:
            yield from _alternatives(argument)
    else:
        words = {bool: "true or false", int: "whole number", float: "number", str: "text", NoneType: "null"}
        yield words.get(kind, str(kind))


def _bounds(field: Any) -> Iterator[str]:
    signs = {"gt": "above", "ge": "from", "lt": "below", "le": "to"}
    for bound in getattr(field, "metadata", ()):
        for sign, word in signs.items():
            if hasattr(bound, sign):
                yield f"{word} {getattr(bound, sign):g}"


def _comment(text: str, indent: str = "") -> list[str]:
    lines = []
    for line in text.split("\n"):
        hang = " " * (len(line) - len(line.lstrip()))
        folded = wrap(line, WIDTH - len(indent) - 2, subsequent_indent=hang) or [""]
        lines += [f"{indent}# {part}".rstrip() for part in folded]
    return lines
