"""Numbers in words: what figures look like in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from radiomics_screen.modelling.assessment.findings import Estimate
from radiomics_screen.modelling.assessment.performance import LABELS
from radiomics_screen.modelling.assessment.performance_types import Performance

#: A figure with its interval, of an evaluation or of a judgement.
Figured = Estimate | Mapping[str, Any]
NONE = "not defined"
#: Groups of figures in the order in which they are shown.
GROUPS = {
    "Telling apart": (
        "auc",
        "average_precision",
        "sensitivity_at_specificity_90",
        "sensitivity_at_specificity_95",
        "specificity_at_sensitivity_90",
        "specificity_at_sensitivity_95",
    ),
    "At the threshold": ("sensitivity", "specificity", "ppv", "npv", "accuracy", "balanced_accuracy", "f1"),
    "Calibration": (
        "intercept_in_the_large",
        "intercept",
        "slope",
        "observed_to_expected",
        "brier",
        "scaled_brier",
        "ece",
    ),
}
#: What a perfect model has, where it is not 1.
_AIMS = {"intercept_in_the_large": "0", "intercept": "0", "brier": "0", "ece": "0"}


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with fixed digits, or that it is not defined; what rounds to 0 has no sign."""
    if value is None:
        return NONE
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def interval(figure: Figured, digits: int = 3) -> str:
    """Return the interval of a figure, or "no interval"."""
    found = _estimate(figure)
    if found.value is None:
        return ""
    if found.low is None or found.high is None:
        return "no interval"
    return f"{number(found.low, digits)} to {number(found.high, digits)}"


def with_interval(figure: Figured, digits: int = 3) -> str:
    """Return value and interval in one text."""
    ends, value = interval(figure, digits), number(_estimate(figure).value, digits)
    return f"{value} ({ends})" if ends else value


def _estimate(figure: Figured) -> Estimate:
    return figure if isinstance(figure, Estimate) else Estimate.of(figure)


def p_value(value: float | None) -> str:
    """Return a p-value with three digits, or that it is below what they can tell."""
    return "< 0.001" if value is not None and value < 0.001 else number(value)


def p_equals(value: float | None) -> str:
    """Return "p = 0.020" or "p < 0.001"."""
    shown = p_value(value)
    return (f"p {shown}" if shown.startswith("<") else f"p = {shown}").replace(" ", "\N{NO-BREAK SPACE}")


def per_cent(part: float | None) -> str:
    """Return a part in 0 to 1 in per cent, with one digit."""
    return NONE if part is None else f"{100 * part:.1f}\N{NO-BREAK SPACE}%"


def per_cent_with_interval(figure: Figured) -> str:
    """Return value and interval of a part in 0 to 1 in per cent, in one text.

    An interval without width (all resamples agree) tells nothing, and is left out.
    """
    found = _estimate(figure)
    if found.value is None or found.low is None or found.high is None or found.low == found.high:
        return per_cent(found.value)
    return f"{per_cent(found.value)} ({100 * found.low:.1f} to {100 * found.high:.1f})"


def count(value: float) -> str:
    """Return a count; a mean of several repeats has one digit after the point where it is not whole."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.1f}"


def repeats_text(repeats: int) -> str:
    """Return ", 5 times anew", how often folds were drawn; "" where they were drawn once."""
    return f", {repeats} times anew" if repeats > 1 else ""


def share(part: float, whole: float) -> str:
    """Return a part of a whole in per cent."""
    return f"{100 * part / whole:.0f} %" if whole else NONE


def grouped_figures(judgement: Performance) -> list[tuple[str, list[tuple[str, str, str, str]]]]:
    """Return for each group its rows: label, value, interval, and what a perfect model has."""
    figures = judgement.figures
    groups = []
    for title, names in GROUPS.items():
        rows = [
            (LABELS[n], number(figures[n].value), interval(figures[n]), _AIMS.get(n, "1"))
            for n in names
            if n in figures
        ]
        if title == "Telling apart":
            delong = judgement.delong
            rows.insert(1, ("AUC, interval after DeLong", number(delong.value), interval(delong), "1"))
        if rows:
            groups.append((title, rows))
    return groups


def figure_rows(judgement: Performance) -> list[tuple[str, str, str]]:
    """Return all figures in one list: label, value, interval."""
    return [row[:3] for _, rows in grouped_figures(judgement) for row in rows]


def options_text(options: Mapping[str, Any]) -> str:
    """Return options in a line: those that are None left out, those of members by their names."""
    parts = []
    for name, value in options.items():
        if name == "members" and "options" in options and options["options"]:
            continue  # they are named with their options
        if name == "options" and isinstance(value, Mapping):
            parts += [f"{member}: {options_text(given)}" for member, given in value.items()]
        elif value is not None:
            parts.append(f"{name} {_option(value)}")
    return "; ".join(parts) if any(": " in part for part in parts) else ", ".join(parts)


def _option(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return f"({options_text(value)})"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
