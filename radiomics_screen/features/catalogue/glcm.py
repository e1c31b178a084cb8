"""Grey level co-occurrence matrix under pyradiomics' names."""

from __future__ import annotations

from dataclasses import replace

from radiomics_screen.features.catalogue import cm
from radiomics_screen.features.catalogue.aggregations import BY_DIRECTION
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, counterparts, table

FEATURES = counterparts(
    cm.FEATURES,
    {
        "Autocorrelation": "auto_corr",
        "ClusterProminence": "clust_prom",
        "ClusterShade": "clust_shade",
        "ClusterTendency": replace(
            cm.FEATURES["clust_tend"], note="Equals the IBSI's sum variance (OEEB), which has no name here."
        ),
        "Contrast": "contrast",
        "Correlation": "corr",
        "DifferenceAverage": replace(
            cm.FEATURES["diff_avg"], note="Equals the IBSI's dissimilarity (8S9J), which has no name here."
        ),
        "DifferenceEntropy": "diff_entr",
        "DifferenceVariance": "diff_var",
        "Id": "inv_diff",
        "Idm": "inv_diff_mom",
        "Idmn": "inv_diff_mom_norm",
        "Idn": "inv_diff_norm",
        "Imc1": replace(
            cm.FEATURES["info_corr1"],
            note="Divides by the larger of HX and HY, which are one where n is symmetric.",
        ),
        "Imc2": "info_corr2",
        "InverseVariance": "inv_var",
        "JointAverage": "joint_avg",
        "JointEnergy": "energy",
        "JointEntropy": "joint_entr",
        "MaximumProbability": "joint_max",
        "SumAverage": "sum_avg",
        "SumEntropy": "sum_entr",
        "SumSquares": "joint_var",
    },
)
FEATURES |= table(
    cm.CODE,
    "1",
    (
        "MCC",
        "",
        "Maximal correlation coefficient",
        "second largest singular value of p(i,j) / sqrt(px(i) px(j)), over the levels that occur, which is "
        "the root of the second largest eigenvalue of Haralick's Q; 1 where one level occurs",
        "",
        "The IBSI does not have it.",
    ),
)

FACTS = FamilyFacts(
    title=cm.FACTS.title,
    code=cm.CODE,
    about=cm.ABOUT,
    note=(
        f"{BY_DIRECTION}exp(-d^2). With distances other than 1, each neighbour so far away (Chebyshev) is a "
        "direction of its own; the IBSI goes several steps in the 13 directions. With symmetricalGLCM: "
        "false, which the IBSI does not know, each pair counts in one order: px and mu are then of its "
        "first voxel, py and muy of its second; py(j), muy and HY take the place of px(j), of the mu "
        "beside j and of the second HX, and Correlation divides by the root of the product of both "
        "variances."
    ),
    features=FEATURES,
)

add_facts("glcm", FACTS)
