"""What each fold chose by itself: classifier, hyperparameters and threshold."""

from __future__ import annotations

from dataclasses import dataclass

from radiomics_screen.modelling.assessment.findings import Choice, Findings
from radiomics_screen.report.wording.numbers import number, options_text

_FINAL = "final model, all rows"


@dataclass(frozen=True)
class Tuning:
    """The search inside the folds: a sentence on it, and a row a fold."""

    text: str
    rows: list[tuple[str, str, str, str, str]]


def tuning_of(findings: Findings) -> Tuning | None:
    """Return what the folds chose; None where nothing was searched for."""
    found = findings.tuning
    if found is None:
        return None
    minutes = f" in at most {found.minutes:g} minutes" if found.minutes else ""
    several = len({one.repeat for one in found.chosen}) > 1
    text = (
        f"Each fold searched among its own training rows only: {found.trials} trials{minutes} of "
        f"{', '.join(found.candidates)}, judged by {found.inner_folds} inner folds of whole patients. "
        "The inner AUC is the best of all trials, so it is too high; the figures of this report come from "
        "the outer folds."
    )
    rows = [_row(f"{one.repeat}, fold {one.fold}" if several else str(one.fold), one) for one in found.chosen]
    return Tuning(text, rows + ([_row(_FINAL, found.final)] if found.final else []))


def _row(name: str, one: Choice) -> tuple[str, str, str, str, str]:
    return (
        name,
        one.classifier,
        number(one.inner_auc) if one.inner_auc is not None else "",
        number(one.threshold) if one.threshold is not None else "",
        options_text(one.hyperparameters),
    )
