"""Parameters as pyradiomics and what copies its interface need them: 2-D in words, families by name."""

from __future__ import annotations

#: pyradiomics' default: every family but shape2D.
FAMILIES_3D = ("firstorder", "shape", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
FAMILIES_2D = ("firstorder", "shape2D", "glcm", "gldm", "glrlm", "glszm", "ngtdm")


def completed(case):
    """Return the parameters of a case, complete, without pyradiomics' record of the run."""
    planar = case["dimension"] == 2
    families = dict.fromkeys(FAMILIES_2D if planar else FAMILIES_3D)
    parameters = {"featureClass": families, **case["parameters"]}
    setting = {"additionalInfo": False, **parameters.get("setting", {})}
    return {**parameters, "setting": setting | ({"force2D": True} if planar else {})}


def count(values) -> int:
    """Return how many features there are among what an extractor returned."""
    return sum(not name.startswith("diagnostics") for name in values)
