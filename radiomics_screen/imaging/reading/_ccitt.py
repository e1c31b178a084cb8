"""Whether a strip in one of the CCITT's fax codes is sound: libtiff fills damaged rows, and goes on.

The unpacked bits are packed again: the codes leave no choice, so that what is sound comes out the same.
Source: ITU-T T.4 and T.6; TIFF 6.0 (Adobe, 1992), chapters 10 and 11.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.reading._ifd import directories, within

_NAMES = {2: "tiff_ccitt", 3: "group3", 4: "group4"}
_GROUP_4 = 4
_T4_OPTIONS, _ROWS_PER_STRIP = 292, 278
_END_OF_BLOCK = "000000000001" * 2


def require_sound(packed: bytes, bits: NDArray[np.bool_], compression: int, options: int) -> None:
    """Refuse a strip that is cut off; add a remark where it cannot be told whether it is sound.

    Parameters
    ----------
    packed
        The strip, the highest bit first.
    bits
        What it was unpacked to, shape (rows, width).
    compression
        2, 3 or 4.
    options
        T4Options of the page.

    Raises
    ------
    ValueError
        It ends before the picture does.
    """
    again = _packed(bits, compression, options)
    if again.rstrip(b"\0") == packed.rstrip(b"\0"):
        return
    if compression == _GROUP_4:
        tail = "".join(f"{byte:08b}" for byte in packed[-16:])
        is_cut = _END_OF_BLOCK not in tail
    else:
        is_cut = len(packed.rstrip(b"\0")) < len(again.rstrip(b"\0"))
    if is_cut:
        raise ValueError("it ends before the picture does")
    add_remark(
        "the fax code of a TIFF is not as it is usually written: check that the picture is not damaged"
    )


def _packed(bits: NDArray[np.bool_], compression: int, options: int) -> bytes:
    info = {_ROWS_PER_STRIP: bits.shape[0]}
    if compression == 3 and options:
        info[_T4_OPTIONS] = options
    file = BytesIO()
    Image.fromarray(bits).save(
        file, "TIFF", compression=_NAMES[compression], tiffinfo=info, strip_size=1 << 30
    )
    content = file.getvalue()
    (page,) = directories(within(content))
    places = zip(page.values(273), page.values(279), strict=True)
    return b"".join(content[offset : offset + length] for offset, length in places)
