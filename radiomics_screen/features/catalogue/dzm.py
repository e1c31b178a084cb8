"""Grey level distance zone matrix (IBSI)."""

from __future__ import annotations

from radiomics_screen.features.catalogue.aggregations import UNDIRECTED
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts
from radiomics_screen.features.catalogue.level_size import Counted, level_size_facts, symbols
from radiomics_screen.features.catalogue.szm import ABOUT as ABOUT_ZONES

CODE = "VMDZ"
ZONES = Counted(
    by_level="zones of level i",
    by_size="zones at distance j",
    by_both="zones of level i at distance j",
    percentage="Ns / Nv, Nv the number of voxels in the region",
)
ABOUT_DISTANCE = (
    "Its distance is the smallest of its voxels': how many steps across faces (6 neighbours; 4 in a slice) "
    "lead out of the mask as it was drawn, before resegmentation; voxels at its border and at the edge of "
    "the image have distance 1. Steps count voxels, whatever the spacing. "
)

FEATURES = level_size_facts(
    CODE,
    ZONES,
    (
        ("sde", "0GBI", "Small distance emphasis"),
        ("lde", "MB4I", "Large distance emphasis"),
        ("lgze", "S1RA", "Low grey level zone emphasis"),
        ("hgze", "K26C", "High grey level zone emphasis"),
        ("sdlge", "RUVG", "Small distance low grey level emphasis"),
        ("sdhge", "DKNJ", "Small distance high grey level emphasis"),
        ("ldlge", "A7WM", "Large distance low grey level emphasis"),
        ("ldhge", "KLTH", "Large distance high grey level emphasis"),
        ("glnu", "VFT7", "Grey level non-uniformity"),
        ("glnu_norm", "7HP3", "Normalised grey level non-uniformity"),
        ("zdnu", "V294", "Zone distance non-uniformity"),
        ("zdnu_norm", "IATH", "Normalised zone distance non-uniformity"),
        ("z_perc", "VIWW", "Zone percentage"),
        ("gl_var", "QK93", "Grey level variance"),
        ("zd_var", "7WT1", "Zone distance variance"),
        ("zd_entr", "GBDU", "Zone distance entropy"),
    ),
)

FACTS = FamilyFacts(
    title="Grey level distance zone matrix",
    code=CODE,
    about=f"{ABOUT_ZONES}{ABOUT_DISTANCE}{symbols(ZONES)}",
    features=FEATURES,
    aggregations=UNDIRECTED,
)
add_facts("dzm", FACTS)
