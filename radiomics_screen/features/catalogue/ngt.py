"""Neighbourhood grey tone difference matrix (IBSI)."""

from __future__ import annotations

from radiomics_screen.features.catalogue.aggregations import UNDIRECTED
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, table

CODE = "IPET"
SUMS = (
    "s_i is the sum of |i - a| over the counted voxels of level i, a the mean grey level of a voxel's "
    "neighbours in the region at Chebyshev distance 1 (26; 8 in a slice; distances sets others). n_i is the "
    "number of counted voxels of level i, N = sum_i n_i, p_i = n_i / N, and G the number of levels with "
    "n_i > 0; sums over i and j run over these levels."
)

FEATURES = table(
    CODE,
    "1",
    ("coarseness", "QCDE", "Coarseness", "1 / sum_i p_i s_i; 1e6 where that sum is 0"),
    (
        "contrast",
        "65HE",
        "Contrast",
        "sum_ij p_i p_j (i - j)^2 / (G (G - 1)) x sum_i s_i / N; 0 where G = 1",
    ),
    (
        "busyness",
        "NQ30",
        "Busyness",
        "sum_i p_i s_i / sum_ij |i p_i - j p_j|; 0 where the divisor is 0",
    ),
    ("complexity", "HDEZ", "Complexity", "sum_ij |i - j| (p_i s_i + p_j s_j) / (p_i + p_j) / N"),
    (
        "strength",
        "1X9X",
        "Strength",
        "sum_ij (p_i + p_j) (i - j)^2 / sum_i s_i; 0 where the divisor is 0",
    ),
)

FACTS = FamilyFacts(
    title="Neighbourhood grey tone difference matrix",
    code=CODE,
    about=f"Counted are the voxels with at least one neighbour in the region. {SUMS}",
    features=FEATURES,
    aggregations=UNDIRECTED,
)
add_facts("ngt", FACTS)
