"""Real images for the parity sweep: small ones whole, of large ones what lies round the lesion."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import SimpleITK as sitk

from benchmarks.cases import MissingData

#: Largest half-width of what is cut out of a large image, in voxels (x, y, z), from the middle of
#: the lesion, and the share of it that the mask may fill.
REACH = (26, 26, 9)
MASK_REACH = (18, 18, 7)


@dataclass(frozen=True)
class Subject:
    """An image with a mask, in memory.

    Attributes
    ----------
    name
        What it is, and how it was cut.
    """

    name: str
    image: sitk.Image
    mask: sitk.Image

    @property
    def planar(self) -> bool:
        return self.image.GetDimension() == 2


def subjects_of(number: int, seed: int, data: Path, count: int) -> list[str]:
    """Choose names of subjects for a parameter file: by turns, so that all are used alike.

    With three: a magnetic resonance image of pyradiomics, one of the sarcoma images, one ultrasound.
    """
    random = Random(f"subjects {seed}:{number}")
    scans = [f"STS_{n:03d}/{kind}" for n in (1, 2, 3, 4) for kind in ("CT", "MR_T1", "PET")]
    groups = [
        ["brain1", "breast1", "brain1 whole"][number % 3 if number % 9 == 2 else number % 2],
        scans[number % len(scans)],
        f"busbra/{random.choice(_ultrasound(data))}",
    ]
    return groups[:count] if count < 3 else groups


@lru_cache(maxsize=1)
def _ultrasound(data: Path) -> tuple[str, ...]:
    table = data / "busbra" / "cases.csv"
    if not table.is_file():
        raise MissingData(f"{table} is not there; see --data")
    with table.open(newline="", encoding="utf-8") as lines:
        return tuple(Path(row["image"]).stem for row in csv.DictReader(lines))


@lru_cache(maxsize=16)
def subject(name: str, data: Path) -> Subject:
    """Read a subject.

    Raises
    ------
    MissingData
        Its files are not there.
    """
    if name.startswith("busbra/"):
        file = name.removeprefix("busbra/") + ".png"
        image = _read(data / "busbra" / "images" / file)
        mask = _read(data / "busbra" / "masks" / file) != 0
        # pyradiomics' bins overflow on 8-bit images
        return Subject(name, sitk.Cast(image, sitk.sitkInt32), mask)
    if name.startswith("STS"):
        folder, kind = name.split("/")
        image, mask = (_read(data / "sts" / folder / f"{kind}_{p}.nii.gz") for p in ("image", "mask"))
        return Subject(name, *_round_lesion(image, mask))
    patient = name.split()[0]
    image, mask = (_read(data / "pyradiomics" / f"{patient}_{p}.nrrd") for p in ("image", "label"))
    return Subject(name, image, mask) if "whole" in name else Subject(name, *_round_lesion(image, mask))


def _read(path: Path) -> sitk.Image:
    if not path.is_file():
        raise MissingData(f"{path} is not there; see --data")
    return sitk.ReadImage(str(path))


def _round_lesion(image: sitk.Image, mask: sitk.Image) -> tuple[sitk.Image, sitk.Image]:
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.Execute(sitk.Cast(mask, sitk.sitkUInt8))
    box = statistics.GetBoundingBox(1)
    middle = [box[axis] + box[axis + 3] // 2 for axis in range(3)]
    array = sitk.GetArrayFromImage(mask)
    near = np.zeros_like(array)
    part = tuple(slice(max(0, m - r), m + r + 1) for m, r in zip(middle[::-1], MASK_REACH[::-1], strict=True))
    near[part] = array[part]
    cut = sitk.GetImageFromArray(near)
    cut.CopyInformation(mask)
    window = tuple(
        slice(max(0, m - r), min(n, m + r + 1))
        for m, r, n in zip(middle, REACH, image.GetSize(), strict=True)
    )
    return image[window], cut[window]


def _has_lbp3d() -> bool:
    """Say whether pyradiomics can make LBP3D images: it needs trimesh and a SciPy before 1.17."""
    try:
        from scipy.special import sph_harm  # noqa: F401
        from trimesh.creation import icosphere  # noqa: F401
    except ImportError:
        return False
    return True


def fitted(parameters: Mapping[str, Any], whom: Subject) -> dict[str, Any]:
    """Fit a parameter file to the dimension of the image: shape2D, and no planes in a 2-D image.

    LBP3D is left out of it where the image or pyradiomics' installation cannot have it.
    """
    fitting: dict[str, Any] = deepcopy(dict(parameters))
    if "LBP3D" in fitting["imageType"] and (whom.planar or not _has_lbp3d()):
        del fitting["imageType"]["LBP3D"]
        fitting["imageType"] = fitting["imageType"] or {"Original": {}}
    if not whom.planar:
        return fitting
    families = fitting["featureClass"]
    if "shape" in families:
        del families["shape"]
        families["shape2D"] = None
    setting = fitting["setting"]
    for name in ("force2D", "force2Ddimension"):
        setting.pop(name, None)
    if "resampledPixelSpacing" in setting:
        setting["resampledPixelSpacing"] = setting["resampledPixelSpacing"][:2]
    return fitting


def marked(whom: Subject, parameters: Mapping[str, Any], random: Random) -> sitk.Image:
    """Return the mask as the parameter file speaks of it: its label, its channel, sometimes another grid."""
    setting = parameters["setting"]
    array = sitk.GetArrayFromImage(whom.mask)
    if "label" in setting:
        other = array.copy()
        other[..., : array.shape[-1] // 2] *= random.choice([1, setting["label"] + 1])
        array = np.where(other == 1, setting["label"], other).astype(array.dtype)
    mask = sitk.GetImageFromArray(array)
    mask.CopyInformation(whom.mask)
    if setting.get("correctMask") is not None and random.random() < 0.6:
        margin = [2] * mask.GetDimension()
        mask = sitk.Crop(mask, margin, margin)
    if "label_channel" in setting:
        empty = mask * 0
        channels = [empty, mask] if setting["label_channel"] == 1 else [mask, empty]
        mask = sitk.Compose(channels)
    return mask
