"""What a report says of the crops of lesions that a model looks at, beside or in place of features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.plurals import counted
from radiomics_screen.modelling.classifiers.shared.crop_networks import require_torch
from radiomics_screen.modelling.data.blocks import CROP

if TYPE_CHECKING:
    from radiomics_screen.modelling.bundle.model import Model

_CROPS = "crops of the lesions"
_AXES = "zyx"


def sees_crops_alone(model: Model) -> bool:
    """Tell whether a model learned from crops and nothing else: it then has no features."""
    return model.features == [CROP]


def cut_text(options: Mapping[str, Any]) -> str:
    """Return how crops are cut, in words.

    Parameters
    ----------
    options
        Of :func:`radiomics_screen.imaging.crop.crop_lesion`; of those that are missing nothing is said.
    """
    said = {
        "size": lambda edge: f"{edge} x {edge} pixels",
        "square": lambda square: (
            "a square round the lesion" if square else "the lesion's box, stretched to a square"
        ),
        "margin": lambda part: f"a margin of {part} of the lesion's longer side",
        "background": lambda kind: {
            "keep": "what lies round the lesion is kept",
            "mask": "what lies round the lesion is hidden",
        }.get(kind, str(kind)),
        "intensities": lambda ends: f"grey values from {ends[0]} to {ends[1]}" if ends else "",
        "axis": lambda axis: f"slices across {_AXES[axis]}" if axis else "",
    }
    parts = [text(options[name]) for name, text in said.items() if name in options]
    return ", ".join(part for part in parts if part) or "it is not known how they are cut"


def crops_text(model: Model) -> str:
    """Return "crops of the lesions" and how they are cut; "" of a model that looks at none."""
    if not model.looks_at_crops:
        return ""
    return f"{_CROPS}: {cut_text(model.card.crop or {})}"


def input_text(model: Model) -> str:
    """Return what goes into a model, and how much of it reaches the classifier."""
    if sees_crops_alone(model):
        return crops_text(model)
    numbers = [name for name in model.features if name != CROP]
    text = f"{counted(len(numbers), 'feature')}, of which {len(model.kept_numbers)} reach the classifier"
    return f"{text}; and {crops_text(model)}" if model.looks_at_crops else text


def hindrance(model: Model, table: pd.DataFrame | None) -> str:
    """Return why a model's network cannot be asked of the crops of a table; "" where it can, or has none."""
    if not model.looks_at_crops:
        return ""
    if table is None or CROP not in table:
        return f"the table has no column '{CROP}' (radiomics_screen.prediction.with_crops adds it)"
    try:
        require_torch()
    except ModelError as error:
        return str(error)
    return ""
