"""``radiomics-screen share``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from radiomics_screen.cli.keys import TrustOption, signing_key
from radiomics_screen.cli.verbosity import say


def share(
    model: Annotated[Path, typer.Argument(help="Model folder, as `fit` writes it.")],
    table: Annotated[Path, typer.Argument(help="Feature table it was fitted on: tells what names people.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the shared model.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a model, report and card that are there.")
    ] = False,
    sign: Annotated[
        Path | None, typer.Option(help="Private key to sign the shared model with.", show_default=False)
    ] = None,
    trust: TrustOption = None,
) -> None:
    """Write a model, its report and its card without names of cases, patients and files.

    The shared model gives the same probabilities. All that is written is searched for every identifier of the
    table; with a hit, nothing is written.
    """
    from radiomics_screen.modelling import load_model
    from radiomics_screen.report.sharing import share as share_model

    key = signing_key(sign)
    found = share_model(
        load_model(model, trusted=trust or None), table, output, overwrite=overwrite, sign_with=key
    )
    say(f"searched    {found.searched} identifiers, none found")
    if found.short:
        say(f"too short   {found.short} identifiers, taken out where identifiers stand")
    for remark in found.remarks:
        say(f"kept        {remark}")
    say(f"model       {found.files.model}\nreport      {found.files.report}\nmodel card  {found.files.card}")
