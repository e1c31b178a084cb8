"""``radiomics-screen extract``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from radiomics_screen.cli.verbosity import echo, say

CasesArgument = Annotated[
    Path,
    typer.Argument(help="Cases file (.csv, .xlsx or .parquet) with the columns image, mask, patient_id, ..."),
]
TableOption = Annotated[Path, typer.Option("--output", "-o", help="Table to write: .parquet or .csv.")]
ParamsOption = Annotated[Path | None, typer.Option("--params", "-p", help="Parameter file (YAML or JSON).")]
PresetOption = Annotated[str | None, typer.Option(help="Preset parameter file; `params --list` shows all.")]
JobsOption = Annotated[
    int, typer.Option("--jobs", "-j", help="Number of parallel processes; -1 uses every core.")
]

TimeLimitOption = Annotated[
    float | None,
    typer.Option(
        help="Seconds that one case may take before it becomes a failed row; 0: any number. "
        "Default: 1800 with several --jobs, none with one.",
        show_default=False,
    ),
]
#: The same for images that were measured before.
ReadAgainOption = Annotated[
    float | None,
    typer.Option(
        help="Seconds that one image may take when it is read again, for controls and crops; 0: any number. "
        "Default: 1800 with several --jobs, none with one.",
        show_default=False,
        rich_help_panel="Computing",
    ),
]
#: Whole-body CT with every filter takes minutes; what takes longer than this hangs.
_LONGEST_CASE_SECONDS = 1800.0


def time_limit_of(asked: float | None, jobs: int) -> float | None:
    """Return the limit of a case in seconds; with one job there is none unless it is asked for."""
    if asked is not None:
        return asked
    return None if jobs == 1 else _LONGEST_CASE_SECONDS


def extract(
    cases: CasesArgument,
    output: TableOption,
    params: ParamsOption = None,
    preset: PresetOption = None,
    jobs: JobsOption = 1,
    time_limit: TimeLimitOption = None,
    engine: Annotated[str, typer.Option(help="Engine: own, or pyradiomics if it is installed.")] = "own",
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop before any work if a case has a problem.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Measure every case again, even those already in the output.")
    ] = False,
) -> None:
    """Extract the features of every case into a table.

    Finished rows are saved as they come: after an interruption, run the same command again to resume.
    Exit codes: 0 all cases measured, 1 some cases failed, 2 nothing could be done.
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
                time_limit=time_limit_of(time_limit, jobs),
                overwrite=overwrite,
                engine=engine,
                progress=progress,
            )
    except KeyboardInterrupt:
        if journal_path(output).exists():
            echo("Finished rows are saved: run the same command again to resume.", err=True)
        raise
    code = summarize(frame, monotonic() - start)
    say(f"table       {output}\nprovenance  {provenance_path(output)}")
    raise typer.Exit(code)
