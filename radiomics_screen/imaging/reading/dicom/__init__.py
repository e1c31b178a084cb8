"""DICOM: one file (single or multi-frame), or a folder with one series.

GDCM, through SimpleITK, decodes the pixels, applies rescale slope and intercept and inverts
MONOCHROME1. The header, read beside it, says where GDCM's spacing and mapping of values cannot be
trusted, and whether the file holds what it declares.
"""

from __future__ import annotations

from pathlib import Path

from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.imaging.reading.formats import FORMATS, Format, looks_like_dicom


def read(path: Path) -> LoadedImage:
    """Read a file, or the one series in a folder."""
    # pydicom takes a while to import; cohorts of other formats do not wait for it.
    from radiomics_screen.imaging.reading.dicom.series import read_series
    from radiomics_screen.imaging.reading.dicom.single import read_file

    return read_series(path) if path.is_dir() else read_file(path)


FORMATS.add("dicom", Format(looks_like_dicom, read))
