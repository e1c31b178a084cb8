"""A grid of pixels, and norms by ring."""

from __future__ import annotations

from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts
from radiomics_screen.features.catalogue.picture import ONCE, WINDOW, facts
from radiomics_screen.features.pixels import PARTS, SIDE

#: What the parts of the picture are called in words, and which of its pixels they are.
WHERE = {
    "Whole": ("the region", "all"),
    "Ring1": ("the ring at the edge", "0 < d <= D/4"),
    "Ring2": ("the second ring", "D/4 < d <= D/2; NaN without pixels"),
    "Ring3": ("the third ring", "D/2 < d <= 3D/4; NaN without pixels"),
    "Ring4": ("the core", "3D/4 < d"),
    "Outside": (
        "the ring just outside",
        "pixels of the image not in the mask at a distance from it <= max(D/4, distance of pixels); NaN "
        "without pixels",
    ),
}
GRID = {
    f"Row{row}Column{column}": facts(
        f"Row {row}, column {column} of the grid",
        f"mean of u over cell ({row}, {column}) of the box divided into {SIDE} x {SIDE}",
    )
    for row in range(1, SIDE + 1)
    for column in range(1, SIDE + 1)
}
OF_A_PART = {
    "Mean": ("Mean of", "m = mean of u"),
    "L1": ("Mean-free L1 norm of", "mean of |u - m|"),
    "L2": ("Mean-free L2 norm of", "sqrt(mean of (u - m)^2)"),
}
NORMS = {
    f"{part}{what}": facts(f"{title} {WHERE[part][0]}", f"{definition}; {WHERE[part][1]}")
    for part in PARTS
    for what, (title, definition) in OF_A_PART.items()
}
FACTS = FamilyFacts(
    title="Pixels of the picture",
    about=(
        f"{WINDOW}It is widened on each side by grid_margin (none) of its height and width. "
        "u: intensity less the mean of the box, / its standard deviation, both over all its "
        "pixels; 0 "
        "everywhere where the box does not vary. Row 1 is the first, column 1 the leftmost. d: distance of a "
        "pixel of the mask before resegmentation from the nearest one outside it, D the largest; norms are "
        "over "
        "the pixels of the region with such a d."
    ),
    note=(
        f"{ONCE}Values do not change with gain, offset or pixel spacing. Norms are divided by the number "
        "of pixels."
    ),
    features=GRID | NORMS,
)
add_facts("pixels", FACTS)
