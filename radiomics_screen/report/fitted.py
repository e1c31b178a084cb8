"""The report of a fit: how good the pipeline was on patients that it had not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.evaluation import FOLD, MEAN_OF_FOLDS
from radiomics_screen.modelling.external import parts_of
from radiomics_screen.modelling.judgement import judge
from radiomics_screen.modelling.values import texts_of
from radiomics_screen.report.charts import Chart, charts_of, forest, importances
from radiomics_screen.report.checklist import items_of
from radiomics_screen.report.page import Page, write
from radiomics_screen.report.words import number, with_interval

if TYPE_CHECKING:
    from radiomics_screen.modelling.model import Model

_STRONGEST = 15


def write_fit_report(
    model: Model,
    path: str | Path,
    *,
    table: pd.DataFrame | None = None,
    subgroups: Sequence[str] = (),
    resamples: int = 2000,
) -> None:
    """Write the report of a fitted model as one HTML file.

    Parameters
    ----------
    model
        With its out-of-fold predictions.
    path
        Of the file.
    table
        What the model was fitted on: for its strongest features, and for subgroups.
    subgroups
        Columns of the table whose values part the rows.
    resamples
        Of the bootstraps over patients.

    Raises
    ------
    ModelError
        If the model has no predictions, a subgroup is not a column, or the file cannot be written.
    """
    summary = model.evaluation.summary
    cases, outcome, patients, probabilities = _out_of_fold(model)
    parts = {name: _column(table, name, cases) for name in subgroups}
    judgement = judge(
        outcome, probabilities, patients, threshold=model.threshold, subgroups=parts,
        resamples=resamples, seed=model.card.seed,
    )  # fmt: skip
    charts = charts_of(judgement, model.card.positive, model.card.negative)
    extra = [forest(judgement), None if table is None else _strongest(model, table)]
    page = Page(
        title=f"{model.card.target} = {model.card.positive}: cross-validated",
        lead=_lead(model),
        positive=model.card.positive,
        negative=model.card.negative,
        cohort=summary["cohort"],
        judgement=judgement,
        charts=[*charts, *(chart for chart in extra if chart is not None)],
        messages=[*summary["messages"], *judgement["messages"]],
        items=items_of(
            cohort=dict(summary["cohort"]),
            division=f"tested on {summary['folds_from']}, {_kept_together(model)}; all learned inside folds",
            settings=model.settings is not None,
            features=_feature_flow(model.card.training),
            calibrated=judgement["curves"]["calibration"] is not None,
            external=False,
        ),
        parameters=_parameters(model),
        versions=model.card.versions,
        created=model.card.created,
        folds=_folds(model.evaluation.metrics),
    )
    write(page, path)


def report_beside(folder: str | Path) -> Path:
    """Return where the report of a model folder lies: beside it, as the folder holds a model and no more.

    A folder ``model`` has ``model.report.html``. So the folder can be handed on without the names of cases
    that a report may show.
    """
    place = Path(folder).absolute()
    return place.with_name(f"{place.name}.report.html")


def check_subgroups(table: pd.DataFrame, subgroups: str) -> list[str]:
    """Return the columns that a text names, with commas between them; call it before a long fit.

    Raises
    ------
    ModelError
        If the table has no such column, or one has too many values.
    """
    names = [name.strip() for name in subgroups.split(",") if name.strip()]
    for name in names:
        _require_column(table, name)
        parts_of(table[name], name)
    return names


def _require_column(table: pd.DataFrame | None, name: str) -> pd.DataFrame:
    if table is None or name not in table or "case_id" not in table:
        raise ModelError(f"subgroup '{name}' needs a table with that column and case_id")
    return table


def _out_of_fold(
    model: Model,
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64], npt.NDArray[np.str_], npt.NDArray[np.float64]]:
    """Return cases, outcome, patients, and the probabilities of shape (repeats, rows)."""
    predictions = model.evaluation.predictions
    if predictions is None:
        raise ModelError("the model folder has no predictions.csv: there is nothing to draw a report from")
    repeats = [part for _, part in predictions.groupby("repeat", sort=True)]
    first = repeats[0]
    if any(list(part["case_id"]) != list(first["case_id"]) for part in repeats):
        raise ModelError("predictions.csv is not as it was written: the repeats have different rows")
    outcome = (texts_of(first["target"]) == model.card.positive).astype(np.int64)
    probabilities = np.stack([part["probability"].to_numpy(np.float64) for part in repeats])
    return texts_of(first["case_id"]), outcome, texts_of(first["group"]).astype(str), probabilities


def _column(table: pd.DataFrame | None, name: str, cases: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return the part of each case by a column of the table."""
    known = _require_column(table, name)
    named = pd.Series(known[name].to_numpy(), index=texts_of(known["case_id"]))
    return parts_of(named.loc[list(cases)], name)


def _strongest(model: Model, table: pd.DataFrame) -> Chart | None:
    """Return the figure of the strongest features over the rows of the table that were learned from."""
    used = table[texts_of(table[model.card.target]) != ""]
    used = used[model.unreadable(used) == ""] if len(used) else used
    if used.empty:
        return None
    added = model.contributions(used).drop(columns="bias").abs().mean()
    strongest = added[added > 0].sort_values(ascending=False, kind="stable").head(_STRONGEST)
    if strongest.empty:
        return None
    names, sizes = [str(name) for name in strongest.index], strongest.tolist()
    return importances(names, sizes, len(used), len(model.kept), _stability(model.evaluation.summary))


def _stability(summary: Mapping[str, Any]) -> str:
    """Return how alike the features of the folds are, as the end of a caption."""
    found = summary.get("stability") or {}
    if found.get("index") is None:
        return ""
    ends = f" ({number(found['low'], 2)} to {number(found['high'], 2)})" if found["low"] is not None else ""
    return (
        f" How alike the features of the folds are: {number(found['index'], 2)}{ends}, where 1 is the same "
        "features each time and 0 is chance (Nogueira et al. 2018)."
    )


def _lead(model: Model) -> str:
    summary = model.evaluation.summary
    repeats = f", {summary['repeats']} times anew" if summary["repeats"] > 1 else ""
    mean = with_interval(_plain(vars(model.evaluation.figure("auc", MEAN_OF_FOLDS))))
    return (
        f"Figures on patients that the pipeline had not seen, pooled over {summary['folds_from']}{repeats}. "
        f"Mean AUC of the folds: {mean}. The intervals say how sure the figures of these fitted models are, "
        "not how much they would change had other patients been learned from."
    )


def _kept_together(model: Model) -> str:
    return "each row taken for a patient" if model.card.group is None else "each patient whole"


def _feature_flow(training: Mapping[str, Any]) -> str:
    left = training["features_left"]
    return "; ".join(f"{name}: {count} left" for name, count in left.items())


def _parameters(model: Model) -> list[tuple[str, str]]:
    card, summary = model.card, model.evaluation.summary
    known = {
        "target": card.target,
        "positive value": card.positive,
        "patients told apart by": card.group or "nothing: each row counts as a patient",
        "threshold": f"{card.threshold:.4g}",
        "classifier": card.classifier,
        **card.hyperparameters,
        "correlation limit": summary.get("correlation"),
        "selection of features": summary.get("select"),
        "features to keep": summary.get("most_features"),
        "seed": card.seed,
        "device": card.device,
        "fingerprint of the table": card.training["fingerprint"],
    }
    return [(name, str(value)) for name, value in known.items() if value is not None]


def _folds(metrics: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return a row a fold: name, rows, positive rows, AUC, sensitivity and specificity."""
    of_folds = metrics[metrics["scope"] == FOLD]
    several = of_folds["repeat"].nunique() > 1
    rows = []
    for (repeat, fold), part in of_folds.groupby(["repeat", "fold"], sort=False):
        known = part.set_index("metric")
        figures = [
            _plain(known.loc[n, ["value", "low", "high"]].to_dict())
            for n in ("auc", "sensitivity", "specificity")
        ]
        name = f"{repeat}, fold {fold}" if several else str(fold)
        sizes = (str(int(part["rows"].iloc[0])), str(int(part["positives"].iloc[0])))
        rows.append((name, *sizes, with_interval(figures[0]), *(number(one["value"]) for one in figures[1:])))
    return rows


def _plain(figure: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: None if pd.isna(value) else float(value) for name, value in figure.items()}
