"""The curves of a report, each with its title, caption and description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from radiomics_screen.modelling.assessment.performance_types import (
    CalibrationCurve,
    Curve,
    DecisionCurve,
    Performance,
)
from radiomics_screen.report.figures.svg import ACCENT, GREY, INK, drawn
from radiomics_screen.report.wording.numbers import with_interval

_LONGEST = 28  # letters of a name in a figure


@dataclass(frozen=True)
class Chart:
    """A figure of the report: its ``svg`` with a ``title`` and a ``caption``.

    One with ``own_tones`` tells by its colours, so these stay what they are on a dark page.
    """

    title: str
    svg: Markup
    caption: str
    own_tones: bool = False


def charts_of(judgement: Performance, positive: str, negative: str, threshold: str) -> list[Chart]:
    """Return the figures that a judgement allows; none of the curves where a class is missing.

    Parameters
    ----------
    judgement
        What :func:`~radiomics_screen.modelling.assessment.performance.judge` returned.
    positive, negative
        Values of the outcome.
    threshold
        Of the calls, in words.
    """
    curves = judgement.curves
    charts = []
    if curves.roc is not None:
        charts.append(_roc(judgement, curves.roc, threshold))
    if curves.precision_recall is not None:
        charts.append(_precision_recall(judgement, curves.precision_recall))
    if curves.calibration is not None:
        charts.append(_calibration(judgement, curves.calibration, positive))
    if curves.decision is not None:
        charts.append(_decision(judgement, curves.decision, positive))
    return [*charts, _distribution(judgement, positive, negative)]


def _sizes(judgement: Performance) -> str:
    counts = judgement.counts
    repeats = f", mean of {counts.repeats} repeats" if counts.repeats > 1 else ""
    return f"n = {counts.rows} rows of {counts.patients} patients, {counts.positives} positive{repeats}"


def _banded(axes: Any, curve: Mapping[str, Any], step: str | None = None) -> None:
    x, y, low, high = (np.array(curve[key], dtype=np.float64) for key in ("x", "y", "low", "high"))
    axes.fill_between(x, low, high, color=ACCENT, alpha=0.16, linewidth=0, step=step)
    axes.plot(x, y, color=ACCENT, drawstyle="steps-pre" if step else "default", label="model")


def _square(axes: Any, x: str, y: str) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=x, ylabel=y)


def _roc(judgement: Performance, curve: Curve, threshold: str) -> Chart:
    figures = judgement.figures
    auc = with_interval(figures["auc"])
    sensitivity, specificity = (
        figures[name].value if name in figures else None for name in ("sensitivity", "specificity")
    )

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
        _banded(axes, {key: [0.0, *values] for key, values in curve.items()})  # it starts in the corner
        if sensitivity is not None and specificity is not None:
            axes.plot(1 - specificity, sensitivity, "o", color="white", markeredgecolor=INK, zorder=5)
            axes.annotate(
                f"threshold {threshold}", (1 - specificity, sensitivity),
                xytext=(9, -11), textcoords="offset points", fontsize=8.5,
            )  # fmt: skip
        _square(axes, "1 \N{MINUS SIGN} specificity", "sensitivity")

    return Chart(
        "ROC curve",
        drawn("roc", f"ROC curve with its band; AUC {auc}", draw),
        f"AUC {auc}. Band: 95 % at each place, bootstrap over patients. Dashed: a coin. {_sizes(judgement)}.",
    )


def _precision_recall(judgement: Performance, curve: Curve) -> Chart:
    area = with_interval(judgement.figures["average_precision"])
    prevalence = judgement.counts.positives / judgement.counts.rows

    def draw(axes: Any) -> None:
        axes.axhline(prevalence, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
        _banded(axes, curve, step="pre")
        _square(axes, "recall (sensitivity)", "precision (PPV)")

    return Chart(
        "Precision and recall",
        drawn("precision-recall", f"Precision over recall; average precision {area}", draw),
        f"Average precision {area}. Dashed: the part of positive rows, {prevalence:.2f}, which is what "
        f"calling everyone positive gives. {_sizes(judgement)}.",
    )


def _calibration(judgement: Performance, curve: CalibrationCurve, positive: str) -> Chart:
    figures = judgement.figures
    slope, offset = with_interval(figures["slope"], 2), with_interval(figures["intercept_in_the_large"], 2)
    bins = {key: np.array(value, dtype=np.float64) for key, value in curve.bins.items()}

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
        _banded(axes, curve)
        reach = np.maximum([bins["observed"] - bins["low"], bins["high"] - bins["observed"]], 0)
        axes.errorbar(
            bins["predicted"], bins["observed"], yerr=reach, fmt="o", color=INK, markersize=3.5,
            elinewidth=0.8, markerfacecolor="white",
        )  # fmt: skip
        _square(axes, "predicted probability", f"observed part of {shortened(positive)}")

    return Chart(
        "Calibration",
        drawn("calibration", f"Observed over predicted probability; slope {slope}", draw),
        f"Slope {slope}, in the large {offset}. Line: local regression with its band; points: bins of about "
        f"as many rows each, with 95 % intervals. Dashed: perfect. {_sizes(judgement)}.",
    )


def _decision(judgement: Performance, curve: DecisionCurve, positive: str) -> Chart:
    x, everyone = np.array(curve.x), np.array(curve.treat_all)
    top = 1.15 * max(curve.prevalence, 0.02)

    def draw(axes: Any) -> None:
        axes.plot(x, everyone, color=GREY, linewidth=1.1, linestyle=(0, (4, 3)), label="act on all")
        axes.axhline(0, color=INK, linewidth=0.8, label="act on none")
        _banded(axes, curve)
        if judgement.threshold is not None:
            axes.axvline(judgement.threshold, color=GREY, linewidth=0.7, linestyle=":")
        axes.set(xlim=(0, 1), ylim=(-0.25 * top, top), xlabel="threshold probability", ylabel="net benefit")
        axes.legend(loc="upper right")

    return Chart(
        "Decision curve",
        drawn("decision", "Net benefit of the model, of acting on all and on none, by threshold", draw),
        f"Net benefit per row of acting on the model's calls: right calls of {positive} less wrong ones, "
        "weighted by the odds of the threshold. The model is of use where its line is above both others, and "
        "surely so only where its band, too, lies above both. "
        f"For a population with this part of positives, {curve.prevalence:.2f}. {_sizes(judgement)}.",
    )


def _distribution(judgement: Performance, positive: str, negative: str) -> Chart:
    found = judgement.distribution
    edges = np.array(found.edges)
    ups, downs = np.array(found.positives), np.array(found.negatives)
    limit = judgement.threshold
    dotted = "" if limit is None else f"; dotted: a probability of {limit:.3g}, the model's threshold"

    def draw(axes: Any) -> None:
        width = np.diff(edges) * 0.9
        axes.bar(edges[:-1], ups, width, align="edge", color=ACCENT, label=shortened(positive))
        axes.bar(edges[:-1], -downs, width, align="edge", color=GREY, label=shortened(negative))
        axes.axhline(0, color=INK, linewidth=0.8)
        if judgement.threshold is not None:
            axes.axvline(judgement.threshold, color=INK, linewidth=0.9, linestyle=":")
        axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
        axes.set(xlim=(0, 1), xlabel="predicted probability", ylabel="rows")
        axes.legend(loc="best")

    return Chart(
        "Probabilities",
        drawn(
            "distribution", f"Numbers of rows by probability, {positive} upwards, {negative} downwards", draw
        ),
        f"Rows of {positive} upwards, of {negative} downwards{dotted}. {_sizes(judgement)}.",
    )


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return a name as it fits into a figure."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
