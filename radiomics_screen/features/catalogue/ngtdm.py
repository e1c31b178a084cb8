"""Neighbourhood grey tone difference matrix under pyradiomics' names."""

from __future__ import annotations

from radiomics_screen.features.catalogue import ngt
from radiomics_screen.features.catalogue.aggregations import AT_ONCE
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, counterparts

FACTS = FamilyFacts(
    title=ngt.FACTS.title,
    code=ngt.CODE,
    about=f"Counted are all voxels of the region; |i - a| is 0 where a voxel has no neighbours. {ngt.SUMS}",
    note=(
        f"{AT_ONCE}The IBSI does not count voxels without neighbours in the region: values differ where "
        "there are such voxels."
    ),
    features=counterparts(
        ngt.FEATURES,
        {
            "Busyness": "busyness",
            "Coarseness": "coarseness",
            "Complexity": "complexity",
            "Contrast": "contrast",
            "Strength": "strength",
        },
    ),
)

add_facts("ngtdm", FACTS)
