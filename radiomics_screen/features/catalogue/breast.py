"""What a breast radiologist names of a mass on ultrasound."""

from __future__ import annotations

from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, table

ORIENTATION = (
    (
        "DepthToWidth",
        "Depth to width",
        "height over width of the box round the mask: more than 1 is taller than wide (not parallel)",
    ),
    (
        "LongAxisAngle",
        "Angle of the long axis",
        "angle between the longer axis of E and the horizontal, 0 to 90; any angle where E is a circle",
        "degrees",
    ),
)
OUTLINE = (
    ("RadialMean", "Mean normalised radial length", "m = mean of d"),
    ("RadialSD", "Standard deviation of the normalised radial length", "sqrt(mean of (d - m)^2)"),
    (
        "RadialEntropy",
        "Entropy of the normalised radial length",
        "-sum p log2 p, p the parts of the d in 20 bins of width 0.05 from 0 to 1",
    ),
    ("RadialAreaRatio", "Area ratio of the normalised radial length", "mean of max(d - m, 0) / m"),
    (
        "RadialZeroCrossings",
        "Crossings of the mean radial length",
        "how often, going round, d changes between d >= m + 0.02 and d <= m - 0.02",
    ),
    (
        "RadialRoughness",
        "Roughness of the normalised radial length",
        "sum of |d - d'|, d' that of the next point",
        "1",
        "The sum, not the mean over points, so that it does not depend on their number.",
    ),
    (
        "FractalDimension",
        "Ruler dimension of the outline",
        "1 - slope of log L over log n, n = 8, 16, 32, 64; L the sum over all points of the distance to the "
        "n-th point after it, divided by n",
    ),
    (
        "LobeCount",
        "Number of lobes",
        "number of maxima of e that rise by 0.05 above the minima on both sides; e of a point is how far it "
        "lies outside E along the line from the centroid, in radii",
        "1",
        "Counted against the ellipse, where Shen et al. take the largest circle inside: an ellipse has none. "
        "A rectangle has four.",
    ),
    (
        "IndentationCount",
        "Number of indentations",
        "number of the pieces of the outline between neighbouring corners of its convex hull that lie 0.05 "
        "radii or more inside the hull somewhere",
    ),
    ("DeepestIndentation", "Depth of the deepest indentation", "largest distance from the hull, in radii"),
    (
        "CornerCount",
        "Number of angular places",
        "how often the direction of the outline, over 0.2 radii before and after a point, turns inwards by "
        "60 degrees or more, with less than 45 between two",
    ),
    ("Solidity", "Solidity", "area inside the outline / area of its convex hull"),
    (
        "EllipseOverlap",
        "Overlap with the ellipse",
        "pixels that mask and E have in common / pixels of either; those of E have their centre in it, and "
        "may lie beyond the image",
    ),
    (
        "EllipticNormalizedCircumference",
        "Elliptic-normalised circumference",
        "length of the outline / circumference of E",
    ),
)
MARGIN = (
    (
        "MarginGradientMean",
        "Mean gradient at the margin",
        "mean over the normals of g, the slope of a straight line through the samples with |t| < 0.1, "
        "divided by s; 0 where s = 0",
    ),
    ("MarginGradientSD", "Standard deviation of the gradient at the margin", "that of g"),
    (
        "MarginRadialGradientIndex",
        "Radial gradient index of the margin",
        "sum of Gn / sum of sqrt(Gn^2 + Ga^2) over |t| < 0.1; 0 where nothing changes",
    ),
    (
        "MarginWidth",
        "Width of the margin",
        "mean over 32 sectors of the standard deviation of t over |t| < 0.3, weighted with the steps of the "
        "sector's mean profile that go the way from its first to its last sample; NaN without steps",
    ),
    (
        "MarginIndistinctFraction",
        "Indistinct part of the margin",
        "part of 32 sectors whose mean over 0 < t < 0.2 less that over -0.2 < t < 0 is, in the direction of "
        "all together, at most s / 2",
    ),
    (
        "HaloContrast",
        "Contrast of the halo",
        "(mean over 0.025 < t < 0.2 - b) / s, b the mean over 0.3 < t < 0.5; 0 where s = 0",
    ),
    (
        "HaloWidth",
        "Width of the halo",
        "sum over 0 < t < 0.3 of 0.025 h / max(s, largest h), h = max(mean at t - b, 0); 0 where s = 0",
    ),
    (
        "Spiculation",
        "Spiculation of the surroundings",
        "sum of Ga^2 / sum of (Ga^2 + Gn^2) over 0.05 < t < 0.5: 1/2 without direction, more where lines "
        "radiate; NaN where nothing changes",
    ),
)
ECHO = (
    ("EchoRatio", "Echo ratio to the surroundings", "a / r; NaN where r = 0"),
    (
        "EchoContrast",
        "Contrast of the surroundings",
        "(r - a) / sqrt((sa^2 + sr^2) / 2); NaN where both deviations are 0",
    ),
    (
        "EchoRatioAbove",
        "Echo ratio to the layer above",
        "a / mean of the rectangle on top of the box, as wide and half as high, as far as the image goes: "
        "mostly fat; NaN where the box touches the top",
    ),
    ("EchoSDRatio", "Ratio of standard deviations", "sa / sr; NaN where sr = 0"),
    ("EchoAnechoicFraction", "Part without echoes", "part of the region's pixels darker than 0.2 r"),
    (
        "EchoZoneHeterogeneity",
        "Heterogeneity between zones",
        "sqrt(sum over zones of n (mean - a)^2 / sum of (x - a)^2), zones being core (within E shrunk to "
        "half its area) and rim, each above or below and left or right of the centroid; 0 where sa = 0",
    ),
    (
        "EchoRimContrast",
        "Rim against core",
        "(mean of the rim - mean of the core) / sa; 0 where sa = 0, NaN where one has no pixels",
    ),
    (
        "EchoLowerContrast",
        "Lower against upper half",
        "(mean below the centroid - mean above) / sa; 0 where sa = 0, NaN where one has no pixels",
    ),
)
POSTERIOR = (
    ("PosteriorRatio", "Posterior echo ratio", "q / f; NaN where f = 0"),
    ("PosteriorContrast", "Posterior contrast", "(q - f) / sf: negative is shadow, positive enhancement"),
    (
        "PosteriorMinimumSideDifference",
        "Minimum side difference",
        "the smaller of q - left flank's mean and q - right flank's mean, / sf; of one flank where one is",
    ),
    (
        "PosteriorLesionContrast",
        "Contrast of what is posterior with the lesion",
        "(q - a) / sqrt((sq^2 + sa^2) / 2)",
    ),
    (
        "ShadowFraction",
        "Part of the width in shadow",
        "part of the box's columns whose mean below the box is less than f - sf / 2",
    ),
    (
        "EnhancementFraction",
        "Part of the width enhanced",
        "part of the box's columns whose mean below the box is more than f + sf / 2",
    ),
)
SPOTS = (
    (
        "SpotCount",
        "Number of bright spots",
        "number of groups of pixels (joined by sides and corners) in the region with x - o > 3 k and "
        "x - M > 3 k, of an area that a disc of an allowed diameter has; o is the grey opening with a square "
        "a little larger than the largest spot, M the median of the region, k = 1.4826 times the median of "
        "|x - M|",
    ),
    ("SpotAreaFraction", "Part of the area in bright spots", "pixels of the counted spots / pixels"),
)


def _row(name: str, title: str, definition: str, *more: str) -> tuple[str, ...]:
    return (name, "", title, definition, *more)


ALL = (*ORIENTATION, *OUTLINE, *MARGIN, *ECHO, *POSTERIOR, *SPOTS)

FACTS = FamilyFacts(
    title="Breast mass on ultrasound",
    about=(
        "Orientation, shape, margin, echo pattern and posterior features as BI-RADS names them, of one "
        "slice, whose first axis is depth, downwards. Measured once, on the image before filtering, in "
        "the region and round it. R, the radius, is that of a disc with the area inside the outline. "
        "Outline: the path through the middles of the pixels' edges round the part of the mask before "
        "resegmentation that encloses most (holes filled, corners joined), smoothed along its length with "
        "a Gaussian of 0.05 R (at least a pixel, at most 1/12 of the length), as 512 points at equal "
        "distances. E: the ellipse with the centroid and covariance of what the outline encloses. d: "
        "distance of a point from the centroid / the largest. Band: 256 normals, each with 40 samples "
        "(bilinear) at t = -0.4875 to 0.4875 radii, negative inside; left out are samples beyond the "
        "image, and those with |t| > 0.1 on the wrong side of the mask; s is the standard deviation of "
        "all samples, Gn and Ga the change along the normal and along the outline, per radius (central "
        "differences). x: intensity; a, sa: mean and standard deviation of the region; r, sr: of the "
        "pixels nearest to the samples with 0.05 < t < 0.5. q, sq: of the rectangle below the box, as "
        "high, without a sixth of the width on either side; f, sf: of the flanks, the same rows beside "
        "the box, each half as wide; all as far as the image goes, NaN where there is nothing."
    ),
    note=(
        "The IBSI has no such features. Computed only where a parameter file names the family. Values do not "
        "change when all intensities are multiplied, or the image is moved, and little when it is resampled. "
        "All but DepthToWidth, LongAxisAngle, EchoRatioAbove, EchoZoneHeterogeneity, EchoLowerContrast and "
        "the posterior ones also stay when it is turned: by right angles and in a mirror exactly. "
        "A mirror that keeps up and down leaves the others, too."
    ),
    features=table("", "1", *(_row(*row) for row in ALL)),
)
add_facts("breast", FACTS)
