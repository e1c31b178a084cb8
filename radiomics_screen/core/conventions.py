"""Where pyradiomics and the IBSI disagree: one switch each, and how each convention sets them.

Every switch is an ordinary option of the parameter file. ``conventions`` only chooses their defaults,
and whose feature families are meant where the file names none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PYRADIOMICS, IBSI = "pyradiomics", "ibsi"

#: What each convention sets, where it is not the option's own default.
SWITCHES: Mapping[str, Mapping[str, Any]] = {
    PYRADIOMICS: {},
    IBSI: {
        "resampling_grid": "centre",  # not the corner of the mask's grid, cut to the region
        "interpolator": "sitkLinear",  # not a cubic B-spline
        "mask_interpolator": "sitkLinear",  # at least half inside, not nearest neighbour
        "bin_origin": "range",  # bins begin at the lower bound, not at multiples of their width
        "crop_shape": False,  # shape is that of the whole mask as drawn
    },
}

#: Options of which a parameter file must set one, to say how intensities become grey levels, each with a
#: value that does not say it.
GREY_LEVELS: Mapping[str, Mapping[str, Any]] = {
    PYRADIOMICS: {},
    IBSI: {"binWidth": None, "binCount": None, "discretization": "bins"},
}
