"""``radiomics-screen perturb``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from radiomics_screen.cli.extract import (
    CasesArgument,
    JobsOption,
    ParamsOption,
    PresetOption,
    TableOption,
    TimeLimitOption,
    time_limit_of,
)
from radiomics_screen.cli.verbosity import say

if TYPE_CHECKING:
    import pandas as pd

#: Taken in turn. Translation and turning are not joined: the image would be interpolated twice.
CHAINS = ("noise+translate+resize+contour", "noise+rotate+resize+contour")


def perturb(
    cases: CasesArgument,
    output: TableOption,
    params: ParamsOption = None,
    preset: PresetOption = None,
    times: Annotated[int, typer.Option(min=2, help="Number of perturbed measurements of each case.")] = 10,
    chain: Annotated[
        list[str] | None,
        typer.Option(
            help="Perturbations applied one after the other; repeat the option to alternate between chains."
        ),
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=2, help="Perturb only this many cases, drawn from different patients.")
    ] = None,
    jobs: JobsOption = 1,
    time_limit: TimeLimitOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")] = False,
) -> None:
    """Measure every case again after small random perturbations, to find the reproducible features.

    Each case is measured once as it is, and --times more with added noise, a sub-voxel shift or a small
    rotation, a slightly larger or smaller outline, and a redrawn contour. `fit --perturbed` then keeps
    the features that are reproducible. Exit codes: 0 all measured, 1 some measurements failed, 2 nothing
    could be done.
    """
    from time import monotonic

    from radiomics_screen.cli.progress import watching
    from radiomics_screen.cli.summary import tell_problems
    from radiomics_screen.cohort.cases import read_cohort
    from radiomics_screen.core.errors import SettingsError, TableError
    from radiomics_screen.extraction.perturbed import extract_altered
    from radiomics_screen.extraction.sampling import sample_of
    from radiomics_screen.settings.presets import preset_path
    from radiomics_screen.settings.settings import load_settings
    from radiomics_screen.table.feature_table import provenance_path

    if params and preset:
        raise SettingsError("give --params or --preset, not both")
    if output.exists() and not overwrite:
        raise TableError(f"{output} already exists; name another --output, or replace it with --overwrite")
    start = monotonic()
    settings = load_settings(preset_path(preset) if preset else params)
    cohort = read_cohort(cases)
    if output.absolute() == cases.absolute():
        raise TableError(f"{output} is the cases file; name another --output")
    tell_problems(cohort)
    if sample is not None:
        cohort = sample_of(cohort, sample, seed=seed)
    named = chain or CHAINS
    chains = [f"{named[number % len(named)]} {number + 1}" for number in range(times)]
    with watching() as progress:
        frame = extract_altered(
            cohort,
            settings,
            ["", *chains],
            output=output,
            jobs=jobs,
            seed=seed,
            progress=progress,
            time_limit=time_limit_of(time_limit, jobs),
        )
    code = _summarize(frame, monotonic() - start)
    say(f"table       {output}\nprovenance  {provenance_path(output)}")
    raise typer.Exit(code)


def _summarize(frame: pd.DataFrame, seconds: float) -> int:
    """Print counts and the distinct errors; return the exit code: 1 where a measurement failed."""
    from radiomics_screen.cli.summary import general

    failed = frame[frame["status"] != "ok"]
    measured = len(frame) - len(failed)
    say(
        f"{frame['case_id'].nunique()} cases, {frame['alteration'].nunique()} measurements each, in "
        f"{seconds:.1f} s: {measured} ok, {len(failed)} failed"
    )
    causes: dict[str, list[str]] = {}
    for _, row in failed.iterrows():
        where = f"{row['case_id']} after {row['alteration']}" if row["alteration"] else row["case_id"]
        causes.setdefault(general(row, row["error"]), []).append(where)
    for cause, where in causes.items():
        more = ", ..." if len(where) > 3 else ""
        say(f"  {len(where)} failed: {cause} [{', '.join(where[:3])}{more}]")
    return 1 if len(failed) else 0
