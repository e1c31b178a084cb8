"""How much an image may unpack to. Readers ask before they allocate anything.

The defaults are generous for medical images. The environment variables ``RADIOMICS_SCREEN_MAX_PIXELS`` and
``RADIOMICS_SCREEN_MAX_BYTES`` change them, and reach worker processes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from radiomics_screen.core.errors import ReadError, SettingsError

MAX_PIXELS = "RADIOMICS_SCREEN_MAX_PIXELS"
MAX_BYTES = "RADIOMICS_SCREEN_MAX_BYTES"


@dataclass(frozen=True)
class Limits:
    """What one image may hold.

    Attributes
    ----------
    pixels
        Pixels or voxels, all slices, frames and pages together.
    unpacked_bytes
        Bytes that pixels take once unpacked, and bytes that are taken out of a compressed stream.
    """

    pixels: int = 2**31
    unpacked_bytes: int = 8 * 2**30


def current_limits() -> Limits:
    """Return the limits in force: the defaults, or what the environment sets.

    Raises
    ------
    SettingsError
        A variable of the environment is no whole number above 0.
    """
    default = Limits()
    return Limits(_number(MAX_PIXELS, default.pixels), _number(MAX_BYTES, default.unpacked_bytes))


def require_within_limits(
    shape: int | Sequence[int], bytes_per_pixel: float, components: int, name: object
) -> int:
    """Return the bytes that pixels take, or refuse them before they are allocated.

    Parameters
    ----------
    shape
        Pixels along each axis, or their number.
    bytes_per_pixel
        Of one component.
    components
        Values a pixel: 1, or 3 of a colour.
    name
        What messages call the image, such as its path.

    Raises
    ------
    ReadError
        The image holds more than the limits allow.
    """
    limits = current_limits()
    sizes = [shape] if isinstance(shape, int) else [int(n) for n in shape]
    pixels = prod(sizes)
    needed = int(pixels * components * bytes_per_pixel)
    declared = f"its header declares {' x '.join(map(str, sizes))} pixels"
    if pixels > limits.pixels:
        raise ReadError(
            f"{name}: {declared}, more than the limit of {limits.pixels}; if the file is right, raise the "
            f"limit by the environment variable {MAX_PIXELS}"
        )
    if needed > limits.unpacked_bytes:
        raise ReadError(
            f"{name}: {declared}, which take {_readable(needed)}, more than the limit of "
            f"{_readable(limits.unpacked_bytes)}; if the file is right, raise the limit by the environment "
            f"variable {MAX_BYTES}"
        )
    return needed


def require_bytes_within_limits(count: int, name: object) -> None:
    """Refuse to take more than the allowed bytes out of a compressed stream.

    Raises
    ------
    ReadError
        `count` is above the limit.
    """
    allowed = current_limits().unpacked_bytes
    if count > allowed:
        raise ReadError(
            f"{name}: unpacks to more than the limit of {_readable(allowed)}; if the file is right, raise "
            f"the limit by the environment variable {MAX_BYTES}"
        )


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value <= 0:
        raise SettingsError(f"{variable}={text!r}: must be a whole number above 0")
    return value


def _readable(count: int) -> str:
    size, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.4g} {unit}"
