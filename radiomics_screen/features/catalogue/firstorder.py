"""First-order statistics under pyradiomics' names."""

from __future__ import annotations

from dataclasses import replace

from radiomics_screen.features.catalogue import ih, stat
from radiomics_screen.features.catalogue.facts import Facts, FamilyFacts, add_facts, counterparts

SHIFTED = "The IBSI has no voxelArrayShift: the same where it is 0, the default."
OF_LEVELS = "Of grey levels, as in the IBSI's intensity histogram (ZVCW)."

FEATURES = counterparts(
    stat.FEATURES,
    {
        "10Percentile": "p10",
        "90Percentile": "p90",
        "Energy": replace(stat.FEATURES["energy"], definition="sum (x + c)^2", note=SHIFTED),
        "Entropy": replace(ih.FEATURES["entropy"], note=OF_LEVELS),
        "InterquartileRange": "iqr",
        "Kurtosis": replace(
            stat.FEATURES["kurt"],
            title="Intensity kurtosis",
            definition="sum (x - m)^4 / N / v^2; 0 where v = 0",
            note="The IBSI's is in excess: 3 less.",
        ),
        "Maximum": "max",
        "MeanAbsoluteDeviation": "mad",
        "Mean": "mean",
        "Median": "median",
        "Minimum": "min",
        "Range": "range",
        "RobustMeanAbsoluteDeviation": "rmad",
        "RootMeanSquared": replace(stat.FEATURES["rms"], definition="sqrt(sum (x + c)^2 / N)", note=SHIFTED),
        "Skewness": "skew",
        "TotalEnergy": Facts(
            "Energy times voxel volume",
            unit="intensity^2 mm^3",
            definition="V sum (x + c)^2, V the volume of a voxel in mm^3",
            family_code=stat.CODE,
            note="The IBSI does not have it.",
        ),
        "Uniformity": replace(ih.FEATURES["uniformity"], note=OF_LEVELS),
        "Variance": "var",
        "StandardDeviation": Facts(
            "Standard deviation",
            unit="intensity",
            definition="sqrt(v)",
            family_code=stat.CODE,
            note="The IBSI has the variance only (ECT3).",
        ),
    },
)

FACTS = FamilyFacts(
    title="First-order statistics",
    code=stat.CODE,
    about=f"{stat.FACTS.about} c is voxelArrayShift, p_i the fraction of the voxels that have grey level i.",
    features=FEATURES,
)
add_facts("firstorder", FACTS)
