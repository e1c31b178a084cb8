"""A case whose image and mask are opened once, for all that is made of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import SimpleITK as sitk

from radiomics_screen.cohort.cases import Case
from radiomics_screen.extraction.measuring.case_result import Once
from radiomics_screen.extraction.running.case_keys import content_of
from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.imaging.sources import (
    ImageSource,
    MaskSource,
    description_of,
    open_image,
    open_mask,
)


def opened_once(case: Case) -> Case:
    """Return the case with sources that keep what they opened, as long as they stay in this process."""
    return replace(case, image=_ImageOnce(case.image), mask=_MaskOnce(case.mask))


@dataclass(frozen=True)
class _ImageOnce:
    source: Path | ImageSource
    _kept: list[Once[LoadedImage]] = field(default_factory=list, repr=False, compare=False)

    def identity(self) -> str:
        return content_of(self.source)

    def describe(self) -> str:
        return description_of(self.source)

    def open(self) -> LoadedImage:
        if not self._kept:
            self._kept.append(Once(open_image, self.source))
        return self._kept[0]()

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.source,)


@dataclass(frozen=True)
class _MaskOnce:
    """Keeps the mask of each channel; of one case, it is always asked for with the same image."""

    source: Path | MaskSource
    _kept: dict[int | None, Once[sitk.Image]] = field(default_factory=dict, repr=False, compare=False)

    def identity(self) -> str:
        return content_of(self.source)

    def describe(self) -> str:
        return description_of(self.source)

    def open_mask(self, image: LoadedImage | None, *, label_channel: int | None = None) -> sitk.Image:
        if label_channel not in self._kept:
            self._kept[label_channel] = Once(open_mask, self.source, image, label_channel=label_channel)
        return self._kept[label_channel]()

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.source,)
