"""Histogram of oriented gradients."""

from __future__ import annotations

from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts
from radiomics_screen.features.catalogue.picture import ONCE, WINDOW, facts
from radiomics_screen.features.hog import COLUMNS, ORIENTATIONS, ROWS

FACTS = FamilyFacts(
    title="Histogram of oriented gradients",
    about=(
        f"{WINDOW}It is widened on each side by hog_margin (none) of its height and width. "
        "It is brought to 3 x 3 cells of hog_cell_pixels x hog_cell_pixels pixels (bilinear, after a "
        "Gaussian "
        "of (f - 1) / 2 pixels where it becomes smaller by a factor f), which stretches it to a square. "
        "gx, gy: "
        "differences of the pixels after and before along rows and columns, 0 at the window's border. "
        "h(c,o): "
        "sum of sqrt(gx^2 + gy^2) over the pixels of cell c with o - 10 <= angle < o + 10, angle that of "
        "(gx, gy) in degrees, clockwise on the screen, modulo 180, divided by the number of pixels of a "
        "cell. "
        "n: the length of h, sqrt(sum_co h(c,o)^2), and again after values are cut off at 0.2 (hog_norm: "
        "L2-Hys)."
    ),
    note=(
        f"{ONCE}Values do not change with gain, offset or pixel spacing; 0 everywhere where nothing in the "
        "box "
        "varies. As by Dalal and Triggs (2005), without interpolation between bins."
    ),
    features={
        f"{row}{column}{o:03d}": facts(
            f"Gradients at {o} degrees, {row.lower()} {column.lower()}",
            f"h(c,{o}) / n, c the cell in the {row.lower()} row and the {column.lower()} column",
        )
        for row in ROWS
        for column in COLUMNS
        for o in ORIENTATIONS
    },
)
add_facts("hog", FACTS)
