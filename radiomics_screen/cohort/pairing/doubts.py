"""What a person should look at before a pair is measured: sizes, geometry, and what the mask marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.cohort.pairing.files import Entry, ending_of
from radiomics_screen.cohort.pairing.pairs import Pair
from radiomics_screen.core.errors import ScreenError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.geometry import match_grid, select_label
from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.imaging.reading import load_image, read_mask
from radiomics_screen.imaging.roi import marked_box

#: From which part of the frame on a mask is doubted: it may mark what lies round the lesion.
LARGEST_PART = 0.5
#: A mask with more values than this is no list of lesions: each value would become a case.
MOST_LABELS = 16
AT_BORDER = "the mask touches the border of the frame"
#: Formats whose headers SimpleITK reads as the package reads them.
_HEADERS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".png")


def checked(pairs: Sequence[Pair], progress: Callable[[int], None] = lambda done: None) -> list[Pair]:
    """Read each mask, and of the image what is needed; return pairs with their doubts, one a label.

    Parameters
    ----------
    pairs
        Pairs without labels.
    progress
        Told how many pairs are done.
    """
    result: list[Pair] = []
    for n, pair in enumerate(pairs, 1):
        with collect_remarks():
            result += _checked(pair)
        progress(n)
    return result


def _checked(pair: Pair) -> list[Pair]:
    try:
        loaded = None if _has_plain_header(pair.image) else load_image(pair.image.path)
    except ScreenError as error:
        return [pair.doubted(f"the image cannot be read: {error}")]
    try:
        mask = read_mask(pair.mask.path, loaded)
    except ScreenError as error:
        return [pair.doubted(f"the mask cannot be read: {error}")]
    values = sitk.GetArrayViewFromImage(mask)
    box = marked_box(values)
    if box is None:
        return [pair.doubted("the mask is empty")]
    labels = [int(value) for value in np.unique(values[box]) if value]
    pair = pair.doubted(*_of_marks(values, box))
    try:
        _require_one_grid(pair, mask, labels[0], loaded)
    except ScreenError as error:
        pair = pair.doubted(str(error))
    return _one_a_label(pair, labels)


def _one_a_label(pair: Pair, labels: list[int]) -> list[Pair]:
    if len(labels) == 1:
        return [pair]
    if len(labels) > MOST_LABELS:
        return [pair.doubted(f"the mask holds {len(labels)} values: it may be a picture, or saved with loss")]
    listed = ", ".join(map(str, labels))
    return [replace(pair.doubted(f"the mask holds several labels ({listed})"), label=n) for n in labels]


def _of_marks(values: NDArray[np.integer], box: tuple[slice, ...]) -> list[str]:
    """Return what is unusual about where a mask lies in its frame."""
    doubts = []
    part = np.count_nonzero(values[box]) / values.size
    if part > LARGEST_PART:
        doubts.append(f"the mask covers {part:.0%} of the frame")
    at_border = any(
        side.start == 0 or side.stop == length
        for side, length in zip(box, values.shape, strict=True)
        if length > 1
    )
    if at_border:
        doubts.append(AT_BORDER)
    return doubts


def _has_plain_header(image: Entry) -> bool:
    return not image.modality and ending_of(image.path.name) in _HEADERS


def _require_one_grid(pair: Pair, mask: sitk.Image, label: int, loaded: LoadedImage | None) -> None:
    """Raise GeometryError where image and mask do not fit; the image is read if its header differs."""
    if loaded is None and _header_fits(pair.image, mask):
        return
    image = (loaded or load_image(pair.image.path)).image
    match_grid(image, select_label(mask, label=label))


def _header_fits(image: Entry, mask: sitk.Image) -> bool:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(image.path))
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return False  # reading the image says why
    pairs = (
        (reader.GetSize(), mask.GetSize()),
        (reader.GetSpacing(), mask.GetSpacing()),
        (reader.GetOrigin(), mask.GetOrigin()),
        (reader.GetDirection(), mask.GetDirection()),
    )
    return all(len(one) == len(other) and np.allclose(one, other, rtol=0, atol=1e-9) for one, other in pairs)
