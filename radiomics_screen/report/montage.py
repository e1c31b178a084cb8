"""The hits and misses with the most extreme probabilities, four of each kind, with outline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from radiomics_screen.errors import ScreenError
from radiomics_screen.modelling.values import text_of, texts_of
from radiomics_screen.report.out_of_fold import OutOfFold
from radiomics_screen.report.pictures import Picture, as_svg, picture_of
from radiomics_screen.report.words import number

if TYPE_CHECKING:
    from radiomics_screen.modelling.model import Model

_EACH = 4


@dataclass(frozen=True)
class Tile:
    """One case: its picture, or why there is none."""

    case: str
    probability: str
    truth: str
    picture: Markup | None
    problem: str = ""


@dataclass(frozen=True)
class Montage:
    """Kinds of calls with their cases; without kinds, `remark` says why nothing is shown."""

    kinds: list[tuple[str, str, list[Tile]]]
    remark: str = ""


def montage_of(model: Model, table: pd.DataFrame | None, found: OutOfFold) -> Montage:
    """Return the cases of each kind of call whose probability is the most extreme, one a patient."""
    if table is None or not {"case_id", "image", "mask"} <= set(table.columns):
        return Montage([], "No images are shown: the table names none (columns image and mask).")
    named = table.assign(case_id=texts_of(table["case_id"])).drop_duplicates("case_id")
    rows = dict(zip(named["case_id"], named.to_dict("records"), strict=True))
    positive, negative = model.card.positive, model.card.negative
    setting = (model.settings or {}).get("setting") or {}
    marked_by = (setting.get("label"), setting.get("label_channel"))
    titles = {
        (1, 0): (f"{positive}, called {negative}", "missed, by the lowest probabilities"),
        (0, 1): (f"{negative}, called {positive}", "false alarms, by the highest probabilities"),
        (1, 1): (f"{positive}, called so", "found, by the highest probabilities"),
        (0, 0): (f"{negative}, called so", "cleared, by the lowest probabilities"),
    }
    kinds, probability = [], found.mean_probability
    for (truth, called), (title, text) in titles.items():
        chosen = most_extreme(found, truth=truth, called=called)
        tiles = [
            _tile(
                rows,
                str(found.cases[row]),
                probability[row],
                (negative, positive)[truth],
                marked_by,
            )
            for row in chosen
        ]
        if tiles:
            kinds.append((title, text, tiles))
    problems = [tile.problem for *_, tiles in kinds for tile in tiles if tile.picture is None]
    if len(problems) == sum(len(tiles) for *_, tiles in kinds):
        return Montage([], f"No images are shown: none could be read ({problems[0]}).")
    return Montage(kinds)


def most_extreme(found: OutOfFold, *, truth: int, called: int, count: int = _EACH) -> list[int]:
    """Return the rows of one kind of call with the most extreme probabilities, at most one a patient.

    Parameters
    ----------
    found
        What the folds said.
    truth, called
        Outcome of the rows, and what they were called, 1 or 0.
    count
        How many at most.
    """
    rows = np.flatnonzero((found.outcome == truth) & (found.called == bool(called)))
    probability = found.mean_probability[rows]
    order = rows[np.argsort(-probability if called else probability, kind="stable")]
    first = pd.Series(found.patients[order]).drop_duplicates().index.to_numpy()
    chosen: npt.NDArray[np.intp] = order[first[:count]]
    return [int(row) for row in chosen]


def _tile(
    rows: Mapping[str, Mapping[Any, Any]],
    case: str,
    probability: float,
    truth: str,
    marked_by: tuple[int | None, int | None],
) -> Tile:
    shown = number(float(probability))
    try:
        if case not in rows:
            raise ScreenError("the table has no such case")
        picture = _picture(rows[case], *marked_by)
    except (ScreenError, OSError) as error:
        return Tile(case, shown, truth, None, str(error))
    alt = f"Cut-out of case {case} with the outline of the lesion; {truth}, probability {shown}"
    return Tile(case, shown, truth, as_svg(picture, alt))


def _picture(row: Mapping[Any, Any], label: int | None, label_channel: int | None) -> Picture:
    """Return the picture of a row; its own label goes before that of the settings."""
    image, mask, own = (text_of(row.get(name)) for name in ("image", "mask", "label"))
    if not image or not mask:
        raise ScreenError("the table names no image or no mask")
    chosen = int(own) if own.isdigit() else label
    return picture_of(image, mask, label=chosen, label_channel=label_channel)
