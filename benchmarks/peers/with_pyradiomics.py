"""pyradiomics through its feature extractor, without its record of the run (``additionalInfo``)."""

from __future__ import annotations

import logging

import radiomics
import SimpleITK as sitk
from parameters import completed, count
from radiomics.featureextractor import RadiomicsFeatureExtractor


def version() -> str:
    return radiomics.__version__.lstrip("v")


def prepared(case):
    """Load a case; return the function to be timed, which returns the number of values."""
    logging.disable(logging.CRITICAL)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    extractor = RadiomicsFeatureExtractor(completed(case))
    if case["kind"] == "files":
        return lambda: sum(_row(extractor, image, mask) for image, mask in case["files"])
    image, mask = sitk.ReadImage(case["image"]), sitk.ReadImage(case["mask"])
    voxel_based = case["kind"] == "map"
    return lambda: count(extractor.execute(image, mask, voxelBased=voxel_based))


def _row(extractor, image_path: str, mask_path: str) -> int:
    """Read and measure one 2-D case; its bins overflow on 8-bit images, so they are widened."""
    image = sitk.Cast(sitk.ReadImage(image_path), sitk.sitkInt32)
    return count(extractor.execute(image, sitk.ReadImage(mask_path) != 0))
