"""The report of a fit: how good the pipeline was on patients that it had not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.errors import ModelError, did_you_mean
from radiomics_screen.modelling.assessment.evaluation import FOLD
from radiomics_screen.modelling.assessment.findings import Findings
from radiomics_screen.modelling.data.values import texts_of
from radiomics_screen.modelling.external_evaluation import parts_of
from radiomics_screen.report.figures.charts import charts_of
from radiomics_screen.report.figures.clusters import clusters_of
from radiomics_screen.report.figures.contributions import explained
from radiomics_screen.report.figures.forest_plots import forest
from radiomics_screen.report.figures.swarm import swarm
from radiomics_screen.report.page import FeaturePart, Page, write
from radiomics_screen.report.sections.ablation import comparison_of, permutation_chart
from radiomics_screen.report.sections.checklist import Item, items_of
from radiomics_screen.report.sections.controls import controls_intro, controls_of
from radiomics_screen.report.sections.headline import MEAN_AUC, inputs_of, mean_auc_text
from radiomics_screen.report.sections.montage import montage_of
from radiomics_screen.report.sections.out_of_fold import OutOfFold, out_of_fold
from radiomics_screen.report.sections.preparation import preparation_of
from radiomics_screen.report.sections.stability import stability_chart, stability_text
from radiomics_screen.report.sections.tuning import tuning_of
from radiomics_screen.report.sections.uncertainty import doubt_of
from radiomics_screen.report.sections.verdict import verdict_of_fit
from radiomics_screen.report.wording.crop_models import crops_text, cut_text, hindrance, sees_crops_alone
from radiomics_screen.report.wording.numbers import number, options_text, repeats_text, with_interval

if TYPE_CHECKING:
    from radiomics_screen.modelling.bundle.model import Model


def write_fit_report(
    model: Model,
    path: str | Path,
    *,
    table: pd.DataFrame | None = None,
    subgroups: Sequence[str] = (),
    resamples: int = 2000,
    montage: bool = True,
) -> None:
    """Write the report of a fitted model as one HTML file.

    Parameters
    ----------
    model
        With its out-of-fold predictions.
    path
        Of the file.
    table
        What the model was fitted on: for its strongest features, for subgroups, and for pictures. Of a model
        that looks at crops with their column
        (:func:`radiomics_screen.prediction.crop_inputs.with_crops` adds it), for heat maps.
    subgroups
        Columns of the table whose values part the rows.
    resamples
        Of the bootstraps over patients.
    montage
        Whether the hits and misses with the most extreme probabilities are shown: the file then holds
        pictures and names of cases.

    Raises
    ------
    ModelError
        If the model has no predictions, a subgroup is not a column, or the file cannot be written.
    """
    card, findings = model.card, model.evaluation.findings
    found = out_of_fold(model)
    parts = {name: _column(table, name, found.cases) for name in subgroups}
    judgement = found.performance(parts, resamples=resamples, seed=card.seed)
    threshold = threshold_text(found)
    subgroup_chart = forest(judgement)
    page = Page(
        title=f"{card.target} = {card.positive}: cross-validated",
        lead=_lead(model),
        positive=card.positive,
        negative=card.negative,
        threshold=threshold,
        cohort=findings.cohort,
        judgement=judgement,
        charts=charts_of(judgement, card.positive, card.negative, threshold)
        + ([subgroup_chart] if subgroup_chart else []),
        messages=[*findings.messages, *judgement.messages],
        items=_items(model, calibrated=judgement.curves.calibration is not None),
        verdict=verdict_of_fit(findings, judgement, features=not sees_crops_alone(model)),
        parameters=_parameters(model),
        versions=card.versions,
        created=card.created,
        folds=_folds(model.evaluation.metrics),
        features=_features(model, table),
        montage=montage_of(model, table, found) if montage else None,
        **_where_done(model),
    )
    write(page, path)


def report_beside(folder: str | Path) -> Path:
    """Return where the report of a model folder lies: beside it, as the folder holds a model and no more.

    A folder ``model`` has ``model.report.html``. So the folder can be handed on without the names of cases
    and the pictures that a report may show.
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


def threshold_text(found: OutOfFold) -> str:
    """Return the threshold of the calls in words: "0.5", or the range over the folds."""
    if found.thresholds is None:
        return f"{found.threshold:.3g}"
    low, high = float(found.thresholds.min()), float(found.thresholds.max())
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}, by fold"


def _feature_flow(model: Model) -> str:
    """Return how the features became fewer in the final model, in words."""
    left = model.card.training["features_left"]
    if sees_crops_alone(model):
        return f"none: a network learned from {crops_text(model)}"
    if not model.looks_at_crops:
        return "; ".join(f"{name}: {count} left" for name, count in left.items())
    numbers = [count - 1 for count in left.values()]  # all but the crop
    return f"input: {numbers[0]} left; after all steps: {numbers[-1]} left; and {crops_text(model)}"


def _require_column(table: pd.DataFrame | None, name: str) -> pd.DataFrame:
    if table is None or name not in table or "case_id" not in table:
        columns = [] if table is None else [str(column) for column in table.columns]
        hint = did_you_mean(name, columns)
        raise ModelError(f"the table has no column '{name}' (subgroups), or no case_id{hint}")
    return table


def _column(table: pd.DataFrame | None, name: str, cases: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the part of each case by a column of the table."""
    known = _require_column(table, name)
    named = pd.Series(known[name].to_numpy(), index=texts_of(known["case_id"]))
    return parts_of(named.loc[list(cases)], name)


def _features(model: Model, table: pd.DataFrame | None) -> FeaturePart | None:
    """Return the figures of the features; without a table, only how often the folds kept them."""
    if sees_crops_alone(model):
        return None
    found = explained(model, table)
    clusters = clusters_of(found) if found else None
    charts = [
        swarm(found) if found else None,
        clusters.chart if clusters else None,
        stability_chart(model.evaluation.findings, found.names if found else []),
    ]
    shown = [chart for chart in charts if chart is not None]
    reason = hindrance(model, table) if table is not None else ""
    texts = [
        stability_text(model.evaluation.findings),
        f"What moves the model is not shown: {reason}." if reason else "",
    ]
    text = " ".join(filter(None, texts))
    return FeaturePart(shown, clusters.rows if clusters else [], text) if shown or text else None


def _where_done(model: Model) -> dict[str, Any]:
    """Return the sections of which the findings tell, each empty where they do not."""
    findings, card = model.evaluation.findings, model.card
    return {
        "controls": controls_of(findings),
        "controls_intro": controls_intro(findings),
        "doubt": doubt_of(findings.prediction_sets, card.positive, card.negative),
        "comparison": comparison_of(findings),
        "permutation": permutation_chart(findings),
        "preparation": _preparation(model),
        "tuning": tuning_of(findings),
    }


def _preparation(model: Model) -> list[tuple[str, str]]:
    crop = model.card.crop
    return preparation_of(
        model.evaluation.findings,
        crops="" if crop is None else cut_text(crop),
        features=not sees_crops_alone(model),
    )


def _items(model: Model, *, calibrated: bool) -> list[Item]:
    findings = model.evaluation.findings
    return items_of(
        cohort=findings.cohort,
        division=f"tested on {findings.fold_design.text}, {kept_together(model)}; all learned inside folds",
        settings=model.settings,
        features=_feature_flow(model),
        calibrated=calibrated,
        external=False,
        findings=findings,
        crops_alone=sees_crops_alone(model),
    )


def _lead(model: Model) -> str:
    findings = model.evaluation.findings
    repeats = repeats_text(findings.fold_design.repeats)
    inputs = inputs_of(model)
    return (
        f"{inputs}{' ' if inputs else ''}Figures on patients that the pipeline had not seen, pooled over "
        f"{findings.fold_design.text}{repeats}. {MEAN_AUC}: {mean_auc_text(model.evaluation)}. "
        "The intervals say how sure the figures of these fitted models are, "
        "not how much they would change had other patients been learned from."
    )


def kept_together(model: Model) -> str:
    """Return whether patients were kept whole, in words."""
    return "each row taken for a patient" if model.card.group is None else "each patient whole"


def _parameters(model: Model) -> list[tuple[str, str]]:
    card, findings = model.card, model.evaluation.findings
    known = {
        "target": card.target,
        "positive value": card.positive,
        "patients told apart by": card.group or "nothing: each row counts as a patient",
        "threshold": f"{card.threshold:.4g}",
        "classifier": card.classifier,
        "hyperparameters": options_text(card.hyperparameters),
        **({} if sees_crops_alone(model) else _of_features(findings)),
        "crops of the lesions": cut_text(card.crop) if card.crop is not None else None,
        "seed": card.seed,
        "device": card.device,
        "fingerprint of the table": card.training["fingerprint"],
    }
    return [(name, str(value)) for name, value in known.items() if value is not None]


def _of_features(findings: Findings) -> dict[str, Any]:
    return {
        "correlation limit": findings.correlation,
        "selection of features": findings.select,
        "features to keep": findings.most_features,
    }


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
