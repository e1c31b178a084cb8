"""Local intensity peaks (IBSI)."""

from __future__ import annotations

from radiomics_screen.features.catalogue.aggregations import VOLUME
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, table

CODE = "9ST6"

FEATURES = table(
    CODE,
    "intensity",
    (
        "peak_loc",
        "VJGA",
        "Local intensity peak",
        "M of the brightest voxel of the region; of several as bright the largest M",
    ),
    ("peak_glob", "0F91", "Global intensity peak", "the largest M of all voxels of the region"),
    aggregation=VOLUME,
)

FACTS = FamilyFacts(
    title="Local intensity",
    code=CODE,
    about=(
        "M of a voxel is the mean intensity of all voxels of the image, in the region or not, whose centres "
        "lie no farther from its own than the radius of a sphere of 1 cm^3, 10 (3 / (4 pi))^(1/3) = 6.2035 "
        "mm; at the border of the image, of those that there are."
    ),
    features=FEATURES,
)
add_facts("loc", FACTS)
