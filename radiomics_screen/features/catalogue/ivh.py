"""The intensity-volume histogram (IBSI)."""

from __future__ import annotations

from radiomics_screen.features.catalogue.aggregations import VOLUME
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, table

CODE = "P88C"
IN_BINS = "In bins instead of the image's intensity where the levels are numbers of bins."

FEATURES = table(
    CODE,
    "1",
    (
        "v10",
        "BC2M; NK6P",
        "Volume fraction at 10 % intensity",
        "the largest nu(x) of the levels with gamma(x) >= 0.1; 0 where there are none",
    ),
    (
        "v90",
        "BC2M; 4279",
        "Volume fraction at 90 % intensity",
        "the largest nu(x) of the levels with gamma(x) >= 0.9; 0 where there are none",
    ),
    (
        "i10",
        "GBPN; PWN1",
        "Intensity at 10 % volume",
        "the lowest level x with nu(x) <= 0.1; one level above the highest where there is none",
        "intensity",
        IN_BINS,
    ),
    (
        "i90",
        "GBPN; BOHI",
        "Intensity at 90 % volume",
        "the lowest level x with nu(x) <= 0.9; one level above the highest where there is none",
        "intensity",
        IN_BINS,
    ),
    (
        "diff_v10_v90",
        "DDTU; WITY",
        "Volume fraction difference between intensity fractions",
        "v10 - v90",
    ),
    (
        "diff_i10_i90",
        "CNV2; JXJA",
        "Intensity difference between volume fractions",
        "i10 - i90",
        "intensity",
        IN_BINS,
    ),
    (
        "auc",
        "9CMM",
        "Area under the IVH curve",
        "area under nu(x) over gamma(x), by trapezoids; 0 where there is one level",
        "",
        "The IBSI gives no reference value for it.",
    ),
    aggregation=VOLUME,
)

FACTS = FamilyFacts(
    title="Intensity-volume histogram",
    code=CODE,
    about=(
        "x are equidistant levels of intensity from lo to hi: whole numbers where all intensities are; "
        "else the bins 1 ... 1000 between the smallest and the largest intensity; or the bins of "
        "ivh_bin_width (their middles) or ivh_bin_count (their numbers). lo and hi are the ends of the range "
        "of intensities that resegmentation kept, where it has them, else the region's smallest and "
        "largest. nu(x) is the fraction of its voxels whose level is x or higher; gamma(x) = (x - "
        "lo) / (hi - lo), 1 for the only level there is."
    ),
    features=FEATURES,
)
add_facts("ivh", FACTS)
