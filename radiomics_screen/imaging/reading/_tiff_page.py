"""One page of a TIFF file as its tags describe it, checked before anything is unpacked.

Source: TIFF 6.0 (Adobe, 1992) and its technical notes; the names of compressions as libtiff has them.
"""

from __future__ import annotations

from dataclasses import dataclass

from radiomics_screen.imaging.reading._ifd import Directory
from radiomics_screen.imaging.reading._unsupported import UnsupportedError

NONE, LZW, OLD_JPEG, JPEG, DEFLATE, PACKBITS = 1, 5, 6, 7, 8, 32773
OLD_DEFLATE, LZMA, ZSTD = 32946, 34925, 50000
CCITT = (2, 3, 4)
COMPRESSIONS = {
    NONE: "none", 2: "CCITT modified Huffman", 3: "CCITT group 3", 4: "CCITT group 4", LZW: "LZW",
    OLD_JPEG: "old JPEG", JPEG: "JPEG", DEFLATE: "Deflate", PACKBITS: "PackBits", OLD_DEFLATE: "Deflate",
    LZMA: "LZMA", ZSTD: "Zstandard", 32809: "ThunderScan", 34661: "JBIG", 33003: "JPEG 2000",
    33005: "JPEG 2000", 34712: "JPEG 2000", 34676: "SGI LogLuv", 34677: "SGI LogLuv", 34887: "LERC",
    34892: "lossy JPEG", 34933: "PNG", 34934: "JPEG XR", 22610: "JPEG XR", 50001: "WebP", 50002: "JPEG XL",
    52546: "JPEG XL",
}  # fmt: skip
READ_COMPRESSIONS = frozenset((NONE, *CCITT, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE, LZMA, ZSTD))

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, BILEVEL_MASK, YCBCR = 0, 1, 2, 3, 4, 6
_PHOTOMETRIC = {
    5: "CMYK (inks)", 8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*", 32803: "a colour filter array",
    32844: "LogL", 32845: "LogLuv", 34892: "linear raw data",
}  # fmt: skip
_COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, BILEVEL_MASK: 1, YCBCR: 3}
UNSIGNED, SIGNED, FLOAT = "u", "i", "f"
_FORMATS = {1: UNSIGNED, 2: SIGNED, 3: FLOAT, 4: UNSIGNED}
_BITS = {UNSIGNED: (*range(1, 17), 32, 64), SIGNED: (8, 16, 32, 64), FLOAT: (16, 32, 64)}
_PREDICTED = (LZW, DEFLATE, OLD_DEFLATE, LZMA, ZSTD)
REDUCED, TRANSPARENCY = 1, 4  # bits of NewSubfileType
_LONGEST_TABLES = 1 << 16


@dataclass(frozen=True)
class Page:
    """What the tags of a page say.

    Attributes
    ----------
    width, height
        In pixels, as stored.
    bits, kind
        Of one sample: its bits, and "u", "i" or "f".
    samples
        Values of a pixel.
    extra
        Meaning of the samples beyond grey or colour: 0 unknown, 1 and 2 alpha.
    photometric, compression, predictor, fill_order, orientation
        Codes of TIFF.
    planar
        Whether each sample has planes of its own.
    tile
        (width, height) of a tile; None for strips.
    rows_per_strip
        Rows of a strip, at most those of the page.
    subfile
        Bits of NewSubfileType: 1 reduced, 4 transparency mask.
    tags
        All tags.
    """

    width: int
    height: int
    bits: int
    kind: str
    samples: int
    extra: tuple[int, ...]
    photometric: int
    compression: int
    predictor: int
    fill_order: int
    orientation: int
    planar: bool
    tile: tuple[int, int] | None
    rows_per_strip: int
    subfile: int
    tags: Directory

    @property
    def colours(self) -> int:
        """How many samples are grey or colour; those beyond are extra."""
        return _COLOURS[self.photometric]

    @property
    def bytes_per_sample(self) -> int:
        """Of a sample once unpacked."""
        return 1 if self.bits <= 8 else 2 if self.bits <= 16 else self.bits // 8

    @property
    def segment(self) -> tuple[int, int]:
        """Return width and rows of a strip or tile."""
        return self.tile or (self.width, self.rows_per_strip)

    def jpeg_tables(self) -> bytes:
        """Return the tables that all JPEG parts of the page share."""
        return self.tags.content(347, _LONGEST_TABLES)

    def places(self) -> tuple[tuple[int, int], ...]:
        """Return offset and length of each strip or tile, plane by plane.

        Raises
        ------
        ValueError
            There are fewer than the size of the page needs.
        """
        width, rows = self.segment
        each = -(-self.height // rows) * (-(-self.width // width) if self.tile else 1)
        needed = each * (self.samples if self.planar else 1)
        offsets = self.tags.values(324 if self.tile else 273, needed)
        lengths = self.tags.values(325 if self.tile else 279, needed)
        if not lengths and needed == 1 and self.compression == NONE:
            bits = width * (1 if self.planar else self.samples) * self.bits
            lengths = ((bits + 7) // 8 * self.height,)
        if len(offsets) < needed or len(lengths) < needed:
            raise ValueError(f"it has {min(len(offsets), len(lengths))} of {needed} strips or tiles")
        return tuple((int(offset), int(length)) for offset, length in zip(offsets, lengths, strict=True))


def subfile_of(tags: Directory) -> int:
    """Return what a page is beside the picture: bits of NewSubfileType, the older tag included."""
    older = tags.number(255, 1)
    return tags.number(254, 0) | (REDUCED if older == 2 else 0)


def page_of(tags: Directory) -> Page:
    """Return what the tags of a page say.

    Raises
    ------
    UnsupportedError
        The page uses what is not read; the text names it.
    ValueError
        The tags contradict one another or cannot be.
    """
    width, height = tags.number(256, 0), tags.number(257, 0)
    if width < 1 or height < 1:
        raise ValueError(f"{width} x {height} pixels cannot be")
    samples = tags.number(277, 1)
    compression, photometric = tags.number(259, NONE), _photometric(tags)
    if compression not in READ_COMPRESSIONS:
        name = COMPRESSIONS.get(compression, "of an unknown kind")
        raise UnsupportedError(f"compression {compression} ({name})")
    if photometric not in _COLOURS:
        named = _PHOTOMETRIC.get(photometric, "of an unknown kind")
        raise UnsupportedError(f"photometric interpretation {photometric} ({named})")
    if photometric == YCBCR and compression != JPEG:
        raise UnsupportedError("YCbCr colour without JPEG")
    if samples < _COLOURS[photometric] or samples > 64:
        raise ValueError(f"{samples} samples a pixel cannot be for its photometric interpretation")
    bits, kind = _sample(tags, samples)
    predictor = tags.number(317, 1) if compression in _PREDICTED else 1
    _require_possible(compression, photometric, bits, kind, predictor)
    page = Page(
        width, height, bits, kind, samples,
        extra=_extra(tags, samples - _COLOURS[photometric]),
        photometric=photometric, compression=compression, predictor=predictor,
        fill_order=tags.number(266, 1),
        orientation=tags.number(274, 1),
        planar=samples > 1 and tags.number(284, 1) == 2,
        tile=_tile(tags),
        rows_per_strip=min(height, tags.number(278, height) or height),
        subfile=subfile_of(tags),
        tags=tags,
    )  # fmt: skip
    if compression == JPEG and page.planar:
        raise UnsupportedError("JPEG in planes, one a colour")
    return page


def _photometric(tags: Directory) -> int:
    found = tags.values(262, 1)
    if not found:
        raise ValueError("it does not say what its samples mean (no photometric interpretation)")
    return int(found[0])


def _sample(tags: Directory, samples: int) -> tuple[int, str]:
    """Return bits and kind of a sample, which must be the same for all samples of a pixel."""
    bits = set(tags.values(258, samples)) or {1}
    formats = set(tags.values(339, samples)) or {1}
    if len(bits) > 1 or len(formats) > 1:
        raise UnsupportedError(f"samples of different types ({', '.join(map(str, sorted(bits)))} bits)")
    (size,), (number,) = bits, formats
    if number not in _FORMATS:
        raise UnsupportedError(
            f"sample format {number} ({'complex numbers' if number in (5, 6) else 'unknown'})"
        )
    kind = _FORMATS[number]
    if size not in _BITS[kind]:
        raise UnsupportedError(
            f"samples of {size} bits ({ {'u': 'unsigned', 'i': 'signed', 'f': 'float'}[kind] })"
        )
    return int(size), kind


def _require_possible(compression: int, photometric: int, bits: int, kind: str, predictor: int) -> None:
    if compression in CCITT and bits != 1:
        raise ValueError(f"{COMPRESSIONS[compression]} holds samples of 1 bit, not of {bits}")
    if compression == JPEG and (bits, kind) != (8, UNSIGNED):
        raise UnsupportedError(f"JPEG with samples of {bits} bits")
    if predictor not in (1, 2, 3):
        raise UnsupportedError(f"predictor {predictor}")
    if predictor == 2 and bits not in (8, 16, 32, 64):
        raise UnsupportedError(f"predictor 2 with samples of {bits} bits")
    if predictor == 3 and kind != FLOAT:
        raise ValueError("predictor 3 is for decimal numbers, and its samples are whole")
    if photometric == PALETTE and (kind != UNSIGNED or bits > 16):
        raise ValueError("a palette needs whole numbers of up to 16 bits")


def _extra(tags: Directory, count: int) -> tuple[int, ...]:
    stated = tags.values(338, max(count, 0))
    return tuple(int(n) for n in stated[:count]) + (0,) * (count - len(stated))


def _tile(tags: Directory) -> tuple[int, int] | None:
    if 324 not in tags:
        return None
    tile = tags.number(322, 0), tags.number(323, 0)
    if min(tile) < 1 or max(tile) > 1 << 20:
        raise ValueError(f"tiles of {tile[0]} x {tile[1]} pixels cannot be")
    return tile
