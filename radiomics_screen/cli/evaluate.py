"""``radiomics-screen evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from radiomics_screen.cli.extract import JobsOption, TimeLimitOption, time_limit_of
from radiomics_screen.cli.keys import TrustOption
from radiomics_screen.cli.verbosity import say

if TYPE_CHECKING:
    from radiomics_screen.modelling.bundle.model import Model
    from radiomics_screen.modelling.external_evaluation import External
    from radiomics_screen.table.feature_table import FeatureTable


def evaluate(
    model: Annotated[Path, typer.Argument(help="Model folder, as `fit` writes it.")],
    table: Annotated[
        Path,
        typer.Argument(
            help="Feature table (.parquet, .csv), or a cases file, which is then extracted first."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the figures and report.html.")],
    target: Annotated[
        str | None, typer.Option(help="Column with the outcome.", show_default="the model's")
    ] = None,
    positive: Annotated[
        str | None, typer.Option(help="The outcome's positive value.", show_default="the model's")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            help="Column that tells patients apart; 'none': each row is another patient.",
            show_default="the model's",
        ),
    ] = None,
    subgroups: Annotated[
        str, typer.Option(help="Columns that part the rows, with commas between them: device,birads.")
    ] = "",
    keep_known: Annotated[
        bool,
        typer.Option("--keep-known", help="Keep rows with names of cases or patients of the training table."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the bootstraps.")] = 0,
    jobs: JobsOption = 1,
    time_limit: TimeLimitOption = None,
    trust: TrustOption = None,
) -> None:
    """Judge a model, its threshold frozen, on patients that it has never seen."""
    from radiomics_screen.modelling import load_model
    from radiomics_screen.modelling.external_evaluation import check_folder
    from radiomics_screen.modelling.external_evaluation import evaluate as judge_model
    from radiomics_screen.report import write_external_report

    check_folder(output)
    loaded = load_model(model, trusted=trust or None)
    limit = time_limit_of(time_limit, jobs)
    features = _features_of(loaded, table, jobs, limit)
    judged = _with_crops(loaded, features, table.parent, jobs, limit)
    names = [name.strip() for name in subgroups.split(",") if name.strip()]
    found = judge_model(
        loaded,
        judged,
        target=target,
        positive=positive,
        group=group,
        subgroups=names,
        keep_known=keep_known,
        seed=seed,
    )
    found.write(output)
    write_external_report(found, output / "report.html")
    _show(found, kept=keep_known)
    say(f"evaluation  {output / 'evaluation.json'}, {output / 'metrics.csv'}")
    say(f"report      {output / 'report.html'}\nFor research use only.")


def _with_crops(
    model: Model, table: FeatureTable, folder: Path, jobs: int, time_limit: float | None
) -> FeatureTable:
    """Return the table with the crops that the model looks at, if it does."""
    if not model.looks_at_crops:
        return table
    from dataclasses import replace

    from radiomics_screen.prediction.crop_inputs import with_crops

    frame, _ = with_crops(model, table.frame, folder=folder, jobs=jobs, time_limit=time_limit)
    return replace(table, frame=frame)


def _features_of(model: Model, path: Path, jobs: int, time_limit: float | None) -> FeatureTable:
    """Return the table; of a cases file (no feature of the model, but images and masks) extract it."""
    from radiomics_screen.table.feature_table import read_table

    if path.suffix.lower() != ".xlsx":
        read = read_table(path)
        columns = set(map(str, read.frame.columns))
        known = columns & set(model.radiomics) if model.radiomics else read.features
        if known or not {"image", "mask"} <= columns:
            return read
    return _extracted(model, path, jobs, time_limit)


def _extracted(model: Model, path: Path, jobs: int, time_limit: float | None) -> FeatureTable:
    from radiomics_screen.cli.progress import watching
    from radiomics_screen.cli.summary import tell_problems
    from radiomics_screen.cohort.cases import read_cohort
    from radiomics_screen.core.errors import ModelError
    from radiomics_screen.extraction.run import extract_cohort
    from radiomics_screen.prediction.reading import settings_for
    from radiomics_screen.table.feature_table import FeatureTable

    if model.settings is None and model.radiomics:
        raise ModelError(
            f"{path} has images but no features, and the model does not say how to extract them: give a "
            "feature table"
        )
    cohort = read_cohort(path)
    tell_problems(cohort)
    with watching() as progress:
        frame = extract_cohort(
            cohort, settings_for(model), jobs=jobs, progress=progress, time_limit=time_limit
        )
    return FeatureTable(frame, model.radiomics, {"parameters": model.settings})


def _show(found: External, *, kept: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from radiomics_screen.report.wording.numbers import figure_rows

    findings = found.findings
    cohort = findings.cohort
    seen = "names of known cases kept, as asked" if kept else "on patients that the model has never seen"
    say(f"{findings.target} = {findings.positive}, {seen}")
    say(f"rows      {cohort.rows}, of which {cohort.positives} {findings.positive}")
    say(f"patients  {cohort.patients}")
    shown = Table()
    for name in ("figure", "value", "95 % interval"):
        shown.add_column(name)
    for label, value, interval in figure_rows(found.performance):
        shown.add_row(label, value, interval)
    Console().print(shown)
    for message in findings.messages:
        say(message)
