"""Covariates as numbers whose mean is 0, for the linear model of ComBat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.modelling.data.values import listed
from radiomics_screen.modelling.steps.numerics.clinical import (
    holds_numbers,
    levels_in,
    numbers_in,
    one_hot,
    texts_of,
    unseen,
)


def covariate_coding(column: pd.Series[Any], name: str) -> dict[str, Any]:
    """Learn how a covariate becomes centred numbers, as plain JSON values.

    A text becomes one number for each level but the first, a number itself, one value only nothing.

    Raises
    ------
    ModelError
        If it has no value at all, or a value that is no number among numbers.
    """
    if holds_numbers(column):
        values = numbers_in(column, name)
        there = values[~np.isnan(values)]
        if not len(there):
            raise ModelError(f"covariate '{name}' has no value in any row")
        return {"mean": float(there.mean()), "sd": float(there.std()) if np.ptp(there) else 0.0}
    texts = texts_of(column)
    levels = levels_in(texts)
    there = one_hot(texts[texts != ""], levels)
    return {"levels": levels[1:], "first": levels[0], "shares": there.mean(axis=0)[1:].tolist()}


def centred_covariate(column: pd.Series[Any], name: str, coding: Mapping[str, Any]) -> FloatArray:
    """Return a covariate as centred numbers, shape (rows, its numbers).

    0, the mean of the rows learned from, where it is missing or its level was not learned; the
    latter with a note.
    """
    if "levels" not in coding:
        values = numbers_in(column, name)
        if not coding["sd"]:
            return np.empty((len(values), 0))
        values = (values - coding["mean"]) / coding["sd"]
        return np.where(np.isnan(values), 0.0, values)[:, None]
    texts = texts_of(column)
    if new := unseen(texts, [coding["first"], *coding["levels"]]):
        add_remark(f"covariate '{name}' is {listed(new)}, which was not learned: the mean is taken")
    known = ~np.isin(texts, ["", *new])
    return np.where(known[:, None], one_hot(texts, coding["levels"]) - np.array(coding["shares"]), 0.0)


def width_of(coding: Mapping[str, Any]) -> int:
    """Return how many numbers a covariate becomes."""
    return len(coding["levels"]) if "levels" in coding else int(coding["sd"] > 0)
