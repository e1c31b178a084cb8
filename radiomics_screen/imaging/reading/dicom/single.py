"""One DICOM file, single or multi-frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import SimpleITK as sitk

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.loaded_image import Applied, LoadedImage, Rescale
from radiomics_screen.imaging.pixels import like
from radiomics_screen.imaging.reading.dicom.decoding import decode
from radiomics_screen.imaging.reading.dicom.header import Header, read_header, refuse_other_objects
from radiomics_screen.imaging.reading.dicom.pixel_checks import require_declared_pixels

_BIG_ENDIAN, _RLE = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"
EVEN = 0.01  # relative difference of slice distances that is rounding in the header
UNEVEN = 0.05  # relative difference from which one spacing no longer describes the slices
SIDEWAYS_MM = 0.1  # shift of a slice within its plane that rounding does not explain


def read_file(path: Path) -> LoadedImage:
    """Read one DICOM file; a single frame comes as a 3-D image of one slice."""
    header = read_header(path)
    refuse_other_objects(header)
    refuse_misread(header)
    image = decode(header)
    if header.frames > 1:
        image = place_frames(image, header)
    set_pixel_spacing(image, header)
    remark(header)
    if header.dose_scaling is not None:
        add_remark("dose grid: values were multiplied by the file's dose scaling")
        image = sitk.Cast(image, sitk.sitkFloat64) * header.dose_scaling
    return described(image, [header])


def described(image: sitk.Image, headers: Sequence[Header]) -> LoadedImage:
    """Return `image` with what the headers of its slices say, in their order: one header, or one a slice."""
    first = headers[0]
    instances = tuple(uid for header in headers for uid in header.identity.sop_instance_uids)
    rescales = tuple(Rescale(*linear) for header in headers for linear in header.mapping.linear)
    same = len(set(rescales)) == 1
    applied = []
    if first.photometric == "MONOCHROME1":
        applied.append(Applied("inverted"))
    if not same:
        applied.append(Applied("rescaled"))
    elif first.rescale is not None:
        applied.append(first.rescale.applied())
    if first.dose_scaling is not None:
        applied.append(Applied("dose scaled", MappingProxyType({"factor": first.dose_scaling})))
    return LoadedImage(
        image,
        identity=replace(first.identity, sop_instance_uids=instances),
        calibrations=first.calibrations,
        rescales=rescales if not same else rescales[:1] if first.rescale else (),
        unit=first.unit if len({header.unit for header in headers}) == 1 else None,
        applied=tuple(applied),
    )


def refuse_misread(header: Header) -> None:
    """Refuse what GDCM decodes to wrong values without a word."""
    if (header.syntax == _BIG_ENDIAN and header.bits > 16) or (
        header.syntax == _RLE and header.samples > 1 and header.bits > 8
    ):
        raise ReadError(
            f"{header.path}: {header.bits}-bit pixels in this encoding cannot be read reliably; convert the "
            "file to Explicit VR Little Endian (dcmconv or gdcmconv --raw)"
        )
    if header.mapping.problem or header.differing:
        problem = header.mapping.problem or f"its frames differ in {header.differing}"
        raise ReadError(f"{header.path}: {problem}; export the frames of one image to a file of their own")
    require_declared_pixels(header)


def remark(header: Header) -> None:
    """Note what the pixels went through and what they did not."""
    if header.photometric == "MONOCHROME1":
        add_remark("MONOCHROME1: inverted, so that bright is high")
    for text in header.mapping.remarks:
        add_remark(text)


def set_pixel_spacing(image: sitk.Image, header: Header) -> None:
    """Put the header's pixel spacing on the image and say where it is not the calibrated one."""
    x, y = header.spacing_mm or (1.0, 1.0)
    image.SetSpacing((x, y, *image.GetSpacing()[2:]))
    if header.spacing_mm is None:
        add_remark("the DICOM header gives no pixel spacing: 1 mm was taken, so sizes are in pixels")
    elif header.spacing_source == "SequenceOfUltrasoundRegions":
        add_remark(f"pixel spacing {x:.4g} x {y:.4g} mm comes from the ultrasound calibration")
    elif header.spacing_source != "PixelSpacing":
        add_remark(f"pixel spacing {x:.4g} x {y:.4g} mm is that at the detector ({header.spacing_source})")


def place_frames(image: sitk.Image, header: Header) -> sitk.Image:
    """Give a multi-frame image its slice distance and direction, or refuse: cine loops have none.

    Frames that lie in no order are put in that of their positions.
    """
    if len(header.positions_mm) == header.frames and header.axes is not None:
        positions = np.array(header.positions_mm)
        along = positions @ np.cross(header.axes[:3], header.axes[3:])
        steps = np.diff(along)
        if not (np.all(steps > 0) or np.all(steps < 0)):
            order = np.argsort(along, kind="stable")
            positions = positions[order]
            image = like(image, sitk.GetArrayFromImage(image)[order])
        step = slice_step(positions, header.axes, str(header.path), "frames")
        place_slices(image, tuple(positions[0]), header.axes, step)
    elif header.frame_distance_mm and len(header.positions_mm) <= 1:
        x, y, _ = image.GetSpacing()
        image.SetSpacing((x, y, abs(header.frame_distance_mm)))
    elif header.positions_mm:
        raise ReadError(
            f"{header.path}: {len(header.positions_mm)} of its {header.frames} frames say where they lie; "
            "export the frames of one image to a file of their own"
        )
    else:
        raise ReadError(
            f"{header.path}: holds {header.frames} frames without positions (a film, or several images in "
            "one file); export the frame that is meant as a file of its own"
        )
    return image


def place_slices(
    image: sitk.Image, origin_mm: tuple[float, ...], axes: tuple[float, ...], step_mm: np.ndarray
) -> None:
    """Put a stack of slices in space: `step_mm` leads from one slice to the next."""
    distance_mm = float(np.linalg.norm(step_mm))
    columns = np.stack([axes[:3], axes[3:], step_mm / distance_mm], axis=1)
    image.SetOrigin(origin_mm)
    image.SetSpacing((*image.GetSpacing()[:2], distance_mm))
    image.SetDirection(columns.ravel().tolist())


def slice_step(positions_mm: np.ndarray, axes: tuple[float, ...], source: str, what: str) -> np.ndarray:
    """Return the vector from one slice to the next, along the slices' normal, (x, y, z) in mm.

    Parameters
    ----------
    positions_mm
        First pixel of every slice, in their order, shape (slices, 3).
    axes
        Direction cosines of a row and of a column.
    source, what
        File or folder, and "slices" or "frames", for messages.

    Raises
    ------
    ReadError
        Slices are missing, doubled, unevenly spaced, out of order or shifted sideways (gantry tilt).
    """
    normal = np.cross(axes[:3], axes[3:])
    normal /= np.linalg.norm(normal)
    along = (positions_mm - positions_mm[0]) @ normal
    steps = np.diff(along)
    typical = float(np.median(steps))
    if np.any(np.abs(steps) < 1e-3) or np.any(np.sign(steps) != np.sign(typical)):
        raise ReadError(
            f"{source}: several {what} lie at one position (time points, echoes, or copies); keep those "
            "of one image in a folder of its own"
        )
    mean = float(along[-1]) / len(steps)
    uneven = float(np.abs(steps / mean - 1).max())
    if uneven > UNEVEN:
        raise ReadError(f"{source}: {_gap(np.abs(steps), what)}")
    sideways = positions_mm - positions_mm[0] - np.outer(along, normal)
    if np.linalg.norm(sideways, axis=1).max() > SIDEWAYS_MM:
        raise ReadError(
            f"{source}: the {what} are shifted sideways against each other (gantry tilt); resample them to a "
            "straight grid first (dcm2niix does)"
        )
    if uneven > EVEN:
        add_remark(
            f"the distances of the {what} vary by {uneven:.1%}; their mean of {abs(mean):.5g} mm was taken"
        )
    return mean * normal


def _gap(steps: np.ndarray, what: str) -> str:
    """Word what is wrong with the distances of the slices."""
    smallest = steps.min()
    multiples = steps / smallest
    if np.all(np.abs(multiples - np.rint(multiples)) < UNEVEN):
        missing = int((np.rint(multiples) - 1).sum())
        return (
            f"{missing} {what} are missing: their distance is {smallest:.4g} mm, but "
            f"{steps.max():.4g} mm at the gap; export the complete series"
        )
    return (
        f"the {what} are unevenly spaced ({smallest:.4g} to {steps.max():.4g} mm); "
        "resample them to an even distance first"
    )
