"""Would the lesion's size alone do?"""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from radiomics_screen.modelling.controls.base import Control
from radiomics_screen.modelling.controls.setup import Setup, Wording
from radiomics_screen.modelling.data.dataset import Columns

NAME, TITLE = "size", "Size alone"
#: Features of size, whatever the form, those that say most first. Names: pyradiomics (of old, too), IBSI.
_SIZE = [
    re.compile(rf"[^_]+_(?:{pattern})", re.IGNORECASE)
    for pattern in (
        r"shape_(?:(?:Mesh|Voxel)?Volume)|morph_(?:volume|vol_approx)",
        r"shape2D_(?:Mesh|Pixel)Surface",
        r"shape_SurfaceArea|morph_area_mesh",
        r"shape_Maximum\w*Diameter\w*|shape2D_MaximumDiameter|morph_diam",
        r"shape(?:2D)?_(?:Major|Minor|Least)Axis(?:Length)?|morph_pca_(?:maj|min|least)_axis",
        r"shape2D_Perimeter",
    )
]


def size_features(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the features among `names` that measure size: volumes and areas first, then lengths."""
    return tuple(name for pattern in _SIZE for name in names if pattern.fullmatch(name))


def size_alone(setup: Setup) -> Control:
    """Return whether the features say more than the lesion's size: its volume, or in 2-D its area.

    One column stands for it: from several, such as a perimeter and an area, the form can be told. It is
    learned from by a logistic regression, which cannot overfit a single column as trees do.
    """
    columns = size_features(setup.dataset.columns.features)
    if not columns:
        text = "The table has no features of size (family shape, shape2D or morph)."
        return Control(NAME, TITLE, "not run", text)
    column = _best_known(setup.dataset.features[list(columns)])
    preparation = replace(setup.plan.preparation, select="none", reproducible=False)
    wording = Wording(
        NAME,
        f"{TITLE} ({column})",
        alone="size alone",
        more="So the features say more than how large the lesion is; part of it may still be size.",
        less="The model may say little that a ruler would not: report the size beside it.",
    )
    alone = replace(setup.dataset.only(Columns((column,))), measured=None)
    plan = replace(setup.plan, preparation=preparation, candidates=("logistic",), hyperparameters={})
    return setup.against(wording, alone, plan)


def _best_known(sizes: pd.DataFrame) -> str:
    """Return the first column that has a value in most rows: 3-D ones have none in 2-D images."""
    return str(sizes.notna().sum().idxmax())
