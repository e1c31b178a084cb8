"""Would the lesion's size alone do?"""

from __future__ import annotations

import re
from dataclasses import replace

from radiomics_screen.modelling.controls.base import Control, Setup
from radiomics_screen.modelling.dataset import Columns

NAME, TITLE = "size", "Size alone"
#: Features of shape families that say how large a region is, whatever its form.
_SIZE = re.compile(
    r"[A-Za-z]+_(shape_(MeshVolume|VoxelVolume|SurfaceArea|Maximum\w*Diameter\w*|(Major|Minor|Least)AxisLength)"
    r"|shape2D_(MeshSurface|PixelSurface|Perimeter|MaximumDiameter|(Major|Minor)AxisLength)"
    r"|morph_(Volume\w*|SurfaceArea\w*|Maximum3DDiameter\w*|(Major|Minor|Least)AxisLength\w*))",
    re.IGNORECASE,
)


def size_features(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the features among `names` that measure size."""
    return tuple(name for name in names if _SIZE.fullmatch(name))


def size_alone(setup: Setup) -> Control:
    """Return whether the features say more than the lesion's size."""
    columns = size_features(setup.dataset.columns.features)
    if not columns:
        return Control(NAME, TITLE, "not run", "The table has no features of size (family shape or shape2D).")
    preparation = replace(setup.plan.preparation, select="none", reproducible=None)
    probabilities = setup.probabilities(
        setup.dataset.only(Columns(columns)), replace(setup.plan, preparation=preparation)
    )
    return setup.against(
        NAME,
        f"{TITLE} ({len(columns)} features)",
        probabilities,
        less="So the model may say little that a ruler would not: report the size beside it.",
        more="So the features say more than how large the lesion is.",
    )
