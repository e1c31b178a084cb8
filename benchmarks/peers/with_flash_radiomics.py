"""flash-radiomics on the processor, through its extractor, which has pyradiomics' interface.

It writes every result to an HDF5 file, and that cannot be switched off: it is in its time.
"""

from __future__ import annotations

import logging
import tempfile
from importlib.metadata import version as version_of
from pathlib import Path

import SimpleITK as sitk
from flash_radiomics import RadiomicsFeatureExtractor
from parameters import completed, count


def version() -> str:
    return version_of("flash-radiomics")


def prepared(case):
    """Load a case; return the function to be timed, which returns the number of values."""
    logging.disable(logging.CRITICAL)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    folder = tempfile.TemporaryDirectory()
    extractor = RadiomicsFeatureExtractor(completed(case), backend="cpu")

    def measure(image, mask, **mode):
        result = Path(folder.name) / "result.h5"
        result.unlink(missing_ok=True)
        return count(extractor.execute(image, mask, output_hdf5_path=str(result), **mode))

    if case["kind"] == "files":
        return lambda: sum(measure(*_read(*pair)) for pair in case["files"])
    image, mask = sitk.ReadImage(case["image"]), sitk.ReadImage(case["mask"])
    mode = {"spatialMode": True} if case["kind"] == "map" else {}
    return lambda: measure(image, mask, **mode)


def _read(image_path: str, mask_path: str):
    return sitk.Cast(sitk.ReadImage(image_path), sitk.sitkInt32), sitk.ReadImage(mask_path) != 0
