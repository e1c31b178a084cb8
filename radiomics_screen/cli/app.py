"""The commands put together, and what becomes of their errors."""

from __future__ import annotations

import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from radiomics_screen import __version__
from radiomics_screen.cli.cases import cases
from radiomics_screen.cli.compare import compare
from radiomics_screen.cli.evaluate import evaluate
from radiomics_screen.cli.extract import extract
from radiomics_screen.cli.features import features
from radiomics_screen.cli.fit import fit
from radiomics_screen.cli.keys import keys
from radiomics_screen.cli.map import map_features
from radiomics_screen.cli.option_groups import SectionedCommand
from radiomics_screen.cli.params import params
from radiomics_screen.cli.perturb import perturb
from radiomics_screen.cli.predict import predict
from radiomics_screen.cli.sample import sample
from radiomics_screen.cli.share import share
from radiomics_screen.cli.termination import end_on_signals
from radiomics_screen.cli.verbosity import echo, set_verbosity
from radiomics_screen.cli.verify import verify
from radiomics_screen.core.errors import ScreenError, SettingsError
from radiomics_screen.core.remarks import ScreenWarning

NOT_USABLE, INTERRUPTED = 2, 130


class _Commands(TyperGroup):
    """Turns what a user can mend into one message, and Ctrl-C into its exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ScreenError as error:
            echo(f"radiomics-screen: {error.on_command_line()}", err=True)
            raise typer.Exit(NOT_USABLE) from None
        except KeyboardInterrupt:
            echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None


def _version(asked: bool) -> None:
    if asked:
        echo(f"radiomics-screen {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,  # its help takes three times as long to come
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            help="Also show how long the stages take, summed over cases; -vv: each one by itself.",
        ),
    ] = 0,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show no progress and no summary; errors are shown.")
    ] = False,
) -> None:
    """From images with marked lesions to a validated model. For research use only."""
    if verbose and quiet:
        raise SettingsError("give --verbose or --quiet, not both")
    set_verbosity(verbose, quiet=quiet)


app.command()(cases)
app.command()(extract)
app.command()(perturb)
app.command("fit", cls=SectionedCommand)(fit)
for _command in (evaluate, predict, share, compare, params, features, sample, verify):
    app.command()(_command)
app.command("map")(map_features)
app.command()(keys)


def _remark(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """Show a remark as a line of its own, without the place in the code that it comes from."""
    echo(f"radiomics-screen: {message}", err=True)


def main() -> None:
    """Run the command line."""
    end_on_signals()
    with warnings.catch_warnings():
        warnings.simplefilter("always", ScreenWarning)
        warnings.showwarning = _remark
        app(prog_name="radiomics-screen")
