"""What each feature adds, row by row: a point a row, its place the contribution, its tone the value."""

from __future__ import annotations

from typing import Any

import numpy as np

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.report.figures.charts import Chart, shortened
from radiomics_screen.report.figures.contributions import Explained
from radiomics_screen.report.figures.svg import INK, PALE, drawn

_STRONGEST = 15
_BINS = 90  # along the contribution, within which points are laid beside each other
_MOST_ROWS = 1500  # that are drawn; the means are those of all rows
_TONES = ("#f0b24f", "#c4663f", "#7c3254", "#1d2146")  # light to dark, so that grey print keeps their order
_MISSING = "#9aa3ab"
_WIDTH, _ROW = 4.6, 0.35  # inches


def swarm(found: Explained) -> Chart:
    """Return the contributions of the strongest features."""
    names = found.names[:_STRONGEST]
    rows = len(found.added)
    shown = np.linspace(0, rows - 1, min(rows, _MOST_ROWS)).astype(int)
    added = found.added[names].to_numpy(np.float64)[shown]
    tones = np.column_stack([_ranks(found.values[name].to_numpy(np.float64))[shown] for name in names])
    means: FloatArray = np.asarray(found.strength[names], dtype=np.float64)
    drawn_rows = "" if len(shown) == rows else f" ({len(shown)} of them drawn)"
    numbers = np.array(names) != CROP
    gaps = " Grey: not measured." if np.isnan(tones[:, numbers]).any() else ""
    crop = (
        ""
        if numbers.all()
        else f" '{CROP}' is what the network says of the lesion's crop: no value, so grey."
    )
    return Chart(
        "What moves the model most",
        drawn(
            "features",
            f"Contributions of {len(names)} features, strongest first: {', '.join(names[:3])}",
            lambda axes: _draw(axes, names, added, tones, means),
            (_WIDTH, 1.15 + _ROW * len(names)),
        ),
        f"Each point is one of {rows} rows{drawn_rows}: to the right, the feature speaks for the positive "
        f"class in this row. Light: a low value of the feature, dark: a high one.{gaps}{crop} Numbers: mean "
        f"absolute contribution. The first {len(names)} of {found.reaching} features that reach the "
        "classifier, of the model fitted on all rows. They say what moves this model, not what causes the "
        "disease; of features that are alike the filter keeps one, which gets the credit for all.",
        own_tones=True,
    )


def _draw(axes: Any, names: list[str], added: FloatArray, tones: FloatArray, means: FloatArray) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("tones", _TONES).with_extremes(bad=_MISSING)
    reach = 1.04 * float(np.abs(added).max())
    lines = np.arange(len(names))
    axes.vlines(np.zeros(len(names)), lines - 0.13, lines + 0.47, color=INK, linewidth=0.7)
    for at, name in enumerate(names):
        offset = 0.5 * _offsets(added[:, at], reach)
        axes.axhline(at - 0.52, color=PALE, linewidth=0.6)
        points = colours(np.ma.masked_invalid(tones[:, at]))
        axes.scatter(added[:, at], at + 0.16 + offset, c=points, s=3.2, linewidths=0, rasterized=True)
        label = {"fontsize": 8.2, "va": "center", "transform": axes.get_yaxis_transform()}
        axes.text(0.005, at - 0.33, shortened(name, 44), **label)
        axes.text(0.995, at - 0.33, f"{means[at]:.2f}", ha="right", **label)
    axes.set(xlim=(-reach, reach), ylim=(len(names) - 0.4, -0.6), yticks=[], xlabel="log-odds added")
    axes.spines["left"].set_visible(False)
    bar = axes.figure.colorbar(
        ScalarMappable(cmap=colours), ax=axes, location="top", shrink=0.4, aspect=26, pad=0.015
    )
    bar.set_ticks([0, 1], labels=["low value", "high value"], fontsize=8)
    bar.ax.tick_params(length=0)
    bar.outline.set_visible(False)


def _ranks(values: FloatArray) -> FloatArray:
    """Return the place of each value among all, from 0 to 1; NaN stays NaN, and equal values are equal."""
    ranks = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    if known.any():
        _, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - (counts + 1) / 2
        ranks[known] = middle[place] / max(len(place) - 1, 1)
    return ranks


def _offsets(added: FloatArray, reach: float) -> FloatArray:
    """Return how far each point moves aside from its line, within -0.5 to 0.5, so that few overlap."""
    bins = np.floor((added + reach) / (2 * reach) * _BINS).astype(int)
    order = np.argsort(bins, kind="stable")
    _, first, counts = np.unique(bins[order], return_index=True, return_counts=True)
    place = np.empty(len(added))
    place[order] = np.arange(len(added)) - np.repeat(first, counts)
    side = np.where(place % 2 == 0, 1, -1) * np.ceil(place / 2)
    return side / max(2 * float(np.abs(side).max()), 12)
