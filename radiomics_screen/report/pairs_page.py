"""Pairs of images and masks as thumbnails, so that a person sees whether they belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from radiomics_screen.core.errors import ScreenError
from radiomics_screen.core.plurals import counted
from radiomics_screen.report.figures.lesion_pictures import as_svg, picture_of, picture_without_mask
from radiomics_screen.report.picture_page import PicturePage, PictureSection, PictureTile, write_picture_page

#: How many doubtful pairs are shown, and how many of the others, so that the page opens.
MOST_DOUBTFUL, OTHERS = 200, 12


@dataclass(frozen=True)
class ShownPair:
    """An image and a mask, their names, and why they are doubted."""

    case: str
    image: Path
    mask: Path
    names: tuple[str, str]
    label: int | None = None
    doubts: tuple[str, ...] = ()


def write_pairs_page(pairs: Sequence[ShownPair], path: str | Path) -> None:
    """Write a page with the doubtful pairs, and some of the others, spread over the list.

    Parameters
    ----------
    pairs
        All pairs; doubtful ones are shown in their order, the first 200.
    path
        The HTML file.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    doubtful = [pair for pair in pairs if pair.doubts]
    others = [pair for pair in pairs if not pair.doubts]
    step = -(-len(others) // OTHERS) or 1
    sections = [
        PictureSection(title, text, [_tile(pair) for pair in shown])
        for title, text, shown in (
            ("Doubtful pairs", _left_out(len(doubtful)), doubtful[:MOST_DOUBTFUL]),
            ("Pairs without doubt", f"{len(others)} in all; some of them.", others[::step]),
        )
        if shown
    ]
    lead = (
        f"{counted(len(pairs), 'pair')}, {len(doubtful)} of them doubtful. The whole frame; of a volume, the "
        "slice with the largest area. Line: the outline of the mask."
    )
    write_picture_page(PicturePage("Do these masks belong to these images?", lead, sections), path)


def _left_out(count: int) -> str:
    if count <= MOST_DOUBTFUL:
        return ""
    return f"The first {MOST_DOUBTFUL} of {count}; the column pairing_doubt of the list names all."


def _tile(pair: ShownPair) -> PictureTile:
    label = [] if pair.label is None else [f"label {pair.label}"]
    lines = [*pair.doubts, *label, f"{pair.names[0]} + {pair.names[1]}"]
    alt = f"Image of case {pair.case} with the outline of its mask"
    try:
        try:
            picture = picture_of(pair.image, pair.mask, label=pair.label, whole_slice=True)
        except (ScreenError, OSError):
            picture, alt = picture_without_mask(pair.image), f"Image of case {pair.case} without outline"
            lines.append("shown without outline")
    except (ScreenError, OSError) as error:
        return PictureTile(pair.case, (), lines, f"no picture: {error}")
    return PictureTile(pair.case, [as_svg(picture, alt)], lines)
