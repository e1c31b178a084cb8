"""Histograms of local binary patterns."""

from __future__ import annotations

from radiomics_screen.features.catalogue.facts import Facts, FamilyFacts, add_facts
from radiomics_screen.features.catalogue.picture import ONCE, facts
from radiomics_screen.features.lbp import SAMPLES, SCALES

MEANS = {0: "; a bright spot", 4: "; a straight edge", 8: "; a dark spot, or nothing varies"}


def _of_scale(scale: int) -> dict[str, Facts]:
    found = {
        f"Scale{scale}Pattern{n}": facts(
            f"Pattern of {n} brighter samples, circle {scale}",
            f"p({n}): U <= 2 and {n} samples with s = 1{MEANS.get(n, '')}",
        )
        for n in range(SAMPLES + 1)
    }
    found[f"Scale{scale}Pattern{SAMPLES + 1}"] = facts(
        f"Patterns that are not uniform, circle {scale}", f"p({SAMPLES + 1}): U > 2"
    )
    found[f"Scale{scale}Entropy"] = facts(
        f"Entropy of the patterns, circle {scale}", "-sum_k p(k) log2 p(k), 0 log2 0 = 0"
    )
    found[f"Scale{scale}Contrast"] = facts(
        f"Contrast on the circle, circle {scale}",
        "mean over the region's pixels of the variance of their samples / variance of the region; 0 where "
        "that is 0",
    )
    return found


FACTS = FamilyFacts(
    title="Local binary patterns",
    about=(
        "Round each pixel of the region lie 8 samples at equal distances on a circle (bilinear; the first to "
        "the right), with radii of 1, 2 and 4 pixels for Scale1 to Scale3 (lbp_radii). Samples may lie "
        "outside "
        "the region; beyond the border of the image its outermost pixels are repeated, and what is not "
        "finite "
        "counts as the mean of the region. s is 1 for a sample at least as bright as the pixel, else 0; U "
        "is how "
        "often s changes going round. p(k) is the part of the region's pixels with pattern k."
    ),
    note=(
        f"{ONCE}Values do not change with gain, offset, pixel spacing (radii are pixels), or when the "
        "image is "
        "turned by right angles. LBP(8,R,riu2) and VAR(8,R) of Ojala et al. (2002). The image type LBP2D "
        "makes an "
        "image of patterns instead."
    ),
    features={name: fact for n in range(1, SCALES + 1) for name, fact in _of_scale(n).items()},
)
add_facts("lbp", FACTS)
