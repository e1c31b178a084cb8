"""Grey level size zone matrix under pyradiomics' names."""

from __future__ import annotations

from radiomics_screen.features.catalogue import szm
from radiomics_screen.features.catalogue.aggregations import AT_ONCE
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, counterparts

FACTS = FamilyFacts(
    title=szm.FACTS.title,
    code=szm.CODE,
    about=szm.FACTS.about,
    note=AT_ONCE,
    features=counterparts(
        szm.FEATURES,
        {
            "SmallAreaEmphasis": "sze",
            "LargeAreaEmphasis": "lze",
            "GrayLevelNonUniformity": "glnu",
            "GrayLevelNonUniformityNormalized": "glnu_norm",
            "SizeZoneNonUniformity": "zsnu",
            "SizeZoneNonUniformityNormalized": "zsnu_norm",
            "ZonePercentage": "z_perc",
            "GrayLevelVariance": "gl_var",
            "ZoneVariance": "zs_var",
            "ZoneEntropy": "zs_entr",
            "LowGrayLevelZoneEmphasis": "lgze",
            "HighGrayLevelZoneEmphasis": "hgze",
            "SmallAreaLowGrayLevelEmphasis": "szlge",
            "SmallAreaHighGrayLevelEmphasis": "szhge",
            "LargeAreaLowGrayLevelEmphasis": "lzlge",
            "LargeAreaHighGrayLevelEmphasis": "lzhge",
        },
    ),
)

add_facts("glszm", FACTS)
