"""Options of the parameter file that versions up to 0.5 spelled otherwise.

Options of pyradiomics keep pyradiomics' camelCase; those of this package are written in snake_case. Parameter
files, tables and models of earlier versions have the older spelling, and go on to be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Today's name of each option that had another one.
PRESENT_NAMES = {
    "binOrigin": "bin_origin",
    "blobThreshold": "blob_threshold",
    "boundaryValue": "boundary_value",
    "clipLimit": "clip_limit",
    "cropShape": "crop_shape",
    "domainSigma": "domain_sigma",
    "fastThreshold": "fast_threshold",
    "gaborGamma": "gabor_gamma",
    "gaborResponse": "gabor_response",
    "gaborTheta": "gabor_theta",
    "gaborThetaStep": "gabor_theta_step",
    "gaborWavelength": "gabor_wavelength",
    "gridMargin": "grid_margin",
    "hogCellPixels": "hog_cell_pixels",
    "hogMargin": "hog_margin",
    "hogNorm": "hog_norm",
    "ivhBinCount": "ivh_bin_count",
    "ivhBinWidth": "ivh_bin_width",
    "kernelSize": "kernel_size",
    "lawsEnergyDistance": "laws_energy_distance",
    "lawsKernels": "laws_kernels",
    "lbpRadii": "lbp_radii",
    "logCutoff": "log_cutoff",
    "maskInterpolator": "mask_interpolator",
    "maskThreshold": "mask_threshold",
    "matchPoints": "match_points",
    "meanSupport": "mean_support",
    "outlierSigma": "outlier_sigma",
    "rangeSigma": "range_sigma",
    "resamplingGrid": "resampling_grid",
    "rieszOrder": "riesz_order",
    "rotationInvariance": "rotation_invariance",
    "roundIntensities": "round_intensities",
    "shrinkFactor": "shrink_factor",
    "spotDiameters": "spot_diameters",
    "thresholdAtMean": "threshold_at_mean",
    "timeStep": "time_step",
    "waveletBands": "wavelet_bands",
    "waveletLevels": "wavelet_levels",
}


def with_present_names(parameters: Any) -> Any:
    """Return parameters with every option under today's name, however deep it lies.

    An option that is given under both names keeps both, for the one who checks the parameters to refuse.

    >>> with_present_names({"setting": {"binOrigin": 0.0, "binWidth": 25}})
    {'setting': {'bin_origin': 0.0, 'binWidth': 25}}
    """
    if isinstance(parameters, Mapping):
        return {_present(name, parameters): with_present_names(value) for name, value in parameters.items()}
    if isinstance(parameters, list | tuple):
        return type(parameters)(map(with_present_names, parameters))
    return parameters


def older_names_in(parameters: Any) -> tuple[str, ...]:
    """Return the options that parameters give under an older name, in the order of the alphabet.

    >>> older_names_in({"setting": {"binOrigin": 0.0, "binWidth": 25}})
    ('binOrigin',)
    """
    return tuple(sorted(_older_names(parameters)))


def _older_names(parameters: Any) -> set[str]:
    if isinstance(parameters, Mapping):
        own = {name for name in parameters if isinstance(name, str) and name in PRESENT_NAMES}
        return own.union(*map(_older_names, parameters.values()))
    if isinstance(parameters, list | tuple):
        return set().union(*map(_older_names, parameters))
    return set()


def _present(name: Any, beside: Mapping[Any, Any]) -> Any:
    present = PRESENT_NAMES.get(name, name) if isinstance(name, str) else name
    return name if present in beside else present
