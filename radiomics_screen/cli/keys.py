"""``radiomics-screen keys``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from radiomics_screen.cli.verbosity import say

if TYPE_CHECKING:
    from radiomics_screen.modelling.bundle.signing_keys import SigningKey

#: Of the commands that load a model.
TrustOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--trust",
        help="Public key: load the model only if it is signed with this key. May be given several times.",
        show_default=False,
    ),
]


def keys(
    name: Annotated[Path, typer.Argument(help="Makes NAME.key, to sign with, and NAME.pub, to hand out.")],
    password: Annotated[bool, typer.Option("--password", help="Ask for a password for NAME.key.")] = False,
) -> None:
    """Make a pair of keys, to sign models with and to know them by."""
    from radiomics_screen.modelling.bundle.signing_keys import make_keys

    chosen = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if password else None
    made = make_keys(name, password=chosen)
    say(f"private key  {made.private}  (sign with it: fit --sign; keep it to yourself)")
    say(f"public key   {made.public}  (hand it out: predict --trust, evaluate --trust)")
    say(f"key id       {made.id}")


def signing_key(path: Path | None) -> SigningKey | None:
    """Open the private key that an option names, and ask for its password if it has one."""
    from radiomics_screen.modelling.bundle.signing_keys import has_password, open_signing_key

    if path is None:
        return None
    password = typer.prompt(f"Password of {path}", hide_input=True, err=True) if has_password(path) else None
    return open_signing_key(path, password)
