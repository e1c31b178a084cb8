"""Figures as SVG inside a page: text stays text, and the same figure is the same bytes."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from typing import Any

from markupsafe import Markup, escape

ACCENT, GREY, PALE, INK = "#1b5e85", "#8a939b", "#d9dee2", "#24292e"
#: Colours that follow those of the page, light or dark; elsewhere they are what they are here.
_FOLLOWING = {ACCENT: "accent", GREY: "grey", PALE: "line", INK: "ink", "#ffffff": "paper"}
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_DOTS_PER_INCH = 200  # of what is drawn as dots, as points in their thousands would be too many lines
_LOOK: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a "$" in a name is a "$"
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.8,
}


def drawn(name: str, alt: str, draw: Callable[[Any], None], size: tuple[float, float] = (4.6, 3.7)) -> Markup:
    """Return a figure as an inline SVG element that scales with the page.

    Parameters
    ----------
    name
        Goes before every id, so that several figures can stand in one page.
    alt
        What the figure shows, for those who do not see it.
    draw
        Draws into the axes that it is given.
    size
        Width and height in inches.
    """
    import matplotlib
    from matplotlib.figure import Figure

    written = io.StringIO()
    with matplotlib.rc_context({**_LOOK, "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # the reader's font may have it
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        figure.savefig(
            written,
            format="svg",
            dpi=_DOTS_PER_INCH,
            transparent=True,
            metadata={"Date": None, "Creator": None},
        )
    return Markup(_inline(written.getvalue(), name, alt))


def _inline(text: str, name: str, alt: str) -> str:
    start = text.index("<svg")
    opening, rest = text[start:].split(">", 1)
    view = re.search(r'viewBox="[^"]+"', opening)
    rest = re.sub(r"<metadata>.*?</metadata>", "", rest, flags=re.S)
    rest = re.sub(r'\bid="', f'id="{name}-', rest)
    rest = re.sub(r'(xlink:href="#|url\(#)', rf"\1{name}-", rest)
    rest = re.sub(r"'DejaVu Sans'(?:, sans-serif)?", _FONTS, rest)
    rest = re.sub("|".join(_FOLLOWING), lambda found: _following(found[0]), rest)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{view.group(0) if view else ""} role="img" aria-label="{escape(alt)}">'
    )
    return head + rest.strip()


def _following(tone: str) -> str:
    return f"var(--{_FOLLOWING[tone]}, {tone})"
