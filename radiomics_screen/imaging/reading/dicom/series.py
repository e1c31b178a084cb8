"""A folder of DICOM files as one 3-D image."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import SimpleITK as sitk

from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.limits import require_within_limits
from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.imaging.reading.dicom.decoding import decode, require_as_stored
from radiomics_screen.imaging.reading.dicom.header import Header, read_header, refuse_other_objects
from radiomics_screen.imaging.reading.dicom.single import (
    described,
    place_slices,
    read_file,
    refuse_misread,
    remark,
    set_pixel_spacing,
    slice_step,
)
from radiomics_screen.imaging.reading.formats import damaged, looks_like_dicom

ROUNDED = {"pixel spacing": (1e-4, 0.0), "orientation": (0.0, 1e-3)}  # relative, absolute: of the header


def read_series(folder: Path) -> LoadedImage:
    """Read the one series of images in a folder; other DICOM objects and other files are passed over.

    Raises
    ------
    ReadError
        There is no DICOM image, there are several series, or the slices do not make one volume.
    """
    headers = _images_in(folder)
    by_series: dict[str, list[Header]] = defaultdict(list)
    for header in headers:
        by_series[header.series].append(header)
    if len(by_series) > 1:
        listed = "; ".join(_described(slices) for slices in by_series.values())
        raise ReadError(
            f"{folder}: holds {len(by_series)} series ({listed}); give each series a folder of its own, "
            "or name one file"
        )
    if len(headers) == 1:
        return read_file(headers[0].path)
    return _stacked(folder, headers)


def _images_in(folder: Path) -> list[Header]:
    """Return the headers of the images directly in a folder, in the order of the file names."""
    entries = sorted(folder.iterdir())
    files = [p for p in entries if p.is_file() and not p.name.startswith(".") and looks_like_dicom(p)]
    headers = [read_header(path) for path in files]
    images = [h for h in headers if h.rows and h.columns and not h.is_segmentation]
    if images:
        _refuse_lost_slices(entries, headers, {h.path.suffix.lower() for h in images})
        return images
    if headers:
        refuse_other_objects(headers[0])
    below = [p.name for p in entries if p.is_dir()][:5]
    hint = f"; did you mean a folder below it ({', '.join(below)})?" if below else "; check the path"
    raise ReadError(f"{folder}: the folder holds no DICOM image{hint}")


def _refuse_lost_slices(entries: list[Path], headers: list[Header], endings: set[str]) -> None:
    """Refuse a folder with a file that should be a slice and is none: at an end, no gap would show it."""
    for header in headers:
        if not (header.rows and header.columns) and (not header.kind or "Image Storage" in header.kind):
            raise damaged(header.path, "DICOM file", "its header ends before it describes an image")
    known = {header.path for header in headers}
    for path in entries:
        if path in known or path.name.startswith(".") or not path.is_file():
            continue
        if path.stat().st_size == 0 or (path.suffix and path.suffix.lower() in endings):
            raise damaged(path, "DICOM file", "it lies among the slices but is none")


def _described(slices: list[Header]) -> str:
    text = slices[0].series_text or slices[0].series[-12:] or "without a series UID"
    return f"{slices[0].modality or '?'} '{text}' of {len(slices)} files"


def _stacked(folder: Path, headers: list[Header]) -> LoadedImage:
    first = headers[0]
    _require_one_volume(folder, headers)
    axes = first.axes or ()
    normal = np.cross(axes[:3], axes[3:])
    ordered = sorted(headers, key=lambda h: float(np.dot(normal, h.positions_mm[0])))
    step = slice_step(np.array([h.positions_mm[0] for h in ordered]), axes, str(folder), "slices")
    image = _pixels(folder, ordered)
    place_slices(image, ordered[0].positions_mm[0], axes, step)
    set_pixel_spacing(image, ordered[0])
    remark(ordered[0])
    return described(image, ordered)


def _require_one_volume(folder: Path, headers: list[Header]) -> None:
    """Refuse files that cannot be slices of one image, naming what differs."""
    for header in headers:
        refuse_misread(header)
    require_within_limits((headers[0].columns, headers[0].rows, len(headers)), 1, 1, folder)
    differing: dict[str, list[Any]] = {
        "size": [(h.columns, h.rows) for h in headers],
        "pixel spacing": [h.spacing_mm for h in headers],
        "orientation": [h.axes for h in headers],
        "photometric interpretation": [h.photometric for h in headers],
        "samples per pixel": [h.samples for h in headers],
    }
    for what, values in differing.items():
        counted = _counted(values, *ROUNDED.get(what, (0.0, 0.0)))
        if len(counted) > 1:
            _refuse_mixture(folder, what, counted)
    units = Counter(h.unit for h in headers if h.unit)
    if len(units) > 1:
        _refuse_mixture(folder, "unit", list(units.items()))
    if any(h.frames > 1 for h in headers):
        raise ReadError(f"{folder}: holds {len(headers)} multi-frame files; give the one that is meant")
    placeless = [h.path.name for h in headers if not h.positions_mm or h.axes is None]
    if placeless:
        raise ReadError(
            f"{folder}: {len(headers)} files in one series, but {len(placeless)} of them (first "
            f"{placeless[0]}) do not say where their slice lies; give one file, or a NIfTI or NRRD image"
        )


def _refuse_mixture(folder: Path, what: str, counted: list[tuple[Any, int]]) -> NoReturn:
    shown = sorted(counted, key=lambda pair: -pair[1])[:4]
    listed = ", ".join(f"{count} files with {value}" for value, count in shown)
    raise ReadError(
        f"{folder}: the files of the series differ in {what} ({listed}); keep those of one volume "
        "in a folder of its own"
    )


def _counted(values: list[Any], relative: float, absolute: float) -> list[tuple[Any, int]]:
    """Count values; numbers that differ by no more than a header rounds them are one value."""
    found: list[tuple[Any, int]] = []
    for value, count in Counter(values).items():
        for n, (known, times) in enumerate(found):
            if _is_same(value, known, relative, absolute):
                found[n] = (known, times + count)
                break
        else:
            found.append((value, count))
    return found


def _is_same(one: Any, other: Any, relative: float, absolute: float) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return bool(np.allclose(one, other, rtol=relative, atol=absolute))
    return bool(one == other)


def _pixels(folder: Path, ordered: list[Header]) -> sitk.Image:
    """Return the slices as one image: decoded together where their headers agree, else each by its own."""
    encodings = {(h.bits, h.bits_stored, h.high_bit, h.is_signed, h.syntax, h.kind) for h in ordered}
    if len(encodings) > 1 or not all(h.mapping.is_applied_by_gdcm for h in ordered):
        return _one_by_one(ordered)
    reader = sitk.ImageSeriesReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileNames([str(h.path) for h in ordered])
    if len({h.mapping.linear for h in ordered}) > 1:
        # The type would be that of the first slice, and could cut off what another slice's slope gives.
        reader.SetOutputPixelType(sitk.sitkFloat64)
    try:
        image = reader.Execute()
    except RuntimeError:
        return _one_by_one(ordered)  # which names the file that cannot be decoded, if one cannot
    values = sitk.GetArrayViewFromImage(image)
    for n, header in enumerate(ordered):
        require_as_stored(values[n : n + 1], header)
    return image


def _one_by_one(ordered: list[Header]) -> sitk.Image:
    """Decode each slice by its own header, and join them in a type that holds the values of all."""
    slices = [decode(header) for header in ordered]
    arrays = [sitk.GetArrayViewFromImage(image) for image in slices]
    kind = np.result_type(*arrays)
    if len({h.mapping.linear for h in ordered}) > 1 or kind.kind == "f":
        kind = np.dtype(np.float64)
    joined = np.concatenate([array.astype(kind, copy=False) for array in arrays])
    image = sitk.GetImageFromArray(joined, isVector=joined.ndim == 4)
    image.SetSpacing((*slices[0].GetSpacing()[:2], 1.0))
    return image
