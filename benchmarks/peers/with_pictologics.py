"""pictologics through its pipeline, with the families nearest to pyradiomics' default set.

intensity, morphology, GLCM, GLRLM, GLSZM, NGTDM and NGLDM (its name for what GLDM is); not the
families that pyradiomics has no counterpart of. Entropy and uniformity of the intensities, which
pyradiomics counts as first-order, stand in its family "histogram" and are not asked for.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pictologics
from missing import NotThere

FAMILIES = ["intensity", "morphology", "glcm", "glrlm", "glszm", "ngtdm", "ngldm"]


def version() -> str:
    return pictologics.__version__


def prepared(case):
    """Load a case; return the function to be timed, which returns the number of values."""
    if case["kind"] == "map":
        raise NotThere("it makes no voxel maps")
    if case["kind"] == "files":
        raise NotThere("it reads no PNG")
    warnings.simplefilter("ignore")
    image, mask = map(pictologics.load_image, case["slices"] or (case["image"], case["mask"]))
    filters = [steps for name in case["parameters"]["imageType"] for steps in _filters(name, case)]
    starts = _smallest_values(image, mask, filters)
    pipeline = pictologics.RadiomicsPipeline(load_standard=False)
    for number, (steps, start) in enumerate(zip(filters, starts, strict=True)):
        # the shape is the same on every image, and wanted once, as pyradiomics gives it
        families = FAMILIES if number == 0 else [name for name in FAMILIES if name != "morphology"]
        discretise = _discretise(case["parameters"].get("setting", {}), start)
        pipeline.add_config(
            f"image{number}",
            [*steps, discretise, {"step": "extract_features", "params": {"families": families}}],
        )
    return lambda: _count(pipeline.run(image, mask))


def _filters(image_type: str, case):
    """Return its filter steps that make what pyradiomics makes for an image type: one list an image."""
    options = case["parameters"]["imageType"][image_type]
    if image_type == "Original":
        return [[]]
    if image_type == "Wavelet":
        bands = [a + b + c for a in "LH" for b in "LH" for c in "LH"]
        filter_ = {"type": "wavelet", "wavelet": "coif1", "boundary": "periodic"}
        return [[{"step": "filter", "params": {**filter_, "decomposition": band}}] for band in bands]
    if image_type == "LoG":
        return [
            [{"step": "filter", "params": {"type": "log", "sigma_mm": sigma, "boundary": "nearest"}}]
            for sigma in options["sigma"]
        ]
    raise NotThere(f"image type {image_type}")


def _discretise(setting, start: float):
    if setting.get("binCount"):
        return {"step": "discretise", "params": {"method": "FBN", "n_bins": setting["binCount"]}}
    width = float(setting.get("binWidth", 25))
    first = math.floor(start / width) * width
    return {"step": "discretise", "params": {"method": "FBS", "bin_width": width, "min_val": first}}


def _smallest_values(image, mask, filters):
    """Return the smallest value inside the mask of each filtered image: where its bins start.

    pyradiomics finds it by itself; pictologics must be told, which is not timed.
    """
    pipeline = pictologics.RadiomicsPipeline(load_standard=False)
    for number, steps in enumerate(filters):
        extract = {"step": "extract_features", "params": {"families": ["intensity"]}}
        pipeline.add_config(f"image{number}", [*steps, extract])
    results = pipeline.run(image, mask)
    names = [f"image{number}" for number in range(len(filters))]
    return [next(float(v) for k, v in results[n].items() if k.startswith("minimum")) for n in names]


def _count(results) -> int:
    total = 0
    for values in results.values():
        if not np.isfinite(np.asarray(values, dtype=float)).any():
            raise ValueError("pictologics gave no values")
        total += len(values)
    return total
