"""What the pages of a file are: slices, or something that is no depth; and lengths in mm."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from radiomics_screen.imaging.reading._unsupported import UnsupportedError

#: Millimetres of a unit, however it is spelled; case does not matter where it stands for no other unit.
_MM = {
    "nm": 1e-6, "nanometer": 1e-6, "nanometre": 1e-6, "å": 1e-7, "angstrom": 1e-7,
    "um": 1e-3, "µm": 1e-3, "μm": 1e-3, "micron": 1e-3, "microns": 1e-3, "micrometer": 1e-3,
    "micrometre": 1e-3, "mm": 1.0, "millimeter": 1.0, "millimetre": 1.0, "millimeters": 1.0,
    "cm": 10.0, "centimeter": 10.0, "centimetre": 10.0, "dm": 100.0, "m": 1e3, "meter": 1e3, "metre": 1e3,
    "in": 25.4, "inch": 25.4, "inches": 25.4, "ft": 304.8, "pm": 1e-9, "km": 1e6,
}  # fmt: skip


def length_mm(value: float, unit: str) -> float | None:
    """Return a length in mm; None where the unit is no length that is known, or the length cannot be.

    Examples
    --------
    >>> length_mm(2.0, "cm")
    20.0
    """
    name = unit.strip()
    factor = _MM.get(name) if name in ("Mm", "Pm", "Nm") else _MM.get(name.lower())
    length = value * factor if factor else float("nan")
    return length if isfinite(length) and length > 0 else None


@dataclass(frozen=True)
class Layout:
    """What a file says its pages are.

    Attributes
    ----------
    spacing_mm
        Of a pixel and between slices, (x, y, z); z None where it is not stated; None: nothing is stated.
    channels, times
        How many there are.
    arranged
        Sizes of the axes before rows and columns, where there is more than one.
    unscaled
        The file says that its pixels have no size, or one in a unit that is no length.
    order
        Pages of the slices, from 0; () as they come.
    source
        Who says so.
    """

    spacing_mm: tuple[float, float, float | None] | None = None
    channels: int = 1
    times: int = 1
    arranged: tuple[int, ...] = ()
    unscaled: bool = False
    order: tuple[int, ...] = ()
    source: str = ""

    def require_slices_only(self) -> None:
        """Refuse time points and channels: they are no depth.

        Raises
        ------
        UnsupportedError
            There is more than one.
        """
        if self.times > 1:
            raise UnsupportedError(f"a series of {self.times} time points ({self.source})")
        if self.channels > 1:
            raise UnsupportedError(f"{self.channels} channels ({self.source})")
        if self.arranged:
            raise UnsupportedError(f"pages arranged as {' x '.join(map(str, self.arranged))} ({self.source})")
