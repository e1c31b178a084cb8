"""One option: its help, its range, and how it is spelled in Python and on the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from numbers import Integral, Real
from typing import Any, Literal, TypeVar

from radiomics_screen.core.errors import ModelError, did_you_mean, option_named

T = TypeVar("T")
Syntax = Literal["python", "docstring", "command line"]

_KEY = "option"
_PLACE = re.compile(r"\{([a-z_]+)\}")  # of an option in a text


@dataclass(frozen=True)
class OptionInfo:
    """What is known of an option besides its name, type and default.

    Attributes
    ----------
    help
        One or two sentences; ``{splits}`` stands for another option, spelled as the reader would.
    unset
        What holds where the default is None, in words.
    choices
        The values allowed; empty: no such list.
    whole
        Whether only whole numbers are allowed.
    above, at_least, below, at_most
        The range of a number.
    flag
        Its name on the command line where that is another one.
    """

    help: str
    unset: str | None = None
    choices: tuple[str, ...] = ()
    whole: bool = False
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    flag: str | None = None

    def fault(self, value: object) -> str | None:
        """Return what `value` must be instead; None where it is allowed. None itself always is."""
        if value is None:
            return None
        if self.choices and value not in self.choices:
            near = did_you_mean(value, self.choices)
            return f"it must be {listed(self.choices)}{near if near.startswith(':') else ''}"
        if self.whole and not isinstance(value, Integral):
            return "it must be a whole number"
        if not self._range:
            return None
        if not isinstance(value, Real):
            return "it must be a number"
        return None if self._within(float(value)) else f"it must be {self._range}"

    def _within(self, value: float) -> bool:
        return (  # each comparison is False for NaN
            (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.below is None or value < self.below)
            and (self.at_most is None or value <= self.at_most)
        )

    @property
    def _range(self) -> str:
        if self.above is not None and self.below is not None:
            return f"between {self.above:g} and {self.below:g}"
        bounds = {"above": self.above, "at least": self.at_least}
        bounds |= {"below": self.below, "at most": self.at_most}
        return " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None)


@dataclass(frozen=True)
class Option:
    """A field of a group of options.

    Attributes
    ----------
    name
        In Python.
    type
        As written in the group.
    default
        ``dataclasses.MISSING`` where it must be given.
    info
        Its help and range.
    """

    name: str
    type: str
    default: Any
    info: OptionInfo

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is MISSING

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return self.info.flag or f"--{self.name.replace('_', '-')}"

    def help(self, syntax: Syntax) -> str:
        """Return the help, with other options spelled as the reader would."""
        return spelled(self.info.help, syntax)

    @property
    def default_text(self) -> str:
        """The default as documentation shows it."""
        if self.required:
            return "required"
        if self.default is None:
            return self.info.unset or "none"
        return "none" if self.default == () else str(self.default)


def option(default: T, help: str, **info: Any) -> T:
    """Return a dataclass field that is an option; `info` are attributes of :class:`OptionInfo`."""
    found: T = field(default=default, metadata={_KEY: OptionInfo(help, **info)})
    return found


def required(help: str, **info: Any) -> Mapping[str, OptionInfo]:
    """Return the metadata of a field that is an option without a default."""
    return {_KEY: OptionInfo(help, **info)}


def options_in(group: type) -> dict[str, Option]:
    """Return the options of a group, by name, in their order."""
    return {one.name: _option(one) for one in fields(group) if _KEY in one.metadata}


def _option(one: Field[Any]) -> Option:
    return Option(one.name, str(one.type), one.default, one.metadata[_KEY])


def faults_in(group: type, values: Mapping[str, object]) -> list[str]:
    """Return what is wrong with values of single options of a group, one sentence each."""
    found = []
    for name, one in options_in(group).items():
        if name not in values:
            continue
        value = values[name]
        absent = value is None and one.default is not None and not one.required
        must = "it must have a value" if absent else one.info.fault(value)
        if must is not None:
            found.append(f"{{{name}}} is {value!r}; {must}")
    return found


def spelled(text: str, syntax: Syntax) -> str:
    """Return a text in which ``{inner_folds}`` is spelled as the reader would.

    >>> spelled("{inner_folds} is 1", "command line")
    '--inner-folds is 1'
    """
    spell = {"python": "{}", "docstring": "`{}`", "command line": "--{}"}[syntax]

    def one(found: re.Match[str]) -> str:
        name = found[1].replace("_", "-") if syntax == "command line" else found[1]
        return spell.format(name)

    return _PLACE.sub(one, text)


def listed(words: Sequence[str]) -> str:
    """Return ``a, b or c``."""
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


class OptionError(ModelError):
    """Options of a fit are wrong; the message names all of them.

    Parameters
    ----------
    faults
        One sentence each; ``{splits}`` stands for the option of that name.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        said = [_PLACE.sub(lambda found: option_named(found[1]), fault) for fault in faults]
        listed = [f"{len(said)} options are wrong", *(f"  {fault}" for fault in said)]
        super().__init__(said[0] if len(said) == 1 else "\n".join(listed))
