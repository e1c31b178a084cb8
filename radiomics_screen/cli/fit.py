"""``radiomics-screen fit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from radiomics_screen.modelling.model import Model


def fit(
    table: Annotated[Path, typer.Argument(help="Feature table (.parquet or .csv), as `extract` writes it.")],
    target: Annotated[str, typer.Option(help="Column with the outcome, which has two values.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the model and its evaluation.")],
    positive: Annotated[
        str | None, typer.Option(help="The outcome's positive value; not needed for 0 and 1.")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Column that tells patients apart; 'none': each row is another patient."),
    ] = None,
    folds: Annotated[
        str | None, typer.Option(help="Column with given folds, instead of --splits and --repeats.")
    ] = None,
    splits: Annotated[int | None, typer.Option(help="Number of folds.", show_default="5")] = None,
    repeats: Annotated[
        int | None, typer.Option(help="How often all rows are divided anew.", show_default="5")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
    device: Annotated[str, typer.Option(help="Where trees are trained: cpu, cuda or auto.")] = "auto",
    threshold: Annotated[
        float, typer.Option(help="Probability from which on a case is called positive.")
    ] = 0.5,
    correlation: Annotated[
        float,
        typer.Option(help="Rank correlation above which the later of two features is dropped; 1 keeps all."),
    ] = 0.95,
    select: Annotated[
        str,
        typer.Option(help="How features are chosen inside each fold: none, mrmr, elasticnet or boruta."),
    ] = "none",
    most_features: Annotated[int, typer.Option(help="How many features mrmr keeps.")] = 20,
    classifier: Annotated[
        str, typer.Option(help="What learns: xgboost, logistic, forest, svm or stack.")
    ] = "xgboost",
    subgroups: Annotated[
        str,
        typer.Option(help="Columns that part the rows in the report, with commas between: device,birads."),
    ] = "",
    jobs: Annotated[
        int,
        typer.Option("--jobs", "-j", help="Number of folds worked on at a time (threads); -1: one a core."),
    ] = 1,
) -> None:
    """Cross-validate a classifier, patients kept together, then fit it on all rows."""
    from radiomics_screen.modelling import check_destination
    from radiomics_screen.modelling import fit as fit_model
    from radiomics_screen.report import check_subgroups, report_beside, write_fit_report
    from radiomics_screen.table import read_table

    check_destination(output)
    read = read_table(table)
    named = check_subgroups(read.frame, subgroups)
    model = fit_model(
        read,
        target=target,
        positive=positive,
        group=group,
        folds=folds,
        splits=splits,
        repeats=repeats,
        seed=seed,
        device=device,
        threshold=threshold,
        correlation=correlation,
        select=select,
        most_features=most_features,
        classifier=classifier,
        jobs=jobs,
        progress=lambda finished, of: typer.echo(f"fold {finished} of {of}", err=True),
    )
    model.save(output)
    report = report_beside(output)
    write_fit_report(model, report, table=read.frame, subgroups=named)
    _show(model)
    typer.echo(f"model       {output}\nevaluation  {output / 'evaluation.json'}, {output / 'metrics.csv'}")
    typer.echo(f"report      {report}")


def _show(model: Model) -> None:
    from rich.console import Console
    from rich.table import Table

    typer.echo(f"{model.card.target} = {model.card.positive}, on patients that the model had not seen")
    counts = model.evaluation.counts()
    width = max(len(name) for name, _ in counts)
    for name, count in counts:
        typer.echo(f"{name:{width}}  {count}")
    shown = Table()
    for name in ("figure", "value", "95 % interval"):
        shown.add_column(name)
    for row in model.evaluation.table():
        shown.add_row(*row)
    Console().print(shown)
    for message in model.evaluation.summary["messages"]:
        typer.echo(message)
