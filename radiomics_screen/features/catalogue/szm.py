"""Grey level size zone matrix (IBSI)."""

from __future__ import annotations

from radiomics_screen.features.catalogue.aggregations import UNDIRECTED
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts
from radiomics_screen.features.catalogue.level_size import Counted, level_size_facts, symbols

CODE = "9SAK"
ZONES = Counted(
    by_level="zones of level i",
    by_size="zones of j voxels",
    by_both="zones of level i and j voxels",
    percentage="Ns / sum_j j s_j: zones for each voxel of the region",
)
ABOUT = (
    "A zone is a group of voxels of one grey level, within the region, connected through faces, edges and "
    "corners (26 neighbours; 8 in a slice). "
)

FEATURES = level_size_facts(
    CODE,
    ZONES,
    (
        ("sze", "5QRC", "Small zone emphasis"),
        ("lze", "48P8", "Large zone emphasis"),
        ("lgze", "XMSY", "Low grey level zone emphasis"),
        ("hgze", "5GN9", "High grey level zone emphasis"),
        ("szlge", "5RAI", "Small zone low grey level emphasis"),
        ("szhge", "HW1V", "Small zone high grey level emphasis"),
        ("lzlge", "YH51", "Large zone low grey level emphasis"),
        ("lzhge", "J17V", "Large zone high grey level emphasis"),
        ("glnu", "JNSA", "Grey level non-uniformity"),
        ("glnu_norm", "Y1RO", "Normalised grey level non-uniformity"),
        ("zsnu", "4JP3", "Zone size non-uniformity"),
        ("zsnu_norm", "VB3A", "Normalised zone size non-uniformity"),
        ("z_perc", "P30P", "Zone percentage"),
        ("gl_var", "BYLV", "Grey level variance"),
        ("zs_var", "3NSA", "Zone size variance"),
        ("zs_entr", "GU8N", "Zone size entropy"),
    ),
)

FACTS = FamilyFacts(
    title="Grey level size zone matrix",
    code=CODE,
    about=f"{ABOUT}{symbols(ZONES)}",
    features=FEATURES,
    aggregations=UNDIRECTED,
)
add_facts("szm", FACTS)
