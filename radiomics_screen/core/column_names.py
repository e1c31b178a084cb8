"""What the name of a feature column says: ``[<region>.]<image type>_<family>_<Feature>``."""

from __future__ import annotations

import re
from typing import NamedTuple

#: How a region beyond the lesion may be called: it stands before a point in the names of its columns.
REGION = r"[A-Za-z][A-Za-z0-9-]*"

#: Family of the features that a pretrained network makes of a lesion's crop.
EMBEDDING = "embedding"

_FAMILY = "(breast|embedding|firstorder|glcm|gldm|glrlm|glszm|hog|keypoints|lbp|ngtdm|pixels|shape|shape2D)"
_IMAGE_TYPE = (
    r"(original|wavelet\d*-[A-Za-z]+|log-sigma-[\d-]+-mm-[23]D|square|squareroot|logarithm|exponential|gradient"
    r"|lbp-2D|lbp-3D-(m\d+|k))"
)
_FEATURE = re.compile(rf"({REGION}\.)?{_IMAGE_TYPE}_{_FAMILY}_[A-Za-z0-9]+")

#: Families that describe something else than radiomics does, each a block of columns of its own.
_OWN_BLOCK = {
    "breast": "breast",
    "hog": "pixels",
    "keypoints": "pixels",
    "lbp": "pixels",
    "pixels": "pixels",
    EMBEDDING: EMBEDDING,
}


class Column(NamedTuple):
    """The parts of a feature column's name; `region` is empty for the lesion itself."""

    region: str
    image: str
    family: str
    feature: str


def is_feature(column: str) -> bool:
    """Tell whether a column is named like a feature of pyradiomics, or of a region beyond the lesion."""
    return _FEATURE.fullmatch(column) is not None


def parts_of(column: str) -> Column:
    """Return the parts of a feature column's name; what it lacks is empty."""
    image, family, feature = (*column.split("_", 2), "", "")[:3]
    region, point, rest = image.partition(".")
    return Column(region, rest, family, feature) if point else Column("", image, family, feature)


def block_of(column: str) -> str:
    """Return the block that a feature belongs to: its region, or what its family stands for.

    >>> block_of("original_glcm_Contrast"), block_of("original_breast_HaloWidth")
    ('radiomics', 'breast')
    >>> block_of("rim.original_firstorder_Mean")
    'rim'
    """
    parts = parts_of(column)
    return parts.region or _OWN_BLOCK.get(parts.family, "radiomics")
