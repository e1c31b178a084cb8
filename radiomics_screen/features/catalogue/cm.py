"""Grey level co-occurrence matrix (IBSI)."""

from __future__ import annotations

from radiomics_screen.features.catalogue.aggregations import DIRECTED, WEIGHTED
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, table

CODE = "LFYI"
ABOUT = (
    "n(i,j) is the number of pairs of voxels, both in the region, one step of a direction apart (or as many "
    "as distances says), of which one has grey level i and the other j; each pair counts in both orders, "
    "so that n is symmetric. p(i,j) = n(i,j) / sum_ij n(i,j), after any summing of matrices; i and j run "
    "from 1 to Ng, the highest grey level of the whole region. px(i) = sum_j p(i,j), mu = sum_i i px(i); "
    "pd(k) is the sum of p(i,j) with |i - j| = k, k = 0 ... Ng - 1; ps(k) that with i + j = k, k = 2 ... 2 "
    "Ng. H(q) = -sum q log2 q, with 0 log2 0 = 0; HX = H(px), HXY = H(p)."
)

FEATURES = table(
    CODE,
    "1",
    ("joint_max", "GYBY", "Joint maximum", "max p(i,j)"),
    ("joint_avg", "60VM", "Joint average", "mu = sum_ij i p(i,j)"),
    ("joint_var", "UR99", "Joint variance", "sum_ij (i - mu)^2 p(i,j)"),
    ("joint_entr", "TU9B", "Joint entropy", "HXY = -sum_ij p(i,j) log2 p(i,j)"),
    ("diff_avg", "TF7R", "Difference average", "sum_k k pd(k)"),
    ("diff_var", "D3YU", "Difference variance", "sum_k (k - m)^2 pd(k), m = sum_k k pd(k)"),
    ("diff_entr", "NTRS", "Difference entropy", "H(pd) = -sum_k pd(k) log2 pd(k)"),
    ("sum_avg", "ZGXS", "Sum average", "sum_k k ps(k)"),
    ("sum_var", "OEEB", "Sum variance", "sum_k (k - m)^2 ps(k), m = sum_k k ps(k)"),
    ("sum_entr", "P6QZ", "Sum entropy", "H(ps) = -sum_k ps(k) log2 ps(k)"),
    ("energy", "8ZQL", "Angular second moment", "sum_ij p(i,j)^2"),
    ("contrast", "ACUI", "Contrast", "sum_ij (i - j)^2 p(i,j)"),
    ("dissimilarity", "8S9J", "Dissimilarity", "sum_ij |i - j| p(i,j)"),
    ("inv_diff", "IB1Z", "Inverse difference", "sum_ij p(i,j) / (1 + |i - j|)"),
    ("inv_diff_norm", "NDRX", "Normalised inverse difference", "sum_ij p(i,j) / (1 + |i - j| / Ng)"),
    ("inv_diff_mom", "WF0Z", "Inverse difference moment", "sum_ij p(i,j) / (1 + (i - j)^2)"),
    (
        "inv_diff_mom_norm",
        "1QCO",
        "Normalised inverse difference moment",
        "sum_ij p(i,j) / (1 + (i - j)^2 / Ng^2)",
    ),
    ("inv_var", "E8JP", "Inverse variance", "sum of p(i,j) / (i - j)^2 over all i, j with i != j"),
    (
        "corr",
        "NI2N",
        "Correlation",
        "sum_ij (i - mu) (j - mu) p(i,j) / sum_i (i - mu)^2 px(i); 1 where all pairs have one level",
    ),
    ("auto_corr", "QWB0", "Autocorrelation", "sum_ij i j p(i,j)"),
    ("clust_tend", "DG8W", "Cluster tendency", "sum_ij (i + j - 2 mu)^2 p(i,j)"),
    ("clust_shade", "7NFM", "Cluster shade", "sum_ij (i + j - 2 mu)^3 p(i,j)"),
    ("clust_prom", "AE86", "Cluster prominence", "sum_ij (i + j - 2 mu)^4 p(i,j)"),
    (
        "info_corr1",
        "R8DG",
        "First measure of information correlation",
        "(HXY - HXY1) / HX, HXY1 = -sum_ij p(i,j) log2(px(i) px(j)) = 2 HX; 0 where HX = 0",
    ),
    (
        "info_corr2",
        "JN9H",
        "Second measure of information correlation",
        "sqrt(1 - exp(-2 (HXY2 - HXY))), HXY2 = -sum_ij px(i) px(j) log2(px(i) px(j)) = 2 HX",
    ),
)

FACTS = FamilyFacts(
    title="Grey level co-occurrence matrix",
    code=CODE,
    about=ABOUT,
    note=(
        f"With weightingNorm, matrices that are summed are {WEIGHTED}exp(-d^2); "
        "no_weighting leaves them as they are."
    ),
    features=FEATURES,
    aggregations=DIRECTED,
)
add_facts("cm", FACTS)
