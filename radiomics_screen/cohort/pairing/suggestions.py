"""Which ready parameter file may suit: a suggestion with its reason, never a choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from radiomics_screen.cohort.pairing.files import Entry
from radiomics_screen.cohort.pairing.names import words_of
from radiomics_screen.core.errors import ScreenError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.reading import load_image

_LOOKED_AT = 12  # images of formats that do not name their modality
_OF_MODALITY = {"US": "breast-ultrasound", "MG": "mammography", "CT": "ct", "MR": "breast-mri"}
_AIR_HU, _DENSEST_HU = -900, 32767
_NAMES = {
    **dict.fromkeys(("mr", "mri", "t1", "t2", "t1w", "t2w", "flair", "adc", "dwi"), "MR"),
    **dict.fromkeys(("pet", "pt"), "PT"),
    **dict.fromkeys(("mg", "mammo"), "MG"),
    "ct": "CT",
    "us": "US",
}


@dataclass(frozen=True)
class Suggestion:
    """A ready parameter file, or none ("") that suits, and why.

    Attributes
    ----------
    preset
        Its name, as ``radiomics-screen params --list`` shows it.
    reason
        What speaks for it.
    images
        For how many of the images that were looked at.
    """

    preset: str
    reason: str
    images: int


def suggestions(images: Sequence[Entry]) -> list[Suggestion]:
    """Return what suits the images: by DICOM's modality, else by what a sample of them holds."""
    known = [image for image in images if image.modality]
    found = Counter(
        (_OF_MODALITY.get(image.modality, ""), f"DICOM modality {image.modality}") for image in known
    )
    others = [image for image in images if not image.modality]
    step = max(len(others) // _LOOKED_AT, 1)
    for image in others[::step][:_LOOKED_AT]:
        with collect_remarks():
            found[_by_content(image)] += 1
    return [Suggestion(preset, reason, n) for (preset, reason), n in found.most_common()]


def _by_content(image: Entry) -> tuple[str, str]:
    try:
        pixels = load_image(image.path).image
    except ScreenError:
        return "", "cannot be read"
    if pixels.GetDimension() == 2 or pixels.GetSize()[2] == 1:
        return _of_picture(pixels)
    named = {_NAMES[word] for word in words_of(image.stem) if word in _NAMES}
    values = sitk.GetArrayViewFromImage(pixels)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low <= _AIR_HU and high <= _DENSEST_HU and named <= {"CT"}:
        return "ct", "3-D, with values as low as those of air in Hounsfield units"
    if named == {"MR"}:
        return "breast-mri", "3-D, and the names say MR"
    if named == {"CT"}:
        return (
            "ct",
            "3-D, and the names say CT; there is no air in it, so check that it is in Hounsfield units",
        )
    return "", "3-D, and neither its values nor its name say of which modality" + (
        f" a preset is for ({', '.join(sorted(named))})" if named else ""
    )


def _of_picture(pixels: sitk.Image) -> tuple[str, str]:
    if pixels.GetPixelID() == sitk.sitkUInt8:
        return (
            "breast-ultrasound",
            "2-D, 8 bit: right for ultrasound; mammograms saved in 8 bit look the same",
        )
    return "mammography", "2-D, more than 8 bit: right for mammography; other radiographs look the same"
