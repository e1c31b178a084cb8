"""Keypoints and blobs."""

from __future__ import annotations

from radiomics_screen.features.catalogue.facts import Facts, FamilyFacts, add_facts
from radiomics_screen.features.catalogue.picture import ONCE, facts

ORB = {
    "OrbDensity": facts("Density of keypoints", "1000 x number of keypoints / A"),
    "OrbResponseMean": facts("Mean response of keypoints", "mean of r"),
    "OrbResponseSD": facts("Standard deviation of the response of keypoints", "that of r"),
    "OrbScaleMean": facts("Mean octave of keypoints", "mean of the octaves, the finest being 0"),
    "OrbScaleEntropy": facts(
        "Entropy of the octaves of keypoints",
        "-sum_k p(k) log2 p(k), p(k) the part of the keypoints in octave k",
    ),
    "OrbDirectionConcentration": facts(
        "Concentration of directions of keypoints", "|mean of exp(i a)|: 1 where all point one way"
    ),
    "OrbAxisConcentration": facts(
        "Concentration of axes of keypoints", "|mean of exp(2 i a)|: 1 where all lie along one line"
    ),
    "OrbSpread": facts("Spread of keypoints", "E of the keypoints / E of the region's pixels"),
    "OrbOffset": facts(
        "Offset of keypoints",
        "distance between the middle of the keypoints and that of the region / E of its pixels",
    ),
    "OrbInnerFraction": facts("Part of the keypoints in the inner half", "part of the keypoints in I"),
}


def _blobs(sign: str, order: str) -> dict[str, Facts]:
    low = sign.lower()
    return {
        f"{sign}BlobDensity": facts(f"Density of {low} blobs", f"1000 x number of {low} blobs / A"),
        f"{sign}BlobStrengthMean": facts(f"Mean strength of {low} blobs", f"mean of {order}"),
        f"{sign}BlobStrengthMaximum": facts(
            f"Largest strength of {low} blobs", f"largest {order}; 0 without blobs"
        ),
        f"{sign}BlobRadiusMean": facts(
            f"Mean radius of {low} blobs",
            "mean of sqrt(2) g / sqrt(A / pi): in radii of a disc as large as the region",
        ),
        f"{sign}BlobAreaFraction": facts(
            f"Part of the area in {low} blobs",
            "part of the region's pixels within sqrt(2) g of a blob; 0 without",
        ),
        f"{sign}BlobInnerFraction": facts(
            f"Part of the {low} blobs in the inner half", "part of the blobs in I"
        ),
    }


FACTS = FamilyFacts(
    title="Keypoints and blobs",
    about=(
        "The rows and columns of the mask before resegmentation, with a margin of 24 new pixels, are "
        "brought to "
        "square pixels, 48 x 48 for the area of the box (bilinear, after a Gaussian of (f - 1) / 2 pixels "
        "where "
        "they become smaller by a factor f); beyond the border of the image its outermost pixels are "
        "repeated. "
        "Intensities are less the mean of the region, divided by its standard deviation. A: number of these "
        "pixels in the region. I: the half of them that is farther from the outside of the mask than their "
        "median. E: root of the mean squared distance from their middle. Keypoints: those of ORB in 3 "
        "octaves, "
        "each 1.2 times smaller: 9 neighbouring pixels of the 16 on a circle differ from the middle one by "
        "more "
        "than fast_threshold the same way (FAST), most strongly among neighbours. r: |q|^(1/4) with the "
        "sign of "
        "q, q its Harris response; a: its direction, from it to the centroid of the intensities round it. "
        "Blobs: largest values of D (bright) or -D (dark) among 26 neighbours in place and scale, more than "
        "blob_threshold; D is (Gaussian of g less Gaussian of 1.6 g) / 0.6, g = 1.5, 2.4, 3.84 or 6.144 "
        "pixels; and no lines or edges: (trace H)^2 < 12.1 det H, H its second differences along rows and "
        "columns (Lowe 2004)."
    ),
    note=(
        f"{ONCE}Values do not change with gain or offset, and little with pixel spacing or when the image is "
        "turned by right angles. NaN where there are no keypoints or blobs, but for densities, largest "
        "strengths "
        "and parts of the area, which are 0."
    ),
    features=ORB
    | _blobs("Bright", "D")
    | _blobs("Dark", "-D")
    | {
        "BlobBalance": facts(
            "Balance of bright and dark blobs",
            "(bright - dark) / (bright + dark), their numbers; 0 without blobs",
        )
    },
)
add_facts("keypoints", FACTS)
