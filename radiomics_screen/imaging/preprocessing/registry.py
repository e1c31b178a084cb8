"""Where preprocessing steps are entered, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_args

import numpy as np
import SimpleITK as sitk
from pydantic import Field

from radiomics_screen.core.arrays import count_not_finite
from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.options import Registry, options_of
from radiomics_screen.imaging.checks import require_numbers, reworded

Step = Callable[..., sitk.Image]

#: Beyond this size, two whole numbers may be one and the same 32-bit float.
_LARGEST_SINGLE = 2**24

#: Steps by name: functions of a scalar 2-D or 3-D image and options, which return an image on the same grid.
STEPS: Registry[Step] = Registry("preprocessing step", "radiomics_screen.preprocessing")

#: Type of an option that names a file on which the result depends.
File = Annotated[str, Field(min_length=1, description="file")]


def step(name: str, *, undefined_kept: bool = False) -> Callable[[Step], Step]:
    """Enter a function under the name that the parameter file uses.

    A step is not called with an image that it cannot treat, and must not return one without numbers: each
    is a RegionError that names the step.

    Parameters
    ----------
    name
        Name of the step.
    undefined_kept
        The step keeps NaN where it is, and no other voxel depends on it; else an image with NaN or
        infinite values is refused.
    """

    def enter(function: Step) -> Step:
        @wraps(function)
        def checked(image: sitk.Image, **options: Any) -> sitk.Image:
            what = f"preprocessing step {name}"
            require_numbers(image, what, undefined_allowed=undefined_kept)
            with np.errstate(all="ignore"), reworded(what):  # what comes of it is looked at
                result = function(image, **options)
            if not undefined_kept and (lost := count_not_finite(sitk.GetArrayViewFromImage(result))):
                raise RegionError(
                    f"{what}: {lost} voxels became NaN or infinite, though none was before: its options do "
                    "not suit this image, or its intensities are too large; change them, or leave it out"
                )
            return result

        STEPS.add(name, checked)
        return checked

    return enter


def files_of(name: str, options: Mapping[str, Any]) -> list[Path]:
    """Return the files that a step with these options reads, so that their content can be recorded."""
    return [Path(options[option]) for option in _file_options(name, options)]


def with_files_in(name: str, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the options with relative paths put into `folder`, where the parameter file lies."""
    placed = {option: str(folder / options[option]) for option in _file_options(name, options)}
    return {**options, **placed}


def _file_options(name: str, options: Mapping[str, Any]) -> list[str]:
    known = options_of(STEPS[name])
    return [
        option
        for option, value in options.items()
        if value is not None and (known[option].type == File or File in get_args(known[option].type))
    ]


def on_its_plane(image: sitk.Image, filtered: Callable[[sitk.Image], sitk.Image]) -> sitk.Image:
    """Treat a volume of one slice as the 2-D image it is: many filters need neighbours in every direction."""
    if image.GetDimension() == 2 or image.GetSize()[2] > 1:
        return filtered(image)
    result = sitk.JoinSeries(filtered(image[:, :, 0]))
    result.CopyInformation(image)
    return result


def as_float(image: sitk.Image) -> sitk.Image:
    """Return the image in 32-bit floats, or in 64 where it has these or needs them for whole numbers."""
    return sitk.Cast(image, sitk.sitkFloat64 if _needs_64_bits(image) else sitk.sitkFloat32)


def _needs_64_bits(image: sitk.Image) -> bool:
    if image.GetPixelID() == sitk.sitkFloat64:
        return True
    values = sitk.GetArrayViewFromImage(image)
    if values.dtype.kind not in "iu" or values.dtype.itemsize < 4:
        return False
    return int(values.max()) > _LARGEST_SINGLE or int(values.min()) < -_LARGEST_SINGLE
