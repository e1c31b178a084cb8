"""Is the model better than a simpler one, and better than chance? Two figures and two tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from radiomics_screen.modelling.assessment.findings import BlockComparison, Findings, Permutation
from radiomics_screen.report.figures.charts import Chart
from radiomics_screen.report.figures.forest_plots import interval_rows
from radiomics_screen.report.figures.svg import ACCENT, GREY, INK, drawn
from radiomics_screen.report.wording.numbers import number, p_equals, p_value, with_interval

_TELLING = 199  # permutations, with which the smallest p is 0.005
_NAMED = {
    "clinical": "clinical data alone",
    "radiomics": "radiomics alone",
    "both": "clinical data and radiomics",
}
_BLOCKS = {"clinical": "clinical data", "crop": "crops of the lesions"}


@dataclass(frozen=True)
class ModelComparison:
    """Models on the same folds.

    Attributes
    ----------
    chart
        Their AUCs with intervals.
    models
        Name, AUC with interval, and number of columns that it learned from.
    tests
        The two that are compared, difference with interval, p-value, and p-value after Holm.
    blocks
        Block of columns, AUC of the block alone, what it adds to all others, p-value, and p-value after Holm;
        empty where blocks were not judged.
    """

    chart: Chart
    models: list[tuple[str, str, str]]
    tests: list[tuple[str, str, str, str]]
    blocks: list[tuple[str, str, str, str, str]]


def comparison_of(findings: Findings) -> ModelComparison | None:
    """Return the comparison with clinical data, or of blocks of columns; None where it was not made."""
    found = findings.comparison
    if found is None:
        return None
    blocks = _block_rows(found)
    name_of = _block_named if blocks else _named
    models = [(name_of(one.name), one.auc) for one in found.models]
    described = ", ".join(f"{name} {number(auc.value)}" for name, auc in models)
    chart = Chart(
        "What each block of columns adds" if blocks else "With and without radiomics",
        drawn(
            "comparison",
            f"AUC with interval: {described}",
            lambda axes: interval_rows(axes, models),
            (4.6, 0.9 + 0.4 * len(models)),
        ),
        "AUC on the same out-of-fold rows, 95 % intervals (DeLong, clustered by patient). Whether two differ "
        "is told by the test, not by whether their intervals overlap.",
    )
    return ModelComparison(
        chart,
        [(name_of(one.name), with_interval(one.auc), _count(one.features)) for one in found.models],
        [
            (
                f"{one.first} \N{MINUS SIGN} {one.second}",
                with_interval(one.estimate),
                p_value(one.p),
                p_value(one.p_holm),
            )
            for one in found.tests
        ],
        blocks,
    )


def _block_rows(found: BlockComparison) -> list[tuple[str, str, str, str, str]]:
    """Return for each block its AUC alone and what is lost without it; nothing of older evaluations."""
    aucs = {one.name: with_interval(one.auc) for one in found.models}
    whole = found.models[0].name
    tests = {one.second: one for one in found.tests if one.first == whole}
    rows = []
    for block in found.blocks:
        test = tests.get(block.without)
        added = ("", "", "")
        if test is not None:
            added = (with_interval(test.estimate), p_value(test.p), p_value(test.p_holm))
        rows.append((_block_named(block.name), aucs.get(block.name, ""), *added))
    return rows


def _block_named(name: str) -> str:
    return _BLOCKS.get(name, name)


def permutation_chart(findings: Findings) -> Chart | None:
    """Return the AUCs that shuffled outcomes gave, with the observed one; None where none were shuffled."""
    found = findings.permutation
    if found is None:
        return None
    permuted = np.array([value for value in found.permuted if value is not None], dtype=np.float64)
    observed = found.observed
    reached = int(np.sum(permuted >= observed))

    def draw(axes: Any) -> None:
        low = min(float(permuted.min(initial=observed)), 0.5)
        axes.hist(permuted, bins=np.linspace(low - 0.01, 1, 61), color=GREY, label="shuffled outcomes")
        axes.axvline(observed, color=ACCENT, linewidth=2, label="this model")
        axes.set(xlim=(low - 0.02, 1.01), xlabel="AUC", ylabel="models")
        axes.tick_params(colors=INK)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=2)

    ends = f" (95 % interval {number(found.low)} to {number(found.high)})" if _ends(found) else ""
    return Chart(
        "Against chance",
        drawn(
            "permutation",
            f"AUCs of {len(permuted)} models of shuffled outcomes; observed {observed:.3f}",
            draw,
            (4.6, 3.1),
        ),
        f"{len(permuted)} times the whole fit was repeated with outcomes shuffled among patients; an "
        f"AUC{of_first_repeat(findings)} of {number(observed)} or more (that of this model) was "
        f"{_times(reached)} reached: {p_equals(found.p)}"
        f"{smallest_text(found)}{ends}. "
        "A small p says that there is something to learn, not that it is the lesion, nor that it is much.",
    )


def of_first_repeat(findings: Findings) -> str:
    """Return that an observed AUC is of the first repeat; "" where there is one only."""
    return " in the first repeat" if findings.fold_design.repeats > 1 else ""


def smallest_text(permutation: Permutation) -> str:
    """Return that a p-value is the smallest that its permutations can give; "" where it is not."""
    done = len(permutation.permuted)
    if not math.isclose(permutation.p, 1 / (done + 1)):
        return ""
    more = f"; {_TELLING} or more say more" if done < _TELLING else ""
    return f", the smallest that {done} permutations can give{more}"


def _ends(found: Permutation) -> bool:
    return found.low is not None and found.high is not None


def _times(reached: int) -> str:
    return {0: "never", 1: "once"}.get(reached, f"{reached} times")


def _named(name: str) -> str:
    return _NAMED.get(name, name)


def _count(features: int | None) -> str:
    return "" if features is None else str(features)
