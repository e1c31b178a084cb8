"""Where preprocessing steps are entered, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

import SimpleITK as sitk
from pydantic import Field

from radiomics_screen.core.options import Registry, options_of

Step = Callable[..., sitk.Image]

#: Steps by name: functions of a scalar 2-D or 3-D image and options, which return an image on the same grid.
STEPS: Registry[Step] = Registry("preprocessing step", "radiomics_screen.preprocessing")

#: Type of an option that names a file on which the result depends.
File = Annotated[str, Field(min_length=1, description="file")]


def step(name: str) -> Callable[[Step], Step]:
    """Enter a function under the name that the parameter file uses."""

    def enter(function: Step) -> Step:
        STEPS.add(name, function)
        return function

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
    """Return the image in 32-bit floats, or as it is where it has 64."""
    return image if image.GetPixelID() == sitk.sitkFloat64 else sitk.Cast(image, sitk.sitkFloat32)
