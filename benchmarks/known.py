"""Where values differ from pyradiomics' for a reason that is known, and what the reason is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

#: Directions of neighbours at up to three distances in 3-D.
MOST_DIRECTIONS = 13 + 49 + 109


def known_reason(
    name: str, ours: float, theirs: float, parameters: Mapping[str, Any], notes: Sequence[str] = ()
) -> str:
    """Return why a value differs, or "" where nothing is known.

    Parameters
    ----------
    name
        Column, as ``original_glcm_MCC``.
    parameters
        The parameter file.
    notes
        What this package remarked on the case.
    """
    image_name, family, feature = name.split("_", 2)
    if feature in ("LeastAxisLength", "Flatness", "MinorAxisLength", "Elongation") and abs(ours) < 1e-6:
        return "axis of a flat mask: rounding noise or NaN in pyradiomics"
    if feature in ("MCC", "Correlation") and _one_sided(ours, theirs, feature, parameters):
        return f"{feature} where one side of the pairs has a single level: decided by rounding in pyradiomics"
    if image_name == "lbp-2D" and any("exceed the image's pixel type" in note for note in notes):
        return "LBP2D variances beyond the pixel type of the image, which wrap around in pyradiomics"
    if image_name.startswith("lbp-3D-m") and _near_an_edge(family, feature, ours, theirs):
        # of 185 different values in a map, 109 were left when rounded to 1e-9
        return (
            "LBP3D maps repeat values up to rounding: a percentile or a bin edge that falls on one parts them"
        )
    if feature == "Imc2" and ours == 0 and (math.isnan(theirs) or abs(theirs) < 1e-6):
        return "Imc2 of independent levels: the root of rounding noise in pyradiomics"
    return ""


def _near_an_edge(family: str, feature: str, ours: float, theirs: float) -> bool:
    """Say whether a few voxels on the other side of an edge can make the difference."""
    edges = family != "firstorder" or feature in ("RobustMeanAbsoluteDeviation", "Entropy", "Uniformity")
    return edges and abs(ours - theirs) < 0.05 * max(abs(ours), abs(theirs))


def _one_sided(ours: float, theirs: float, feature: str, parameters: Mapping[str, Any]) -> bool:
    """Say whether the difference can be that of some directions, each with a single level on one side.

    Such a direction counts here with an MCC of 0 and a Correlation of 1; in pyradiomics it is left
    out of the mean of n directions, so that ours is k / n of theirs, or counts with a Correlation
    near 0, so that the difference is a multiple of 1 / n.
    """
    scopes = [parameters["setting"], *(options or {} for options in parameters["imageType"].values())]
    if all(scope.get("symmetricalGLCM", True) for scope in scopes):
        return False
    if math.isnan(ours) or math.isnan(theirs):
        return False
    difference = ours - theirs
    parts = [ours / theirs] if feature == "MCC" and theirs else [difference]
    if feature == "Correlation":  # left out: n ours = (n - k) theirs + k
        parts.append(difference / (1 - theirs) if theirs != 1 else difference)
    return any(
        abs(part * n - round(part * n)) < 1e-6 for part in parts for n in range(1, MOST_DIRECTIONS + 1)
    )
