"""Size and form of one slice under pyradiomics' names."""

from __future__ import annotations

from dataclasses import replace

from radiomics_screen.features.catalogue.facts import Facts, FamilyFacts, add_facts, table
from radiomics_screen.features.catalogue.shape import FEATURES as SOLID

NOT_THERE = "The IBSI has no features of one slice."


def _as_in_space(name: str) -> Facts:
    return replace(SOLID[name], code="", family_code="", aggregation="", note="")


FEATURES = {
    "Elongation": _as_in_space("Elongation"),
    "MajorAxisLength": _as_in_space("MajorAxisLength"),
    **table(
        "",
        "mm",
        ("MaximumDiameter", "", "Maximum diameter", "largest distance of two corners of the outline"),
        ("MeshSurface", "", "Mesh surface", "S", "mm^2"),
    ),
    "MinorAxisLength": _as_in_space("MinorAxisLength"),
    **table(
        "",
        "mm",
        ("Perimeter", "", "Perimeter", "P"),
        ("PerimeterSurfaceRatio", "", "Perimeter to surface ratio", "P / S", "1/mm"),
        ("PixelSurface", "", "Pixel surface", "N times the area of a pixel", "mm^2"),
        ("Sphericity", "", "Sphericity", "2 sqrt(pi S) / P: 1 for a circle", "1"),
        ("SphericalDisproportion", "", "Spherical disproportion", "P / (2 sqrt(pi S))", "1"),
    ),
}

FACTS = FamilyFacts(
    title="Shape in 2D",
    about=(
        "Measured is the mask of one slice before resegmentation (with resegmentShape, after it), of N "
        "pixels. Its outline is that of marching squares at level 0.5 through the centres of the pixels: "
        "corners lie midway between a pixel in the mask and a neighbour outside. S = |sum of (a x b) / 2| "
        "over its pieces from a to b in mm, P the sum of their lengths. l1 >= l2 are the two largest "
        "eigenvalues of the covariance of the pixel centres in mm (divided by N)."
    ),
    note=NOT_THERE,
    features=FEATURES,
)
add_facts("shape2D", FACTS)
