"""Statistics of the intensities (IBSI)."""

from __future__ import annotations

from radiomics_screen.features.catalogue.aggregations import VOLUME
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, table
from radiomics_screen.features.catalogue.statistics import SYMBOLS, statistics_facts

CODE = "UHIW"

FEATURES = statistics_facts(
    CODE,
    "intensity",
    (
        ("mean", "Q4LE", "Mean intensity"),
        ("var", "ECT3", "Intensity variance"),
        ("skew", "KE2A", "Intensity skewness"),
        ("kurt", "IPH6", "(Excess) intensity kurtosis"),
        ("median", "Y12H", "Median intensity"),
        ("min", "1GSF", "Minimum intensity"),
        ("p10", "QG58", "10th intensity percentile"),
        ("p90", "8DWT", "90th intensity percentile"),
        ("max", "84IY", "Maximum intensity"),
        ("iqr", "SALO", "Intensity interquartile range"),
        ("range", "2OJQ", "Intensity range"),
        ("mad", "4FUA", "Intensity-based mean absolute deviation"),
        ("rmad", "1128", "Intensity-based robust mean absolute deviation"),
        ("medad", "N72L", "Intensity-based median absolute deviation"),
        ("cov", "7TET", "Intensity-based coefficient of variation"),
        ("qcod", "9S40", "Intensity-based quartile coefficient of dispersion"),
    ),
)
FEATURES |= table(
    CODE,
    "intensity",
    ("energy", "N8CA", "Intensity-based energy", "sum x^2", "intensity^2"),
    ("rms", "5ZWQ", "Root mean square intensity", "sqrt(sum x^2 / N)"),
    aggregation=VOLUME,
)

FACTS = FamilyFacts(
    title="Intensity-based statistics",
    code=CODE,
    about=f"x are the intensities of the N voxels of the region, not put into bins; {SYMBOLS}",
    features=FEATURES,
)
add_facts("stat", FACTS)
