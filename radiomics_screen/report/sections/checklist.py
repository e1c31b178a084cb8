"""What of the reporting guidelines software can answer, and what only the author can.

The topics follow CLEAR (Kocak et al. 2023, Insights Imaging 14:75) and METRICS (Kocak et al. 2024,
Insights Imaging 15:8), in words of our own. It is a help for filling them in, not a score: nothing
counts as done because a program could do it, only because the evaluation shows that it was done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from radiomics_screen.core.plurals import counted
from radiomics_screen.modelling.assessment.findings import Cohort, Findings
from radiomics_screen.report.sections.controls import controls_of, in_short
from radiomics_screen.report.sections.preparation import harmonised_text, robustness_text
from radiomics_screen.report.wording.numbers import number, p_equals

AUTHOR = "needs the author"

_WITHOUT_FEATURES = {
    "Settings of the extraction": "no features are extracted; how crops are cut is kept in the model folder",
    "Stability of the chosen features": "there are none to choose",
}


_OF_A_FIT = (
    "Robustness of features against contours and acquisition",
    "Differences between devices or sites",
    "Stability of the chosen features",
    "Comparison with clinical data or a simpler model",
    "Confounding factors",
)


class Item(NamedTuple):
    """One topic: what can be said here, or that the author has to."""

    topic: str
    answer: str
    answered: bool


_OF_AUTHOR = (
    "Clinical question, intended use and setting",
    "Eligibility criteria, period and place of collection, ethics approval",
    "Reference standard, and the time between imaging and it",
    "Imaging devices and protocol",
    "Who drew the regions, how, and how alike several readers draw them",
    "Comparison with readers",
    "Number of patients: why it is enough",
    "Data, code and model: where they can be had",
    "Limits, and what would have to be shown before use",
)


def items_of(
    *,
    cohort: Cohort,
    division: str,
    settings: Mapping[str, Any] | None,
    features: str,
    calibrated: bool,
    external: bool,
    findings: Findings | None,
    crops_alone: bool = False,
) -> list[Item]:
    """Return the topics with their answers, those that software can answer first.

    Parameters
    ----------
    cohort
        Counts of who took part.
    division
        How learning and testing were kept apart, in words.
    settings
        Of the extraction, as a parameter file; None where they are not known.
    features
        How many features, and how they became fewer, in words.
    calibrated
        Whether calibration could be judged.
    external
        Whether this is a test on other data.
    findings
        Of a cross-validation: what else was done; None of a test on other data.
    crops_alone
        Whether a network learned from crops of lesions and nothing else.
    """
    left_out = sum(part.rows for part in cohort.left_out)
    gaps = cohort.missing_values
    answers = {
        "Flow of cases": f"{counted(cohort.rows_read, 'row')} read, {left_out} left out with their reason, "
        f"{cohort.rows} used",
        "Balance of classes": f"{cohort.positives} of {cohort.rows} rows positive",
        "Missing values": f"{counted(gaps, 'value')}, imputed by medians of the training rows"
        if gaps
        else "none",
        "Settings of the extraction": "" if settings is None else _extraction(settings),
        "Number of features and how they are chosen": features,
        "Learning and testing apart": division,
        "Figures with their uncertainty": "95 % intervals, drawing patients, not rows",
        "Calibration": "slope, intercept, curve, Brier score" if calibrated else "",
        "Use for decisions": "decision curve; what calls cost, the author has to say" if calibrated else "",
        "Test on other data": "this table; whence it comes, the author has to say" if external else "",
        **_where_done(findings),
        **(_WITHOUT_FEATURES if crops_alone else {}),
        "Versions and parameters": "below",
    }
    known = [Item(topic, answer or AUTHOR, bool(answer)) for topic, answer in answers.items()]
    missing = [Item(topic, AUTHOR, False) for topic in _OF_AUTHOR]
    return sorted([*known, *missing], key=lambda item: not item.answered)


def _extraction(settings: Mapping[str, Any]) -> str:
    """Return the settings that guidelines ask for, from the parameters that the model keeps."""
    setting, types = settings.get("setting") or {}, settings.get("imageType") or {}
    parts = [f"image types {', '.join(types)}"] if types else []
    if setting.get("binCount"):
        parts.append(f"{setting['binCount']} grey levels")
    elif setting.get("binWidth"):
        parts.append(f"grey levels {setting['binWidth']} wide")
    if spacing := setting.get("resampledPixelSpacing"):
        parts.append(f"resampled to {' x '.join(map(str, spacing))} mm")
    elif "resampledPixelSpacing" in setting:
        parts.append("not resampled")
    parts += ["intensities normalised"] if setting.get("normalize") else []
    parts += ["in slices"] if setting.get("force2D") else []
    return "; ".join([*parts, "all are kept in the model folder"])


def _where_done(findings: Findings | None) -> dict[str, str]:
    """Return topics that are answered only where the findings show that something was done."""
    if findings is None:
        return dict.fromkeys(_OF_A_FIT, "")
    robust, harmonised = findings.robustness, findings.harmonised
    answers = (
        robustness_text(robust) if robust else "",
        harmonised_text(harmonised) if harmonised else "",
        _stability(findings),
        _comparison(findings),
        _confounders(findings),
    )
    found = dict(zip(_OF_A_FIT, answers, strict=True))
    if permutation := findings.permutation:
        found["More than chance"] = f"permutation test of the whole fit, {p_equals(permutation.p)}"
    if tuning := findings.tuning:
        found["Choice of hyperparameters"] = f"{tuning.trials} trials inside each fold, see below"
    return found


def _stability(findings: Findings) -> str:
    if findings.select == "none":  # what filters left was not chosen by the outcome
        return ""
    index = findings.stability.index if findings.stability else None
    return "" if index is None else f"index over the folds {number(index, 2)} (Nogueira et al. 2018)"


def _comparison(findings: Findings) -> str:
    found = findings.comparison
    if found is None or not found.tests:
        return ""
    aucs = ", ".join(f"{one.name} {number(one.auc.value)}" for one in found.models)
    return f"AUC on the same folds: {aucs}; tested after DeLong, corrected after Holm"


def _confounders(findings: Findings) -> str:
    short = in_short(controls_of(findings))
    return f"{short}; what else could confound, the author has to say" if short else ""
