"""What of the reporting guidelines software can answer, and what only the author can.

The topics follow CLEAR (Kocak et al. 2023, Insights Imaging 14:75) and METRICS (Kocak et al. 2024,
Insights Imaging 15:8), in words of our own. It is a help for filling them in, not a score: nothing
counts as done because a program says so.
"""

from __future__ import annotations

from typing import Any, NamedTuple

AUTHOR = "needs the author"


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
    "Robustness of features against contours and acquisition",
    "Comparison with readers, clinical data or a simpler model",
    "Number of patients: why it is enough",
    "Confounding factors",
    "Data, code and model: where they can be had",
    "Limits, and what would have to be shown before use",
)


def items_of(
    *, cohort: dict[str, Any], division: str, settings: bool, features: str, calibrated: bool, external: bool
) -> list[Item]:
    """Return the topics with their answers, those that software can answer first.

    Parameters
    ----------
    cohort
        Counts of who took part.
    division
        How learning and testing were kept apart, in words.
    settings
        Whether the settings of the extraction are known.
    features
        How many features, and how they became fewer, in words.
    calibrated
        Whether calibration could be judged.
    external
        Whether this is a test on other data.
    """
    left_out = sum(part["rows"] for part in cohort["left_out"])
    gaps = cohort["missing_values"]
    kept = "kept in the model folder" if settings else ""
    answers = [
        (
            "Flow of cases",
            f"{cohort['rows_read']} rows read, {left_out} left out with their reason, {cohort['rows']} used",
        ),
        ("Balance of classes", f"{cohort['positives']} of {cohort['rows']} rows positive"),
        ("Missing values", f"{gaps} values, imputed by medians of the training rows" if gaps else "none"),
        ("Settings of the extraction", kept),
        ("Number of features and how they are chosen", features),
        ("Learning and testing apart", division),
        ("Figures with their uncertainty", "95 % intervals, drawing patients, not rows"),
        ("Calibration", "slope, intercept, curve, Brier score" if calibrated else ""),
        ("Use for decisions", "decision curve; what calls cost, the author has to say" if calibrated else ""),
        ("Test on other data", "this table; whence it comes, the author has to say" if external else ""),
        ("Versions and parameters", "below"),
    ]  # fmt: skip
    known = [Item(topic, answer or AUTHOR, bool(answer)) for topic, answer in answers]
    missing = [Item(topic, AUTHOR, False) for topic in _OF_AUTHOR]
    return sorted([*known, *missing], key=lambda item: not item.answered)
