"""All options of one fit, gathered from flat arguments and from groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from radiomics_screen.core.errors import ModelError, did_you_mean
from radiomics_screen.modelling.options.groups import (
    Checks,
    Compute,
    Design,
    Group,
    Learner,
    Preparation,
    Task,
)
from radiomics_screen.modelling.options.option import Option, OptionError, options_in

P = ParamSpec("P")
R = TypeVar("R")

#: The groups, by the name of the argument that takes one.
GROUPS: dict[str, type[Group]] = {
    "task": Task,
    "design": Design,
    "preparation": Preparation,
    "learner": Learner,
    "checks": Checks,
    "compute": Compute,
}


@dataclass(frozen=True)
class FitOptions:
    """All that a fit was asked for."""

    task: Task
    design: Design
    preparation: Preparation
    learner: Learner
    checks: Checks
    compute: Compute

    def changed(self) -> dict[str, Any]:
        """Return the options that differ from their defaults, by name, as plain JSON values."""
        return {
            name: _plain(getattr(getattr(self, group), name))
            for group, kind in GROUPS.items()
            for name, one in options_in(kind).items()
            if not _is_default(one, getattr(getattr(self, group), name))
        }


def all_options() -> dict[str, Option]:
    """Return the options of all groups, by name."""
    return {name: one for kind in GROUPS.values() for name, one in options_in(kind).items()}


def gathered(
    given: Mapping[str, Any], secondary: Callable[[Mapping[str, Any]], Iterable[str]] = lambda _: ()
) -> FitOptions:
    """Make the groups from flat options and from groups, both by name; all that is wrong is raised at once.

    Parameters
    ----------
    given
        Flat options, and groups under ``"design"`` and the like. An option that keeps its default leaves the
        group's; names that are neither are ignored.
    secondary
        Returns what else is wrong with the merged options, one sentence each.

    Raises
    ------
    OptionError
        If an option is wrong, or given both flat and in its group.
    """
    faults: list[str] = []
    merged: dict[str, dict[str, Any]] = {}
    for group, kind in GROUPS.items():
        merged[group], twice = _merged(group, kind, given)
        faults += [*twice, *kind.faults(merged[group])]
    if missing := [name for name, one in all_options().items() if one.required and given.get(name) is None]:
        faults += [f"{{{name}}} is missing: name the column" for name in missing]
    faults += secondary({name: value for values in merged.values() for name, value in values.items()})
    if faults:
        raise OptionError(list(dict.fromkeys(faults)))
    return FitOptions(
        Task(**merged["task"]),
        Design(**merged["design"]),
        Preparation(**merged["preparation"]),
        Learner(**merged["learner"]),
        Checks(**merged["checks"]),
        Compute(**merged["compute"]),
    )


def _merged(group: str, kind: type[Group], given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the values of a group's options, and which were given twice."""
    whole, values, twice = given.get(group), {}, []
    if whole is not None and not isinstance(whole, kind):
        raise ModelError(f"{group} is {whole!r}; it must be {kind.__name__}(...)")
    for name, one in options_in(kind).items():
        flat = given.get(name, one.default)
        values[name] = flat
        if whole is None:
            continue
        inside = getattr(whole, name)
        values[name] = inside
        if not _is_default(one, flat) and not (flat is inside or _plain(flat) == _plain(inside)):
            twice.append(f"{{{name}}} is given twice: as {flat!r}, and as {inside!r} in {group}")
    return values, twice


def _is_default(one: Option, value: object) -> bool:
    if one.default is None or one.required or value is None:
        return value is one.default
    return bool(_plain(value) == _plain(one.default))


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: a NumPy number as a number, a table as its kind."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return value.item()
    return str(value) if hasattr(value, "__fspath__") else f"a {type(value).__name__}"


def names_checked(function: Callable[P, R]) -> Callable[P, R]:
    """Raise a ModelError with the nearest right name where `function` is called with an unknown one."""
    known = [name for name, one in signature(function).parameters.items() if one.kind is one.KEYWORD_ONLY]
    allowed = set(signature(function).parameters)

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        unknown = [name for name in kwargs if name not in allowed]
        if unknown:
            said = [f"{function.__name__} has no option '{one}'{did_you_mean(one, known)}" for one in unknown]
            raise ModelError("\n".join(said))
        return function(*args, **kwargs)

    return checked
