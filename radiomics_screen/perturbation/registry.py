"""The register of alterations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import SimpleITK as sitk
from pydantic import Field

from radiomics_screen.core.options import Registry
from radiomics_screen.imaging.roi import Roi

#: An image, and the region of interest on its grid.
Altered = tuple[sitk.Image, Roi]
#: A function of an image, a region, a :class:`numpy.random.Generator` and keyword-only options.
Alteration = Callable[..., Altered]

ALTERATIONS: Registry[Alteration] = Registry("alteration", "radiomics_screen.alterations")

#: A part of something, neither nothing nor all of it.
Part = Annotated[float, Field(gt=0, lt=1)]


def alteration(name: str) -> Callable[[Alteration], Alteration]:
    """Enter the decorated function as the alteration `name`."""

    def enter(function: Alteration) -> Alteration:
        ALTERATIONS.add(name, function)
        return function

    return enter
