"""The hits and misses with the most extreme probabilities, four of each kind, with outline.

Of a model that looks at crops, each has its crop with a heat map of where the network looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from radiomics_screen.core.errors import ModelError, ScreenError
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.values import text_of, texts_of
from radiomics_screen.report.figures.heat_maps import Heat, heat_of
from radiomics_screen.report.figures.lesion_pictures import Picture, as_svg, picture_of
from radiomics_screen.report.sections.out_of_fold import OutOfFold
from radiomics_screen.report.wording.numbers import number

if TYPE_CHECKING:
    from radiomics_screen.modelling.bundle.model import Model

_EACH = 4


@dataclass(frozen=True)
class Tile:
    """One case: its picture, or the problem why there is none, and its crop with a heat map, and a remark."""

    case: str
    probability: str
    truth: str
    picture: Markup | None
    problem: str = ""
    heat: Markup | None = None
    heat_remark: str = ""


@dataclass(frozen=True)
class Montage:
    """Kinds of calls with their cases; without kinds, `remark` says why nothing is shown.

    `heat` says what heat maps are, or why there are none; None of a model that looks at no crops.
    """

    kinds: list[tuple[str, str, list[Tile]]]
    remark: str = ""
    heat: Heat | None = None


@dataclass(frozen=True)
class _Source:
    """Where tiles come from: rows by their case, and how their masks mark lesions.

    `names_images`: whether the table has images to show; `heat`: how to show crops; None: not at all.
    """

    rows: Mapping[str, Mapping[Any, Any]]
    label: int | None
    label_channel: int | None
    names_images: bool
    heat: Heat | None

    @classmethod
    def of(cls, model: Model, table: pd.DataFrame, heat: Heat | None) -> _Source:
        named = table.assign(case_id=texts_of(table["case_id"])).drop_duplicates("case_id")
        rows = dict(zip(named["case_id"], named.to_dict("records"), strict=True))
        setting = (model.settings or {}).get("setting") or {}
        return cls(
            rows,
            setting.get("label"),
            setting.get("label_channel"),
            _names_images(table),
            None if heat is None or heat.network is None else heat,
        )


def montage_of(model: Model, table: pd.DataFrame | None, found: OutOfFold) -> Montage:
    """Return the cases of each kind of call whose probability is the most extreme, one a patient."""
    heat = heat_of(model, table)
    hot = heat is not None and heat.network is not None
    if table is None or "case_id" not in table or not (_names_images(table) or hot):
        return Montage([], "No images are shown: the table names none (columns image and mask).", heat)
    source = _Source.of(model, table, heat)
    positive, negative = model.card.positive, model.card.negative
    titles = {
        (1, 0): (f"{positive}, called {negative}", "missed, by the lowest probabilities"),
        (0, 1): (f"{negative}, called {positive}", "false alarms, by the highest probabilities"),
        (1, 1): (f"{positive}, called so", "found, by the highest probabilities"),
        (0, 0): (f"{negative}, called so", "cleared, by the lowest probabilities"),
    }
    kinds, outcomes = [], (negative, positive)
    for (truth, called), (title, text) in titles.items():
        tiles = [
            _tile(source, str(found.cases[row]), found.mean_probability[row], outcomes, truth, called)
            for row in most_extreme(found, truth=truth, called=called)
        ]
        if tiles:
            kinds.append((title, text, tiles))
    shown = [tile for *_, tiles in kinds for tile in tiles]
    if not any(tile.picture or tile.heat for tile in shown):
        problem = next(tile.problem or tile.heat_remark for tile in shown)
        return Montage([], f"No images are shown: none could be read ({problem}).", heat)
    return Montage(kinds, heat=heat)


def _names_images(table: pd.DataFrame) -> bool:
    return {"case_id", "image", "mask"} <= set(table.columns)


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
    source: _Source, case: str, probability: float, outcomes: tuple[str, str], truth: int, called: int
) -> Tile:
    shown, was = number(float(probability)), outcomes[truth]
    if case not in source.rows:
        return Tile(case, shown, was, None, "the table has no such case")
    row, picture, problem, heat, heat_remark = source.rows[case], None, "", None, ""
    if source.names_images:
        alt = f"Cut-out of case {case} with the outline of the lesion; {was}, probability {shown}"
        try:
            picture = as_svg(_picture(row, source.label, source.label_channel), alt)
        except (ScreenError, OSError) as error:
            problem = str(error)
    if source.heat is not None:
        alt = (
            f"Crop of case {case} with the outline of the lesion, under a heat map of the places that speak "
            f"for {outcomes[called]}"
        )
        try:
            heat, heat_remark = source.heat.over(row.get(CROP), alt, positive=bool(called))
        except ModelError as error:
            heat_remark = f"no heat map: {error}"
    return Tile(case, shown, was, picture, problem, heat, heat_remark)


def _picture(row: Mapping[Any, Any], label: int | None, label_channel: int | None) -> Picture:
    """Return the picture of a row; its own label and channel go before those of the settings."""
    image, mask, own = (text_of(row.get(name)) for name in ("image", "mask", "label"))
    if not image or not mask:
        raise ScreenError("the table names no image or no mask")
    chosen = int(own) if own.isdigit() else label
    channel = text_of(row.get("label_channel")).removesuffix(".0")
    return picture_of(
        image, mask, label=chosen, label_channel=int(channel) if channel.isdigit() else label_channel
    )
