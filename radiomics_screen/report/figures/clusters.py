"""Features that go together: hierarchical clusters of those that reach the classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import dendrogram, fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.plurals import counted
from radiomics_screen.report.figures.charts import Chart
from radiomics_screen.report.figures.contributions import Explained
from radiomics_screen.report.figures.svg import ACCENT, GREY, INK, drawn

_MOST = 40
#: Mean absolute rank correlation down to which features count as one cluster.
ALIKE = 0.7


@dataclass(frozen=True)
class Clusters:
    """Clusters of features.

    Attributes
    ----------
    chart
        Their correlations.
    rows
        Of clusters with several members, that with the strongest feature first: strongest feature,
        number of members, the other members.
    alone
        Number of features that are in no such cluster.
    """

    chart: Chart
    rows: list[tuple[str, str, str]]
    alone: int


def clusters_of(found: Explained) -> Clusters | None:
    """Return the clusters of the strongest features; None where there are fewer than three."""
    varying = [name for name in found.names if found.values[name].nunique() > 1][:_MOST]
    if len(varying) < 3:
        return None
    alike = rank_correlations(found.values[varying].to_numpy(np.float64))
    tree = linkage(squareform(1 - alike, checks=False), method="average")
    order = leaves_list(tree)
    groups = _groups(fcluster(tree, t=1 - ALIKE, criterion="distance"))
    several = [members for members in groups if len(members) > 1]
    rows = [
        (varying[members[0]], str(len(members)), ", ".join(varying[one] for one in members[1:]))
        for members in several
    ]
    alone = len(groups) - len(several)
    text = f"{counted(len(several), 'cluster')} of several features, {counted(alone, 'feature')} alone"
    chart = Chart(
        "Features that go together",
        drawn(
            "clusters",
            f"Rank correlations of {len(varying)} features by their clusters: {text}",
            lambda axes: _draw(axes, alike[np.ix_(order, order)], tree, _places(several, order)),
            (4.6, 5.3),
        ),
        f"Absolute rank correlation (Spearman) of the {len(varying)} strongest features that reach the "
        f"classifier, dark: the same order of rows. Boxes: clusters (average linkage, mean correlation of "
        f"{ALIKE:g} or more), numbered as in the list below: {text}. Features of one cluster say much the "
        "same, so that credit may move between them.",
        own_tones=True,
    )
    return Clusters(chart, rows, alone)


def rank_correlations(values: FloatArray) -> FloatArray:
    """Return absolute Spearman correlations, shape (features, features), over rows where both are known.

    Parameters
    ----------
    values
        Shape (rows, features), NaN where missing. A pair that does not vary together has 0.
    """
    count = values.shape[1]
    if not np.isnan(values).any():
        return _correlations(rankdata(values, axis=0))
    found = np.eye(count)
    for i in range(count):
        for j in range(i):
            both = values[:, [i, j]]
            both = both[~np.isnan(both).any(axis=1)]
            if len(both) > 1:
                found[i, j] = found[j, i] = _correlations(rankdata(both, axis=0))[0, 1]
    return found


def _correlations(ranks: FloatArray) -> FloatArray:
    centred = ranks - ranks.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    products = np.outer(size, size)
    found = np.divide(np.abs(centred.T @ centred), products, out=np.zeros_like(products), where=products > 0)
    np.fill_diagonal(found, 1.0)
    return np.clip(found, 0, 1)


def _groups(numbers: npt.NDArray[np.int32]) -> list[list[int]]:
    """Return the members of each cluster; clusters and members in the order of the features."""
    groups: dict[int, list[int]] = {}
    for feature, number in enumerate(numbers):
        groups.setdefault(int(number), []).append(feature)
    return list(groups.values())


def _places(groups: list[list[int]], order: npt.NDArray[np.int32]) -> list[tuple[int, int]]:
    """Return where each cluster begins in the order of the leaves, and how many it has."""
    place = np.argsort(order)
    return [(int(min(place[members])), len(members)) for members in groups]


def _draw(axes: Any, alike: FloatArray, tree: FloatArray, boxes: list[tuple[int, int]]) -> None:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    tones = LinearSegmentedColormap.from_list("alike", ("#ffffff", "#c9d9e4", ACCENT, "#0b2537"))
    picture = axes.imshow(alike, cmap=tones, vmin=0, vmax=1, interpolation="none")
    for number, (start, size) in enumerate(boxes, start=1):
        axes.add_patch(
            Rectangle((start - 0.5, start - 0.5), size, size, fill=False, edgecolor=INK, linewidth=1)
        )
        axes.annotate(
            str(number),
            (len(alike) - 0.5, start + size / 2 - 0.5),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            annotation_clip=False,
        )
    axes.set(xticks=[], yticks=[])
    above = axes.inset_axes([0, 1.01, 1, 0.22])
    branches = dendrogram(tree, no_plot=True)
    for x, y in zip(branches["icoord"], branches["dcoord"], strict=True):
        above.plot(np.array(x) / 10 - 0.5, y, color=INK, linewidth=0.7)
    above.axhline(1 - ALIKE, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
    above.set(xlim=(-0.5, len(alike) - 0.5), ylim=(0, 1.02))
    above.axis("off")
    bar = axes.figure.colorbar(picture, ax=axes, location="bottom", shrink=0.5, aspect=26, pad=0.02)
    bar.set_ticks([0, 0.5, 1], labels=["0", "0.5", "1"], fontsize=8)
    bar.outline.set_linewidth(0.5)
    bar.set_label("absolute rank correlation", fontsize=8.2)
