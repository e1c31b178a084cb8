"""The page itself: what a report says, put into the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from radiomics_screen import __version__
from radiomics_screen.core.whole_files import write_whole
from radiomics_screen.modelling.assessment.findings import Cohort, Estimate
from radiomics_screen.modelling.assessment.performance import LABELS
from radiomics_screen.modelling.assessment.performance_types import Performance
from radiomics_screen.report.figures.charts import Chart
from radiomics_screen.report.page_templates import filled
from radiomics_screen.report.sections.ablation import ModelComparison
from radiomics_screen.report.sections.checklist import Item
from radiomics_screen.report.sections.controls import ControlRow
from radiomics_screen.report.sections.montage import Montage
from radiomics_screen.report.sections.tuning import Tuning
from radiomics_screen.report.sections.uncertainty import Uncertainty
from radiomics_screen.report.sections.verdict import Statement
from radiomics_screen.report.wording.numbers import (
    count,
    grouped_figures,
    interval,
    number,
    share,
    with_interval,
)

#: Figures at the top of the page.
_HEADLINE = ("auc", "sensitivity", "specificity", "slope", "brier")
#: From which on the bootstrap over patients is not too narrow; as in what a judgement says.
_ENOUGH_PATIENTS = 60


@dataclass(frozen=True)
class FeaturePart:
    """What is shown of the features: figures, clusters with several members, and sentences on them."""

    charts: Sequence[Chart]
    clusters: Sequence[tuple[str, str, str]]
    text: str


@dataclass(frozen=True)
class Page:
    """All that a report shows.

    Attributes
    ----------
    title, lead
        What was asked, and how it was tested, in a sentence.
    positive, negative
        Values of the outcome.
    threshold
        Of the calls, in words.
    cohort
        Counts of who took part.
    judgement
        What :func:`~radiomics_screen.modelling.assessment.performance.judge` returned.
    charts
        Figures in their order.
    messages
        What to keep in mind, sentences.
    folds
        Rows of the table of folds: name, rows, positives, AUC, sensitivity, specificity.
    items
        Topics of reporting guidelines.
    verdict
        What follows from the figures, a sentence each.
    parameters, versions
        Name and value.
    created
        When the model was fitted or judged; part of the page, so that it does not change by itself.
    controls_intro
        Why the AUCs of the controls are not those at the top; "" where they are.
    controls, doubt, comparison, permutation, features, preparation, tuning, montage
        Further sections, each left out where there is nothing of it.
    """

    title: str
    lead: str
    positive: str
    negative: str
    threshold: str
    cohort: Cohort
    judgement: Performance
    charts: Sequence[Chart]
    messages: Sequence[str]
    items: Sequence[Item]
    verdict: Sequence[Statement]
    parameters: Sequence[tuple[str, str]]
    versions: Mapping[str, str]
    created: str
    folds: Sequence[tuple[str, ...]] = field(default=())
    controls: Sequence[ControlRow] = field(default=())
    controls_intro: str = ""
    doubt: Uncertainty | None = None
    comparison: ModelComparison | None = None
    permutation: Chart | None = None
    features: FeaturePart | None = None
    preparation: Sequence[tuple[str, str]] = field(default=())
    tuning: Tuning | None = None
    montage: Montage | None = None


def render(page: Page) -> str:
    """Return the page as HTML: one file, no script, nothing loaded from elsewhere."""
    judgement = page.judgement
    return filled(
        "report.html",
        page=page,
        contents=_contents(page),
        flow=_flow(page),
        headline=_headline(judgement),
        delong=_delong(judgement),
        groups=grouped_figures(judgement),
        confusion=_confusion(judgement),
        subgroups=_subgroups(judgement),
        counts=judgement.counts,
        version=__version__,
        created=page.created[:16].replace("T", " ") + " UTC",
    )


def _contents(page: Page) -> list[tuple[str, str]]:
    """Return the sections that the page has: id and short title."""
    there = {
        ("verdict", "Verdict"): page.verdict,
        ("keep-in-mind", "To keep in mind"): page.messages,
        ("lesion", "Is it the lesion?"): page.controls,
        ("cohort", "Who took part"): True,
        ("figures", "Figures"): True,
        ("calls", "Calls"): page.judgement.confusion,
        ("doubt", "How sure"): page.doubt,
        ("simpler", "Simpler models and chance"): page.comparison or page.permutation,
        ("features", "Features"): page.features,
        ("cases", "Hits and misses"): page.montage,
        ("all-figures", "All figures"): True,
        ("subgroups", "Subgroups"): page.judgement.subgroups,
        ("folds", "Folds"): page.folds,
        ("tuning", "Choices"): page.tuning,
        ("preparation", "Preparation"): page.preparation,
        ("guidelines", "Guidelines"): True,
        ("parameters", "Parameters"): True,
    }
    return [place for place, found in there.items() if found]


def write(page: Page, path: str | Path) -> None:
    """Write the page to a file, whole or not at all.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    write_whole(render(page), path)


def _flow(page: Page) -> list[tuple[str, str, str]]:
    """Return the steps from rows read to rows used: number, text, and cases as examples."""
    cohort = page.cohort
    steps = [(str(cohort.rows_read), "rows read", "")]
    for part in cohort.left_out:
        cases = ", ".join(map(str, part.cases))
        more = " …" if part.rows > len(part.cases) else ""
        steps.append((f"\N{MINUS SIGN}{part.rows}", part.reason, f"{cases}{more}"))
    parts = f"{cohort.positives} {page.positive}, {cohort.negatives} {page.negative}"
    return [*steps, (str(cohort.rows), f"rows used, of {cohort.patients} patients: {parts}", "")]


def _headline(judgement: Performance) -> list[tuple[str, str, str]]:
    figures = judgement.figures
    return [(LABELS[n], number(figures[n].value), interval(figures[n])) for n in _HEADLINE if n in figures]


def _delong(judgement: Performance) -> str:
    """Return the AUC with DeLong's interval where that of the bootstrap is too narrow; "" elsewhere."""
    found = judgement.delong
    if judgement.counts.patients >= _ENOUGH_PATIENTS or found.low is None:
        return ""
    return with_interval(found)


def _confusion(judgement: Performance) -> dict[str, str] | None:
    """Return counts of calls, with their part of the row's class; None without a threshold."""
    cells = judgement.confusion
    if cells is None:
        return None
    whole = {"tp": cells.tp + cells.fn, "fp": cells.fp + cells.tn}
    whole |= {"fn": whole["tp"], "tn": whole["fp"]}
    return {
        **{name: count(cells[name]) for name in cells},
        **{f"{name}_share": share(cells[name], whole[name]) for name in cells},
    }


def _subgroups(judgement: Performance) -> list[tuple[str, list[tuple[str, ...]]]]:
    tables = []
    for column, parts in judgement.subgroups.items():
        rows = [
            (
                part.value,
                f"{part.positives} of {part.rows}",
                *map(_of_part, (part.auc, part.sensitivity, part.specificity)),
                part.note,
            )
            for part in parts
        ]
        tables.append((column, rows))
    return tables


def _of_part(figure: Estimate | None) -> str:
    """Return a figure of a subgroup; where rows are too few it has no value."""
    if figure is None:
        return ""
    return "too few" if figure.value is None else with_interval(figure, 2)
