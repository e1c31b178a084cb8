"""Figures of values with their intervals, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from radiomics_screen.modelling.assessment.findings import Estimate
from radiomics_screen.modelling.assessment.performance_types import Performance, Subgroup
from radiomics_screen.report.figures.charts import Chart, shortened
from radiomics_screen.report.figures.svg import ACCENT, GREY, INK, PALE, drawn
from radiomics_screen.report.wording.numbers import number

_SHORTEST = 4  # letters of a value that needs its column's name beside it


def forest(judgement: Performance) -> Chart | None:
    """Return the AUC of each part of the subgroups with its interval; None where no part has enough rows."""
    every = [(column, part) for column, found in judgement.subgroups.items() for part in found]
    parts = [(column, part) for column, part in every if part.auc.value is not None]
    if not parts:
        return None
    rows = [(f"{_named(column, part)} ({part.positives}/{part.rows})", part.auc) for column, part in parts]
    breaks = [at for at in range(1, len(parts)) if parts[at][0] != parts[at - 1][0]]
    overall = judgement.delong.value
    names = ", ".join(judgement.subgroups)
    return Chart(
        "Subgroups",
        drawn(
            "forest",
            f"AUC with interval in the parts of {names}",
            lambda axes: interval_rows(axes, rows, line=overall, breaks=breaks),
            (4.6, max(2.2, 0.9 + 0.27 * len(parts))),
        ),
        f"AUC with 95 % interval (DeLong, clustered by patient) by {names}; in brackets positive rows of all "
        f"rows. Dashed: all rows, {number(overall)}. The parts were not tested against each other."
        + (" Parts with too few rows are left out." if len(parts) < len(every) else ""),
    )


def interval_rows(
    axes: Any,
    rows: Sequence[tuple[str, Estimate]],
    *,
    line: float | None = None,
    breaks: Sequence[int] = (),
) -> None:
    """Draw AUCs with their intervals, the first row at the top.

    Parameters
    ----------
    axes
        To draw into.
    rows
        Name, and AUC with interval.
    line
        Where a dashed line stands for all.
    breaks
        Rows above which a thin line parts groups.
    """
    if line is not None:
        axes.axvline(line, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
    for at, (_, auc) in enumerate(rows):
        if auc.value is None:
            axes.text(0.02, at, "no AUC", transform=axes.get_yaxis_transform(), va="center", color=INK)
            continue
        if auc.low is not None:
            axes.plot([auc.low, auc.high], [at, at], color=ACCENT, linewidth=1.4)
        axes.plot(auc.value, at, "s", color=ACCENT, markersize=5, clip_on=False)
    for at in breaks:
        axes.axhline(at - 0.5, color=PALE, linewidth=0.8)
    axes.set(yticks=range(len(rows)), ylim=(len(rows) - 0.4, -0.6), xlabel="AUC", xlim=(None, 1.01))
    axes.set_yticklabels([name for name, _ in rows], fontsize=8.5)


def _named(column: str, part: Subgroup) -> str:
    value = part.value
    return shortened(value) if len(value) > _SHORTEST else f"{shortened(column)} {value}"
