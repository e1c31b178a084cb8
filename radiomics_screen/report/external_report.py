"""The report of a model on data that it has never seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_screen.report.figures.charts import charts_of
from radiomics_screen.report.figures.forest_plots import forest
from radiomics_screen.report.page import Page, write
from radiomics_screen.report.sections.checklist import items_of
from radiomics_screen.report.sections.uncertainty import doubt_of

if TYPE_CHECKING:
    from radiomics_screen.modelling.external_evaluation import External


def write_external_report(found: External, path: str | Path) -> None:
    """Write the report of an external evaluation as one HTML file.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    summary = found.summary
    judgement, cohort, model = summary["judgement"], summary["cohort"], summary["model"]
    subgroups = forest(judgement)
    threshold = f"{summary['threshold']:.3g}"
    charts = charts_of(judgement, summary["positive"], summary["negative"], threshold)
    parameters = {
        "target": summary["target"],
        "positive value": summary["positive"],
        "patients told apart by": summary["group"] or "nothing: each row counts as a patient",
        "threshold, frozen": f"{summary['threshold']:.4g}",
        "classifier": model["classifier"],
        "model fitted": f"{model['created']}, on {model['rows']} rows",
        "of these positive": f"{model['positives']} ({model['positive']})",
        "fingerprint of its training table": model["fingerprint"],
    }
    page = Page(
        title=f"{summary['target']} = {summary['positive']}: test on other data",
        lead="A fitted model, its threshold frozen, on rows that it was not fitted on. Nothing is learned.",
        positive=summary["positive"],
        negative=summary["negative"],
        threshold=threshold,
        cohort=cohort,
        judgement=judgement,
        charts=[*charts, *([subgroups] if subgroups else [])],
        messages=summary["messages"],
        items=items_of(
            cohort=cohort,
            division="rows with names of the training table are left out, where these are known",
            settings=False,
            features=_features_text(cohort["features"]),
            calibrated=judgement["curves"]["calibration"] is not None,
            external=True,
            summary=summary,
            crops_alone=not cohort["features"],
        ),
        parameters=[(name, str(value)) for name, value in parameters.items()],
        versions={**{f"model: {n}": v for n, v in model["versions"].items()}, **summary["versions"]},
        created=summary["created"],
        doubt=doubt_of(summary, summary["positive"], summary["negative"]),
    )
    write(page, path)


def _features_text(count: int) -> str:
    if not count:
        return "none: the model looks at crops of the lesions"
    return f"{count} features go in, as the model asks for"
