"""What the families that describe the picture of one slice have in common."""

from __future__ import annotations

from radiomics_screen.features.catalogue.facts import Facts

#: What holds for all of them.
ONCE = (
    "The IBSI has no such features. Computed only where a parameter file names the family, of one slice, "
    "once, "
    "on the image before filtering. "
)
WINDOW = (
    "Box: the rows and columns of the mask before resegmentation, all of their pixels; beyond the border of "
    "the image its outermost pixels are repeated, and what is not finite counts as the mean of the region. "
)


def facts(title: str, definition: str, note: str = "") -> Facts:
    """Make facts of a feature without a code and unit."""
    return Facts(title, definition=definition, note=note)
