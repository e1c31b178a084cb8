"""Neighbouring grey level dependence matrix (IBSI)."""

from __future__ import annotations

from radiomics_screen.features.catalogue.aggregations import UNDIRECTED
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts
from radiomics_screen.features.catalogue.level_size import Counted, level_size_facts, symbols

CODE = "REK0"
VOXELS = Counted(
    by_level="voxels of level i",
    by_size="voxels of dependence j",
    by_both="voxels of level i and dependence j",
    percentage="Ns / Nv, Nv the number of voxels in the region; 1, since every voxel is counted",
)

FEATURES = level_size_facts(
    CODE,
    VOXELS,
    (
        ("lde", "SODN", "Low dependence emphasis"),
        ("hde", "IMOQ", "High dependence emphasis"),
        ("lgce", "TL9H", "Low grey level count emphasis"),
        ("hgce", "OAE7", "High grey level count emphasis"),
        ("ldlge", "EQ3F", "Low dependence low grey level emphasis"),
        ("ldhge", "JA6D", "Low dependence high grey level emphasis"),
        ("hdlge", "NBZI", "High dependence low grey level emphasis"),
        ("hdhge", "9QMG", "High dependence high grey level emphasis"),
        ("glnu", "FP8K", "Grey level non-uniformity"),
        ("glnu_norm", "5SPA", "Normalised grey level non-uniformity"),
        ("dcnu", "Z87G", "Dependence count non-uniformity"),
        ("dcnu_norm", "OKJI", "Normalised dependence count non-uniformity"),
        ("dc_perc", "6XV8", "Dependence count percentage"),
        ("gl_var", "1PFV", "Grey level variance"),
        ("dc_var", "DNX2", "Dependence count variance"),
        ("dc_entr", "FCBV", "Dependence count entropy"),
        ("dc_energy", "CAS9", "Dependence count energy"),
    ),
)

FACTS = FamilyFacts(
    title="Neighbouring grey level dependence matrix",
    code=CODE,
    about=(
        "The dependence of a voxel is 1 and the number of its neighbours in the region, at Chebyshev "
        "distance 1 (26; 8 in a slice; distances sets others), whose grey level differs from its own by no "
        f"more than the coarseness, gldm_a, which is 0 unless set. {symbols(VOXELS)}"
    ),
    features=FEATURES,
    aggregations=UNDIRECTED,
)
add_facts("ngl", FACTS)
