"""The families that settings ask for, by what they describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from radiomics_screen.features import FAMILIES, Family

#: Features of ``firstorder`` that are counted on grey levels.
_GRADED_FIRSTORDER = frozenset({"Entropy", "Uniformity"})


@dataclass(frozen=True)
class WantedFamilies:
    """The families that settings ask for; each in one of the first three groups.

    Attributes
    ----------
    of_mask
        Those that describe the mask alone.
    of_original
        Those that describe mask and image before filtering.
    of_images
        Those that describe every filtered image.
    of_levels
        Those of the third group with wanted features of grey levels.
    reach_mm
        How far they look beyond the region's box.
    reach_lengths
        The same, in lengths of the region, of those that are computed once.
    """

    of_mask: tuple[Family, ...]
    of_original: tuple[Family, ...]
    of_images: tuple[Family, ...]
    of_levels: tuple[Family, ...]
    reach_mm: float
    reach_lengths: float

    @classmethod
    def of(cls, wanted: Mapping[str, tuple[str, ...]]) -> WantedFamilies:
        """Return the families of features, which are given by family."""
        families = [FAMILIES[name] for name in wanted]
        of_images = tuple(one for one in families if not (one.of_mask or one.of_original))
        without_levels = set()
        if _GRADED_FIRSTORDER.isdisjoint(wanted.get("firstorder", ())):
            without_levels.add("firstorder")
        return cls(
            of_mask=tuple(one for one in families if one.of_mask),
            of_original=tuple(one for one in families if one.of_original and not one.of_mask),
            of_images=of_images,
            of_levels=tuple(one for one in of_images if one.graded and one.name not in without_levels),
            reach_mm=max((one.reach_mm for one in families), default=0.0),
            reach_lengths=max((one.reach_lengths for one in families), default=0.0),
        )

    @property
    def need_image(self) -> bool:
        """Whether any of them looks at intensities."""
        return bool(self.of_original or self.of_images)

    @property
    def far_reaching(self) -> list[str]:
        """Names of those that look a fixed length beyond the region."""
        every = (*self.of_mask, *self.of_original, *self.of_images)
        return [one.name for one in every if one.reach_mm]
