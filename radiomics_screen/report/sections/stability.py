"""How often the folds kept the same features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from radiomics_screen.modelling.assessment.findings import Findings, Stability
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.report.figures.charts import Chart, shortened
from radiomics_screen.report.figures.svg import ACCENT, INK, PALE, drawn
from radiomics_screen.report.wording.numbers import number

_MOST = 15


def stability_text(findings: Findings) -> str:
    """Return how alike the features of the folds are, as a sentence; "" where it is not known."""
    found = findings.stability
    if found is None or found.index is None:
        return ""
    unchosen = (
        " These are all that the filters left: no feature was chosen by the outcome."
        if findings.select == "none"
        else ""
    )
    return (
        f"How alike the features of the folds are: {number(found.index, 2)}{_ends(found)}, where 1 is the "
        f"same features each time and 0 is chance (Nogueira et al. 2018).{unchosen}"
    )


def _ends(found: Stability) -> str:
    """Return the interval in brackets; "" where there is none, or it has no width as it is shown."""
    if found.low is None or found.high is None:
        return ""
    low, high = number(found.low, 2), number(found.high, 2)
    return "" if low == high else f" ({low} to {high})"


def stability_chart(findings: Findings, strongest: Sequence[str]) -> Chart | None:
    """Return in which part of the folds features were kept; None where not known, or all are kept by all.

    Parameters
    ----------
    findings
        Of the evaluation.
    strongest
        Features of the final model, the strongest first; without any, the most frequent are shown.
    """
    frequency = dict(findings.stability.frequency) if findings.stability else {}
    frequency.pop(CROP, None)  # which nothing selects
    names = [name for name in strongest if name in frequency][:_MOST] or list(frequency)[:_MOST]
    if not names:
        return None
    parts = [float(frequency[name]) for name in names]
    if min(parts) == 1:
        return None
    folds = len(findings.folds)
    which = "strongest features of the final model" if strongest else "most frequent features"
    always = sum(part == 1 for part in parts)
    return Chart(
        "Kept by how many folds",
        drawn(
            "stability",
            f"Part of folds that kept the {which}; {always} of {len(parts)} by all",
            lambda axes: _draw(axes, names, parts, folds),
            (4.6, 0.75 + 0.3 * len(names)),
        ),
        f"The {len(names)} {which}: in how many of {folds} folds each reached the classifier; {always} of "
        "them in all.",
    )


def _draw(axes: Any, names: Sequence[str], parts: Sequence[float], folds: int) -> None:
    for at, (name, part) in enumerate(zip(names, parts, strict=True)):
        axes.plot([0, 1], [at + 0.2, at + 0.2], color=PALE, linewidth=4, solid_capstyle="butt")
        axes.plot([0, part], [at + 0.2, at + 0.2], color=ACCENT, linewidth=4, solid_capstyle="butt")
        axes.text(0, at - 0.2, shortened(name, 44), fontsize=8.2, va="center")
        axes.text(1, at - 0.2, f"{round(part * folds)} of {folds}", fontsize=8.2, va="center", ha="right")
    axes.set(xlim=(-0.005, 1.005), ylim=(len(names) - 0.4, -0.6), yticks=[], xlabel="part of folds")
    axes.set_xticks(np.linspace(0, 1, 5), labels=["0", "0.25", "0.5", "0.75", "1"])
    axes.tick_params(colors=INK)
    axes.spines["left"].set_visible(False)
