"""Options live in signatures: the options of a function are its keyword-only arguments.

A feature family, a filter or a preprocessing step is a plain function, entered in a
:class:`Registry` under the name that the parameter file uses. Names, types, defaults and
documentation of its options are those of its signature and docstring; there is no second list.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any, Generic, Literal, TypeVar, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter

from radiomics_screen.core.errors import SettingsError, did_you_mean

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]

#: Axis across the slices, counted as in an array: 0 is z, 1 is y, 2 is x.
FlatAxis = Literal[0, 1, 2]

REQUIRED: Any = inspect.Parameter.empty


@dataclass(frozen=True)
class Option:
    """One keyword-only argument of a registered function."""

    name: str
    type: Any
    default: Any  # REQUIRED where the signature gives none
    doc: str


def validator_of(kind: Any) -> TypeAdapter[Any]:
    """Return what checks values of an option's type, strictly; a type's is made once."""
    try:
        return _validator_of(kind)
    except TypeError:  # a type that has no hash
        return TypeAdapter(kind, config=ConfigDict(strict=True))


@cache
def _validator_of(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind, config=ConfigDict(strict=True))


@cache
def options_of(function: Callable[..., Any]) -> Mapping[str, Option]:
    """Return the options of `function`: its keyword-only arguments, in their order."""
    hints = get_type_hints(function, include_extras=True)
    docs = _parameter_docs(function)
    return {
        p.name: Option(p.name, hints.get(p.name, Any), p.default, docs.get(p.name, ""))
        for p in inspect.signature(function).parameters.values()
        if p.kind is p.KEYWORD_ONLY
    }


def summary_of(function: Callable[..., Any]) -> str:
    """Return the first line of the docstring."""
    return (inspect.getdoc(function) or "").split("\n", 1)[0]


def _parameter_docs(function: Callable[..., Any]) -> dict[str, str]:
    """Read the "Parameters" section of a numpydoc docstring: {name: its text on one line}."""
    section = re.search(
        r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", inspect.getdoc(function) or "", re.M | re.S
    )
    docs: dict[str, str] = {}
    if section:
        for entry in re.split(r"\n(?=\S)", section.group(1).strip()):
            head, _, body = entry.partition("\n")
            for name in head.split(":")[0].split(","):
                docs[name.strip()] = " ".join(body.split())
    return docs


Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Named entries of one kind, from this package and from the entry points of others.

    Parameters
    ----------
    kind
        What an entry is, for messages: ``"feature family"``.
    group
        Entry-point group through which another package adds its own; loading the entry point
        must import the module that registers it.
    """

    def __init__(self, kind: str, group: str) -> None:
        self.kind = kind
        self._group = group
        self._entries: dict[str, Entry] = {}
        self._plugins_loaded = False

    def add(self, name: str, entry: Entry) -> None:
        """Register an entry; raise SettingsError if the name is taken."""
        if name in self._entries:
            raise SettingsError(f"there are two entries named '{name}' for {self.kind}")
        self._entries[name] = entry

    def __getitem__(self, name: str) -> Entry:
        self._load_plugins()
        try:
            return self._entries[name]
        except KeyError:
            hint = did_you_mean(name, self)
            raise SettingsError(f"unknown {self.kind} '{name}'{hint}") from None

    def __iter__(self) -> Iterator[str]:
        """Iterate the names in alphabetical order, whatever the order of the imports."""
        self._load_plugins()
        return iter(sorted(self._entries))

    def __contains__(self, name: object) -> bool:
        self._load_plugins()
        return name in self._entries

    def items(self) -> list[tuple[str, Entry]]:
        """Return pairs of name and entry."""
        return [(name, self._entries[name]) for name in self]

    def snapshot(self) -> Snapshot:
        """Return what is registered now, as part of a cache's key."""
        entries = self.items()
        return Snapshot(tuple((name, id(entry)) for name, entry in entries), entries)

    def _load_plugins(self) -> None:
        if not self._plugins_loaded:
            self._plugins_loaded = True
            for point in _installed_points(tuple(sys.path)):
                if point.group == self._group:
                    point.load()


@dataclass(frozen=True)
class Snapshot:
    """What a registry held at one time: equal to another as long as nothing was added or replaced.

    It holds the entries, so that none of them can give its identity to another.
    """

    identities: tuple[tuple[str, int], ...]
    entries: list[tuple[str, Any]] = field(compare=False, repr=False)


@lru_cache(maxsize=1)
def _installed_points(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Return the entry points of this package's groups; all installed packages are looked through once."""
    groups = entry_points()
    return tuple(
        point
        for group in sorted(groups.groups)
        if group.startswith("radiomics_screen")
        for point in groups.select(group=group)
    )
