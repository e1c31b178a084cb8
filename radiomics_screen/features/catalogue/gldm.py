"""Neighbouring grey level dependence matrix under pyradiomics' names."""

from __future__ import annotations

from radiomics_screen.features.catalogue import ngl
from radiomics_screen.features.catalogue.aggregations import AT_ONCE
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, counterparts

FACTS = FamilyFacts(
    title=ngl.FACTS.title,
    code=ngl.CODE,
    about=ngl.FACTS.about,
    note=(
        f"{AT_ONCE}pyradiomics' name for it is grey level dependence matrix; small and large there are low "
        "and high here."
    ),
    features=counterparts(
        ngl.FEATURES,
        {
            "SmallDependenceEmphasis": "lde",
            "LargeDependenceEmphasis": "hde",
            "GrayLevelNonUniformity": "glnu",
            "DependenceNonUniformity": "dcnu",
            "DependenceNonUniformityNormalized": "dcnu_norm",
            "GrayLevelVariance": "gl_var",
            "DependenceVariance": "dc_var",
            "DependenceEntropy": "dc_entr",
            "LowGrayLevelEmphasis": "lgce",
            "HighGrayLevelEmphasis": "hgce",
            "SmallDependenceLowGrayLevelEmphasis": "ldlge",
            "SmallDependenceHighGrayLevelEmphasis": "ldhge",
            "LargeDependenceLowGrayLevelEmphasis": "hdlge",
            "LargeDependenceHighGrayLevelEmphasis": "hdhge",
        },
    ),
)

add_facts("gldm", FACTS)
