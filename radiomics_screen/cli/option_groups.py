"""Groups of options as options of a command, shown in a section for each group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from radiomics_screen.modelling.options.option import Option, options_in

_TYPES: dict[str, Any] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "int | None": int | None,
    "float | None": float | None,
    "str | None": str | None,
    "path | None": Path | None,
}


@dataclass(frozen=True)
class Form:
    """How the command line takes an option that it does not take as Python does.

    Attributes
    ----------
    type
        A key of the types above; None: that of the option.
    default
        Where `type` is another one.
    shown
        The default in words.
    names
        All its names; empty: the one that its name in Python gives.
    more
        A sentence that follows the help.
    """

    type: str | None = None
    default: Any = None
    shown: str | None = None
    names: tuple[str, ...] = ()
    more: str = ""


def with_groups(
    command: Callable[..., None],
    groups: Mapping[str, type],
    *,
    forms: Mapping[str, Form],
    leave_out: frozenset[str],
    sections: Sequence[str],
) -> Callable[..., None]:
    """Return `command` with the options of the groups beside its own.

    Parameters
    ----------
    command
        Takes the values of the groups' options, by name, first, and then its own options.
    groups
        By the title of their section.
    forms
        Of the options that the command line takes in another way.
    leave_out
        Options that the command offers in a way of its own.
    sections
        Titles of all sections, in the order of the help.
    """
    own = [
        one for one in signature(command, eval_str=True).parameters.values() if one.kind is one.KEYWORD_ONLY
    ]
    made = {
        name: _parameter(one, title, forms.get(name, Form()))
        for title, group in groups.items()
        for name, one in options_in(group).items()
        if name not in leave_out
    }

    def run(**values: Any) -> None:
        given = {name: values.pop(name) for name in made}
        command(given, **values)

    parameters = sorted([*own, *made.values()], key=lambda one: _place(one, sections))
    run.__signature__ = signature(run).replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def _place(one: Parameter, sections: Sequence[str]) -> int:
    """Return the place of a parameter's section; one without a section comes first."""
    (info,) = one.annotation.__metadata__
    return sections.index(info.rich_help_panel) if info.rich_help_panel else -1


def _parameter(one: Option, title: str, form: Form) -> Parameter:
    """Return an option as a parameter that typer reads."""
    kind = _TYPES[form.type or one.type]
    shown: str | bool = form.shown or one.info.unset or True
    names = form.names or ((one.flag,) if kind is bool else ())
    text = " ".join(filter(None, [one.help("command line"), form.more]))
    info = typer.Option(*names, help=text, show_default=shown, rich_help_panel=title)
    default = Parameter.empty if one.required else form.default if form.type else one.default
    return Parameter(one.name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])


class SectionedCommand(TyperCommand):
    """A command whose help shows the options of each group under its title."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write a section for the arguments, one for each group, and one for other options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for one in self.get_params(ctx):
            shown = one.get_help_record(ctx)
            if shown is not None:
                other = "Arguments" if one.param_type_name == "argument" else "Options"
                sections.setdefault(getattr(one, "rich_help_panel", None) or other, []).append(shown)
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)
