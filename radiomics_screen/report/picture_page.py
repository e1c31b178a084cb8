"""A page of pictures with captions: one HTML file without scripts, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from radiomics_screen import __version__
from radiomics_screen.core.whole_files import write_whole
from radiomics_screen.report.page_templates import filled


@dataclass(frozen=True)
class PictureTile:
    """One picture.

    Attributes
    ----------
    title
        Its name.
    pictures
        SVG elements, beside each other; empty: `problem` is shown.
    lines
        What is said below it.
    problem
        Why there is no picture.
    """

    title: str
    pictures: Sequence[Markup] = ()
    lines: Sequence[str] = ()
    problem: str = ""


@dataclass(frozen=True)
class PictureSection:
    """Tiles under a heading."""

    title: str
    text: str
    tiles: Sequence[PictureTile]


@dataclass(frozen=True)
class PicturePage:
    """All that a page shows: a title, what it is, and sections; and which command made it."""

    title: str
    lead: str | Markup
    sections: Sequence[PictureSection] = field(default=())
    generator: str = "radiomics-screen"


def write_picture_page(page: PicturePage, path: str | Path) -> None:
    """Write the page to a file, whole or not at all.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    write_whole(filled("pictures.html", page=page, version=__version__), path)
