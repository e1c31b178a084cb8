"""Small SVG pictures for the documents, drawn with matplotlib."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: What one panel shows: the names of its lines, each with (x, y) points.
Lines = Mapping[str, Sequence[tuple[float, float]]]


@contextmanager
def _figure(path: Path, rows: int, columns: int, inches: tuple[float, float]) -> Any:
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    # text stays text, and the same figures make the same file
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "same", "font.size": 8, "axes.grid": True}):
        figure, axes = plt.subplots(rows, columns, figsize=inches, squeeze=False)
        yield axes
        figure.tight_layout()
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None})
        plt.close(figure)


def growth(panels: Sequence[tuple[str, Lines, Lines]], path: Path) -> None:
    """Draw a column for each panel: its axis, CPU seconds above, MiB below; all axes logarithmic."""
    from matplotlib.ticker import NullLocator

    with _figure(path, 2, len(panels), (2.4 * len(panels), 4.4)) as axes:
        for column, (title, seconds, mib) in enumerate(panels):
            for row, lines in enumerate((seconds, mib)):
                panel = axes[row, column]
                for name, points in lines.items():
                    panel.loglog(*zip(*points, strict=True), "o-", ms=3, lw=1, label=name.replace("_", "-"))
                panel.xaxis.set_minor_locator(NullLocator())
                panel.yaxis.set_minor_locator(NullLocator())
            axes[1, column].set_ylim(1, None)
            axes[1, column].set_xlabel(title)
        axes[0, 0].set_ylabel("CPU seconds")
        axes[1, 0].set_ylabel("MiB beyond libraries and image")
        axes[0, 0].legend(frameon=False, loc="lower right", fontsize=7)


def memory_over_time(samples: Sequence[tuple[float, int]], path: Path, most: int = 200) -> None:
    """Draw bytes over seconds as MiB, of many samples every so-manieth."""
    step = max(1, len(samples) // most)
    with _figure(path, 1, 1, (5, 2.4)) as axes:
        panel = axes[0, 0]
        panel.plot([t for t, _ in samples[::step]], [size / 2**20 for _, size in samples[::step]], lw=1)
        panel.set_ylim(0, None)
        panel.set_xlim(0, None)
        panel.set_xlabel("seconds since the command")
        panel.set_ylabel("MiB, all processes")


def relative(picture: Path, document: Path | None) -> str:
    """Return how a document names a picture; the working directory stands for none."""
    folder = document.resolve().parent if document else Path.cwd()
    return Path(os.path.relpath(picture.resolve(), folder)).as_posix()
