"""What the IBSI looks at after each step of the processing, to find the step that differs."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.extraction.measuring.preparing import marked, on_one_grid, prepared, preprocessed
from radiomics_screen.features.mask import bounding_box
from radiomics_screen.imaging.geometry import match_grid
from radiomics_screen.imaging.volume import Volume, to_volume
from radiomics_screen.settings.settings import Settings


def diagnostics(image: sitk.Image, mask: sitk.Image, settings: Settings) -> dict[str, float]:
    """Describe image and masks as read, after interpolation and after resegmentation, by the IBSI's tags."""
    image = preprocessed(image, settings)
    roi = match_grid(image, marked(mask, settings, None), **settings.options(match_grid))
    volume = to_volume(image)
    values = _of_image(volume, "init")
    values |= _of_masks(volume, _laid_in(roi.solid, roi.box, volume), None, "init")
    moved, moved_roi = on_one_grid(image, roi, settings, whole=True)
    volume = to_volume(moved)
    drawn = _laid_in(moved_roi.solid, moved_roi.box, volume)
    values |= _of_image(volume, "interp") | _of_masks(volume, drawn, None, "interp")
    lesion = prepared(image, mask, settings, whole=True)
    kept = _laid_in(lesion.footprint.mask, lesion.box, lesion.volume)
    return values | _of_masks(lesion.volume, kept, drawn, "reseg")


def _laid_in(mask: NDArray[np.bool_], box: tuple[slice, slice, slice], volume: Volume) -> NDArray[np.bool_]:
    whole = np.zeros(volume.array.shape, dtype=bool)
    whole[box] = mask
    return whole


def _of_image(volume: Volume, stage: str) -> dict[str, float]:
    array = volume.array
    facts = {f"img_dim_{axis}": n for axis, n in zip("zyx", array.shape, strict=True)}
    facts |= {f"vox_dim_{axis}": mm for axis, mm in zip("zyx", volume.spacing_mm, strict=True)}
    facts |= {"mean_int": array.mean(dtype=np.float64), "min_int": array.min(), "max_int": array.max()}
    return {f"{name}_{stage}_img": float(value) for name, value in facts.items()}


def _of_masks(
    volume: Volume, intensity: NDArray[np.bool_], morphological: NDArray[np.bool_] | None, stage: str
) -> dict[str, float]:
    """Describe both masks; without a morphological one, it equals the other."""
    morphological = intensity if morphological is None else morphological
    facts = {f"int_mask_dim_{axis}": n for axis, n in zip("zyx", intensity.shape, strict=True)}
    for name, mask in (("int_mask", intensity), ("morph_mask", morphological)):
        box = bounding_box(mask)
        facts |= {f"{name}_bb_dim_{axis}": s.stop - s.start for axis, s in zip("zyx", box, strict=True)}
        facts[f"{name}_vox_count"] = np.count_nonzero(mask)
    inside = volume.array[intensity]
    facts |= {
        "int_mask_mean_int": inside.mean(dtype=np.float64),
        "int_mask_min_int": inside.min(),
        "int_mask_max_int": inside.max(),
    }
    return {f"{name}_{stage}_roi": float(value) for name, value in facts.items()}
