"""The figures of a report, each with its title, caption and description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from radiomics_screen.report.svg import ACCENT, GREY, INK, PALE, drawn
from radiomics_screen.report.words import number, with_interval

_LONGEST, _SHORTEST = 28, 4  # letters of a name in a figure; and of one that needs its column beside it


@dataclass(frozen=True)
class Chart:
    """A figure of the report: its ``svg`` with a ``title`` and a ``caption``."""

    title: str
    svg: Markup
    caption: str


def charts_of(judgement: Mapping[str, Any], positive: str, negative: str) -> list[Chart]:
    """Return the figures that a judgement allows; none of the curves where a class is missing."""
    curves = judgement["curves"]
    charts = []
    if curves["roc"] is not None:
        charts = [
            _roc(judgement),
            _precision_recall(judgement),
            _calibration(judgement, positive),
            _decision(judgement, positive),
        ]
    return [*charts, _distribution(judgement, positive, negative)]


def _sizes(judgement: Mapping[str, Any]) -> str:
    counts = judgement["counts"]
    repeats = f", mean of {counts['repeats']} repeats" if counts["repeats"] > 1 else ""
    return (
        f"n = {counts['rows']} rows of {counts['patients']} patients, {counts['positives']} positive{repeats}"
    )


def _banded(axes: Any, curve: Mapping[str, Any], step: str | None = None) -> None:
    x, y, low, high = (np.array(curve[key], dtype=np.float64) for key in ("x", "y", "low", "high"))
    axes.fill_between(x, low, high, color=ACCENT, alpha=0.16, linewidth=0, step=step)
    axes.plot(x, y, color=ACCENT, drawstyle="steps-pre" if step else "default", label="model")


def _square(axes: Any, x: str, y: str) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=x, ylabel=y)


def _roc(judgement: Mapping[str, Any]) -> Chart:
    curve, figures = judgement["curves"]["roc"], judgement["figures"]
    auc = with_interval(figures["auc"])
    at = {name: figures[name]["value"] for name in ("sensitivity", "specificity") if name in figures}

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
        _banded(axes, {key: [0.0, *values] for key, values in curve.items()})  # it starts in the corner
        if len(at) == 2:
            axes.plot(
                1 - at["specificity"], at["sensitivity"], "o", color="white", markeredgecolor=INK, zorder=5
            )
            axes.annotate(
                f"threshold {judgement['threshold']:.3g}", (1 - at["specificity"], at["sensitivity"]),
                xytext=(9, -11), textcoords="offset points", fontsize=8.5,
            )  # fmt: skip
        _square(axes, "1 \N{MINUS SIGN} specificity", "sensitivity")

    return Chart(
        "ROC curve",
        drawn("roc", f"ROC curve with its band; AUC {auc}", draw),
        f"AUC {auc}. Band: 95 % at each place, bootstrap over patients. Dashed: a coin. {_sizes(judgement)}.",
    )


def _precision_recall(judgement: Mapping[str, Any]) -> Chart:
    area = with_interval(judgement["figures"]["average_precision"])
    prevalence = judgement["curves"]["decision"]["prevalence"]

    def draw(axes: Any) -> None:
        axes.axhline(prevalence, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
        _banded(axes, judgement["curves"]["precision_recall"], step="pre")
        _square(axes, "recall (sensitivity)", "precision (PPV)")

    return Chart(
        "Precision and recall",
        drawn("precision-recall", f"Precision over recall; average precision {area}", draw),
        f"Average precision {area}. Dashed: the part of positive rows, {prevalence:.2f}, which is what "
        f"calling everyone positive gives. {_sizes(judgement)}.",
    )


def _calibration(judgement: Mapping[str, Any], positive: str) -> Chart:
    curve, figures = judgement["curves"]["calibration"], judgement["figures"]
    slope, offset = with_interval(figures["slope"], 2), with_interval(figures["intercept_in_the_large"], 2)
    bins = {key: np.array(value, dtype=np.float64) for key, value in curve["bins"].items()}

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
        _banded(axes, curve)
        reach = np.maximum([bins["observed"] - bins["low"], bins["high"] - bins["observed"]], 0)
        axes.errorbar(
            bins["predicted"], bins["observed"], yerr=reach, fmt="o", color=INK, markersize=3.5,
            elinewidth=0.8, markerfacecolor="white",
        )  # fmt: skip
        _square(axes, "predicted probability", f"observed part of {_short(positive)}")

    return Chart(
        "Calibration",
        drawn("calibration", f"Observed over predicted probability; slope {slope}", draw),
        f"Slope {slope}, in the large {offset}. Line: local regression with its band; points: bins of about "
        f"as many rows each, with 95 % intervals. Dashed: perfect. {_sizes(judgement)}.",
    )


def _decision(judgement: Mapping[str, Any], positive: str) -> Chart:
    curve = judgement["curves"]["decision"]
    x, everyone = np.array(curve["x"]), np.array(curve["treat_all"])
    top = 1.15 * max(curve["prevalence"], 0.02)

    def draw(axes: Any) -> None:
        axes.plot(x, everyone, color=GREY, linewidth=1.1, linestyle=(0, (4, 3)), label="act on all")
        axes.axhline(0, color=INK, linewidth=0.8, label="act on none")
        _banded(axes, curve)
        if judgement["threshold"] is not None:
            axes.axvline(judgement["threshold"], color=GREY, linewidth=0.7, linestyle=":")
        axes.set(xlim=(0, 1), ylim=(-0.25 * top, top), xlabel="threshold probability", ylabel="net benefit")
        axes.legend(loc="upper right")

    return Chart(
        "Decision curve",
        drawn("decision", "Net benefit of the model, of acting on all and on none, by threshold", draw),
        f"Net benefit per row of acting on the model's calls: right calls of {positive} less wrong ones, "
        "weighted by the odds of the threshold. The model is of use where its line is above both others. "
        f"For a population with this part of positives, {curve['prevalence']:.2f}. {_sizes(judgement)}.",
    )


def _distribution(judgement: Mapping[str, Any], positive: str, negative: str) -> Chart:
    found = judgement["distribution"]
    edges = np.array(found["edges"])
    ups, downs = np.array(found["positives"]), np.array(found["negatives"])

    def draw(axes: Any) -> None:
        width = np.diff(edges) * 0.9
        axes.bar(edges[:-1], ups, width, align="edge", color=ACCENT, label=_short(positive))
        axes.bar(edges[:-1], -downs, width, align="edge", color=GREY, label=_short(negative))
        axes.axhline(0, color=INK, linewidth=0.8)
        if judgement["threshold"] is not None:
            axes.axvline(judgement["threshold"], color=INK, linewidth=0.9, linestyle=":")
        axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
        axes.set(xlim=(0, 1), xlabel="predicted probability", ylabel="rows")
        axes.legend(loc="best")

    return Chart(
        "Probabilities",
        drawn(
            "distribution", f"Numbers of rows by probability, {positive} upwards, {negative} downwards", draw
        ),
        f"Rows of {positive} upwards, of {negative} downwards; dotted: the threshold. {_sizes(judgement)}.",
    )


def forest(judgement: Mapping[str, Any]) -> Chart | None:
    """Return the AUC of each part of the subgroups with its interval; None where there are none."""
    parts = [(column, part) for column, found in judgement["subgroups"].items() for part in found]
    if not parts:
        return None
    labels = [
        f"{_short(part['value'])} ({part['positives']}/{part['rows']})"
        if len(part["value"]) > _SHORTEST
        else f"{_short(column)} {part['value']} ({part['positives']}/{part['rows']})"
        for column, part in parts
    ]
    overall = judgement["delong"]["value"]

    def draw(axes: Any) -> None:
        if overall is not None:
            axes.axvline(overall, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
        for at, (_, part) in enumerate(parts):
            auc = part["auc"]
            if auc["value"] is None:
                axes.text(0.02, at, "no AUC", transform=axes.get_yaxis_transform(), va="center", color=INK)
                continue
            if auc["low"] is not None:
                axes.plot([auc["low"], auc["high"]], [at, at], color=ACCENT, linewidth=1.4)
            axes.plot(auc["value"], at, "s", color=ACCENT, markersize=5, clip_on=False)
        changes = [at for at in range(1, len(parts)) if parts[at][0] != parts[at - 1][0]]
        for at in changes:
            axes.axhline(at - 0.5, color=PALE, linewidth=0.8)
        axes.set(yticks=range(len(parts)), ylim=(len(parts) - 0.4, -0.6), xlabel="AUC", xlim=(None, 1.01))
        axes.set_yticklabels(labels, fontsize=8.5)

    names = ", ".join(judgement["subgroups"])
    return Chart(
        "Subgroups",
        drawn(
            "forest",
            f"AUC with interval in the parts of {names}",
            draw,
            (4.6, max(2.2, 0.9 + 0.27 * len(parts))),
        ),
        f"AUC with 95 % interval (DeLong, clustered by patient) by {names}; in brackets positive rows of all "
        f"rows. Dashed: all rows, {number(overall)}. The parts were not tested against each other.",
    )


def importances(
    names: Sequence[str], sizes: Sequence[float], rows: int, of: int, stability: str = ""
) -> Chart:
    """Return the mean absolute contributions of the strongest features; `stability` ends the caption."""

    def draw(axes: Any) -> None:
        axes.barh(range(len(names)), sizes, color=ACCENT, height=0.62)
        axes.set(
            yticks=range(len(names)),
            ylim=(len(names) - 0.4, -0.6),
            xlabel="log-odds added",
        )
        axes.set_yticklabels([_short(name, 44) for name in names], fontsize=7.5)

    return Chart(
        "Features that move the model most",
        drawn(
            "features",
            f"Strongest features: {', '.join(names[:3])}",
            draw,
            (4.6, max(2.2, 0.9 + 0.19 * len(names))),
        ),
        f"Mean absolute contribution to the log-odds: the first {len(names)} of the {of} features that reach "
        f"the classifier, of the model fitted on all {rows} rows. They say what moves this model, not what "
        "causes the disease; of features that are alike the filter keeps one, which gets the credit for all."
        f"{stability}",
    )


def _short(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
