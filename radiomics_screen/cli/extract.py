"""``radiomics-screen extract``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from radiomics_screen.cli.verbosity import say

CasesArgument = Annotated[
    Path, typer.Argument(help="Cases file (.csv, .xlsx, .parquet): image, mask, patient_id ...")
]
TableOption = Annotated[Path, typer.Option("--output", "-o", help="Table to write: .parquet or .csv.")]
ParamsOption = Annotated[Path | None, typer.Option("--params", "-p", help="Parameter file (YAML or JSON).")]
PresetOption = Annotated[str | None, typer.Option(help="A ready parameter file; see `params --list`.")]
JobsOption = Annotated[int, typer.Option("--jobs", "-j", help="Number of processes; -1: one a core.")]


def extract(
    cases: CasesArgument,
    output: TableOption,
    params: ParamsOption = None,
    preset: PresetOption = None,
    jobs: JobsOption = 1,
    engine: Annotated[
        str, typer.Option(help="What measures: own, or pyradiomics where it is installed.")
    ] = "own",
    strict: Annotated[
        bool, typer.Option("--strict", help="Do not start if anything is wrong with the cases.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Measure again what is in the output.")
    ] = False,
) -> None:
    """Measure every case into a table.

    Finished rows are kept at once: after an interruption the same command goes on where it stopped.
    The exit code is 0 if all is well, 1 if a case failed, 2 if nothing could be done.
    """
    from time import monotonic

    from radiomics_screen.cli.progress import watching
    from radiomics_screen.cli.summary import summarize, tell_problems
    from radiomics_screen.cohort.cases import read_cohort
    from radiomics_screen.core.errors import SettingsError
    from radiomics_screen.extraction.run import extract_cohort
    from radiomics_screen.extraction.running.resume import journal_path
    from radiomics_screen.settings.presets import preset_path
    from radiomics_screen.settings.settings import load_settings
    from radiomics_screen.table.feature_table import provenance_path

    if params and preset:
        raise SettingsError("give --params or --preset, not both")
    start = monotonic()
    settings = load_settings(preset_path(preset) if preset else params)
    cohort = read_cohort(cases)
    if strict:
        cohort.require_sound()
    tell_problems(cohort)
    try:
        with watching() as progress:
            frame = extract_cohort(
                cohort,
                settings,
                output=output,
                jobs=jobs,
                overwrite=overwrite,
                engine=engine,
                progress=progress,
            )
    except KeyboardInterrupt:
        if journal_path(output).exists():
            typer.echo("Finished rows are kept: the same command goes on from here.", err=True)
        raise
    code = summarize(frame, monotonic() - start)
    say(f"table       {output}\nprovenance  {provenance_path(output)}")
    raise typer.Exit(code)
