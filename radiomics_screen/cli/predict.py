"""``radiomics-screen predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from radiomics_screen.cli.extract import JobsOption, TimeLimitOption, time_limit_of
from radiomics_screen.cli.keys import TrustOption
from radiomics_screen.cli.verbosity import say


def predict(
    model: Annotated[Path, typer.Argument(help="Model folder, as `fit` writes it.")],
    cases: Annotated[Path, typer.Argument(help="Cases file (.csv, .xlsx, .parquet): image, mask ...")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Readings to write: .csv, .parquet or .xlsx.")
    ],
    error_rate: Annotated[
        float,
        typer.Option(help="How often the outcomes that are not ruled out may miss the true one."),
    ] = 0.1,
    jobs: JobsOption = 1,
    time_limit: TimeLimitOption = None,
    trust: TrustOption = None,
) -> None:
    """Tell what a model makes of each case, and why.

    The exit code is 0 if all is well, 1 if a case failed, 2 if nothing could be done.
    """
    from time import monotonic

    from radiomics_screen.cli.progress import watching
    from radiomics_screen.cli.summary import summarize, tell_problems
    from radiomics_screen.cohort.cases import read_cohort
    from radiomics_screen.core.errors import TableError
    from radiomics_screen.modelling import load_model
    from radiomics_screen.prediction.reading import read_cases
    from radiomics_screen.table.feature_table import require_writable, write_frame

    start = monotonic()
    require_writable(output, (".csv", ".parquet", ".xlsx"))
    if output.absolute() == cases.absolute() or model.absolute() in output.absolute().parents:
        raise TableError(
            f"{output}: readings would replace the cases file or lie in the model; name another file"
        )
    loaded = load_model(model, trusted=trust or None)
    cohort = read_cohort(cases)
    tell_problems(cohort)
    with watching() as progress:
        readings = read_cases(
            loaded,
            cohort,
            error_rate=error_rate,
            jobs=jobs,
            progress=progress,
            time_limit=time_limit_of(time_limit, jobs),
        )
    write_frame(readings, output)
    code = summarize(readings, monotonic() - start)
    say(f"readings    {output}\nFor research use only: no reading here is a diagnosis.")
    raise typer.Exit(code)
