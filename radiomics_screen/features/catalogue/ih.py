"""The histogram of grey levels (IBSI)."""

from __future__ import annotations

from radiomics_screen.features.catalogue.aggregations import VOLUME
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, table
from radiomics_screen.features.catalogue.statistics import SYMBOLS, statistics_facts

CODE = "ZVCW"

FEATURES = statistics_facts(
    CODE,
    "bins",
    (
        ("mean", "X6K6", "Mean discretised intensity"),
        ("var", "CH89", "Discretised intensity variance"),
        ("skew", "88K1", "Discretised intensity skewness"),
        ("kurt", "C3I7", "(Excess) discretised intensity kurtosis"),
        ("median", "WIFQ", "Median discretised intensity"),
        ("min", "1PR8", "Minimum discretised intensity"),
        ("p10", "GPMT", "10th discretised intensity percentile"),
        ("p90", "OZ0C", "90th discretised intensity percentile"),
        ("max", "3NCY", "Maximum discretised intensity"),
        ("iqr", "WR0O", "Discretised intensity interquartile range"),
        ("range", "5Z3W", "Discretised intensity range"),
        ("mad", "D2ZX", "Intensity histogram mean absolute deviation"),
        ("rmad", "WRZB", "Intensity histogram robust mean absolute deviation"),
        ("medad", "4RNL", "Intensity histogram median absolute deviation"),
        ("cov", "CWYJ", "Intensity histogram coefficient of variation"),
        ("qcod", "SLWD", "Intensity histogram quartile coefficient of dispersion"),
    ),
)
FEATURES |= table(
    CODE,
    "bins",
    (
        "mode",
        "AMMC",
        "Intensity histogram mode",
        "the i with the largest n_i; of several the closest to m, of two as close the lower",
    ),
    ("entropy", "TLU2", "Discretised intensity entropy", "-sum_i p_i log2 p_i, 0 log2 0 = 0", "1"),
    ("uniformity", "BJ5W", "Discretised intensity uniformity", "sum_i p_i^2", "1"),
    ("max_grad", "12CE", "Maximum histogram gradient", "max_i d_i", "voxels/bin"),
    (
        "max_grad_g",
        "8E6O",
        "Maximum histogram gradient intensity",
        "the first i whose d_i is the largest",
    ),
    ("min_grad", "VQB3", "Minimum histogram gradient", "min_i d_i", "voxels/bin"),
    (
        "min_grad_g",
        "RHQZ",
        "Minimum histogram gradient intensity",
        "the first i whose d_i is the smallest",
    ),
    aggregation=VOLUME,
)

FACTS = FamilyFacts(
    title="Intensity histogram",
    code=CODE,
    about=(
        f"x are the grey levels (numbers of bins) of the N voxels of the region; {SYMBOLS} n_i is the number "
        "of voxels in bin i and p_i = n_i / N, i = 1 ... Ng, the highest bin that occurs; bins between may "
        "be empty. d_i = (n_(i+1) - n_(i-1)) / 2, d_1 = n_2 - n_1, d_Ng = n_Ng - n_(Ng-1); 0 where Ng = 1."
    ),
    features=FEATURES,
)
add_facts("ih", FACTS)
