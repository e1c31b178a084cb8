"""This package, called as its users call it."""

from __future__ import annotations

import sys
from pathlib import Path

import SimpleITK as sitk
from missing import NotThere

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout that this file lies in

import radiomics_screen


def version() -> str:
    return radiomics_screen.__version__


def prepared(case):
    """Load a case; return the function to be timed, which returns the number of values."""
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    if case["kind"] == "map":
        return _maps(case)
    settings = radiomics_screen.load_settings(case["parameters"])
    if case["kind"] == "files":
        pairs = case["files"]
        return lambda: sum(len(radiomics_screen.extract(i, m, settings)) for i, m in pairs)
    image, mask = sitk.ReadImage(case["image"]), sitk.ReadImage(case["mask"])
    return lambda: len(radiomics_screen.extract(image, mask, settings))


def _maps(case):
    try:
        from radiomics_screen.extraction.maps.compute import feature_maps
    except ImportError:
        raise NotThere("no voxel maps in this version") from None
    image, mask = sitk.ReadImage(case["image"]), sitk.ReadImage(case["mask"])
    parameters = case["parameters"]  # the settings of maps are checked with them, at every call
    return lambda: len(feature_maps(image, mask, parameters))
