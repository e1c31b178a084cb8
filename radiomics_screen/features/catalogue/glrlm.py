"""Grey level run length matrix under pyradiomics' names."""

from __future__ import annotations

from radiomics_screen.features.catalogue import rlm
from radiomics_screen.features.catalogue.aggregations import BY_DIRECTION
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, counterparts

FACTS = FamilyFacts(
    title=rlm.FACTS.title,
    code=rlm.CODE,
    about=rlm.FACTS.about,
    note=(
        f"{BY_DIRECTION}d. A direction along which no two voxels lie on one line is left out; "
        "the IBSI counts it."
    ),
    features=counterparts(
        rlm.FEATURES,
        {
            "ShortRunEmphasis": "sre",
            "LongRunEmphasis": "lre",
            "GrayLevelNonUniformity": "glnu",
            "GrayLevelNonUniformityNormalized": "glnu_norm",
            "RunLengthNonUniformity": "rlnu",
            "RunLengthNonUniformityNormalized": "rlnu_norm",
            "RunPercentage": "r_perc",
            "GrayLevelVariance": "gl_var",
            "RunVariance": "rl_var",
            "RunEntropy": "rl_entr",
            "LowGrayLevelRunEmphasis": "lgre",
            "HighGrayLevelRunEmphasis": "hgre",
            "ShortRunLowGrayLevelEmphasis": "srlge",
            "ShortRunHighGrayLevelEmphasis": "srhge",
            "LongRunLowGrayLevelEmphasis": "lrlge",
            "LongRunHighGrayLevelEmphasis": "lrhge",
        },
    ),
)

add_facts("glrlm", FACTS)
