"""``radiomics-screen params``."""

from __future__ import annotations

from typing import Annotated

import typer

from radiomics_screen.cli.verbosity import echo


def params(
    preset: Annotated[str | None, typer.Option(help="Print this preset instead of the defaults.")] = None,
    conventions: Annotated[
        str, typer.Option(help="Conventions whose defaults are printed: pyradiomics or ibsi.")
    ] = "pyradiomics",
    names: Annotated[bool, typer.Option("--list", help="List the presets, with a line on each.")] = False,
) -> None:
    """Print a complete, commented parameter file with all defaults."""
    from radiomics_screen.settings.presets import preset_path, preset_summaries

    if names:
        found = preset_summaries()
        width = max(map(len, found))
        echo("\n".join(f"{name:{width}}  {summary}" for name, summary in found.items()))
    elif preset:
        echo(preset_path(preset).read_text(encoding="utf-8"), nl=False)
    else:
        from radiomics_screen.core.conventions import SWITCHES
        from radiomics_screen.core.errors import SettingsError, did_you_mean
        from radiomics_screen.settings.template import commented_default

        if conventions not in SWITCHES:
            raise SettingsError(f"unknown conventions '{conventions}'{did_you_mean(conventions, SWITCHES)}")
        echo(commented_default(conventions), nl=False)
