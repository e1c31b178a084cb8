"""The report of a model on data that it has never seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_screen.report.figures.charts import charts_of
from radiomics_screen.report.figures.forest_plots import forest
from radiomics_screen.report.page import Page, write
from radiomics_screen.report.sections.checklist import items_of
from radiomics_screen.report.sections.uncertainty import doubt_of
from radiomics_screen.report.sections.verdict import verdict_of_external

if TYPE_CHECKING:
    from radiomics_screen.modelling.external_evaluation import External


def write_external_report(found: External, path: str | Path) -> None:
    """Write the report of an external evaluation as one HTML file.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    findings, judgement = found.findings, found.performance
    cohort, model = findings.cohort, findings.model
    subgroups = forest(judgement)
    threshold = f"{findings.threshold:.3g}"
    charts = charts_of(judgement, findings.positive, findings.negative, threshold)
    parameters = {
        "target": findings.target,
        "positive value": findings.positive,
        "patients told apart by": findings.group or "nothing: each row counts as a patient",
        "threshold, frozen": f"{findings.threshold:.4g}",
        "classifier": model.classifier,
        "model fitted": f"{model.created}, on {model.rows} rows",
        "of these positive": f"{model.positives} ({model.positive})",
        "fingerprint of its training table": model.fingerprint,
    }
    page = Page(
        title=f"{findings.target} = {findings.positive}: test on other data",
        lead="A fitted model, its threshold frozen, on rows that it was not fitted on. Nothing is learned.",
        positive=findings.positive,
        negative=findings.negative,
        threshold=threshold,
        cohort=cohort,
        judgement=judgement,
        charts=[*charts, *([subgroups] if subgroups else [])],
        messages=findings.messages,
        items=items_of(
            cohort=cohort,
            division="rows with names of the training table are left out, where these are known",
            settings=None,
            features=_features_text(cohort.features),
            calibrated=judgement.curves.calibration is not None,
            external=True,
            findings=None,
            crops_alone=not cohort.features,
        ),
        verdict=verdict_of_external(found),
        parameters=[(name, str(value)) for name, value in parameters.items()],
        versions={**{f"model: {n}": v for n, v in model.versions.items()}, **findings.versions},
        created=findings.created,
        doubt=doubt_of(findings.prediction_sets, findings.positive, findings.negative),
    )
    write(page, path)


def _features_text(count: int) -> str:
    if not count:
        return "none: the model looks at crops of the lesions"
    return f"{count} features go in, as the model asks for"
