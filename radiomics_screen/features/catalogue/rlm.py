"""Grey level run length matrix (IBSI)."""

from __future__ import annotations

from radiomics_screen.features.catalogue.aggregations import DIRECTED, WEIGHTED
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts
from radiomics_screen.features.catalogue.level_size import Counted, level_size_facts, symbols

CODE = "TP0I"
RUNS = Counted(
    by_level="runs of level i",
    by_size="runs of length j",
    by_both="runs of level i and length j",
    percentage="Ns / sum_j j s_j: runs for each voxel, counted once in every direction",
)
ABOUT = "A run is a longest straight row of voxels of one grey level along a direction, within the region. "

FEATURES = level_size_facts(
    CODE,
    RUNS,
    (
        ("sre", "22OV", "Short runs emphasis"),
        ("lre", "W4KF", "Long runs emphasis"),
        ("lgre", "V3SW", "Low grey level run emphasis"),
        ("hgre", "G3QZ", "High grey level run emphasis"),
        ("srlge", "HTZT", "Short run low grey level emphasis"),
        ("srhge", "GD3A", "Short run high grey level emphasis"),
        ("lrlge", "IVPO", "Long run low grey level emphasis"),
        ("lrhge", "3KUM", "Long run high grey level emphasis"),
        ("glnu", "R5YN", "Grey level non-uniformity"),
        ("glnu_norm", "OVBL", "Normalised grey level non-uniformity"),
        ("rlnu", "W92Y", "Run length non-uniformity"),
        ("rlnu_norm", "IC23", "Normalised run length non-uniformity"),
        ("r_perc", "9ZK5", "Run percentage"),
        ("gl_var", "8CE5", "Grey level variance"),
        ("rl_var", "SXLW", "Run length variance"),
        ("rl_entr", "HJ9O", "Run entropy"),
    ),
)

FACTS = FamilyFacts(
    title="Grey level run length matrix",
    code=CODE,
    about=f"{ABOUT}{symbols(RUNS)}",
    note=(
        f"With weightingNorm, matrices that are summed are {WEIGHTED}d; no_weighting leaves them as they are."
    ),
    features=FEATURES,
    aggregations=DIRECTED,
)
add_facts("rlm", FACTS)
