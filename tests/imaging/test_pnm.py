"""PGM, PBM and PPM: complete, with no number cut off, and one picture a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import SimpleITK as sitk

from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.reading import read_image


def read(path: Path, content: bytes) -> list:
    path.write_bytes(content)
    return sitk.GetArrayFromImage(read_image(path)).tolist()


def test_sound_files(tmp_path: Path) -> None:
    path = tmp_path / "a.pgm"
    assert read(path, b"P2\n2 2\n255\n1 2\n3 123\n") == [[1, 2], [3, 123]]
    assert read(path, b"P2 2 2 255 1 2 3 123 # the end") == [[1, 2], [3, 123]]
    assert read(path, b"P5 2 1 65535\n\1\2\3\4") == [[258, 772]]
    assert read(path, b"P5 2 1 255\n\1\2trailing") == [[1, 2]]
    assert read(path, b"P1 # bits\n3 2\n101\n0 1 0") == [[0, 255, 0], [255, 0, 255]]
    assert read(path, b"P4 3 2\n\xa0\x40") == [[0, 255, 0], [255, 0, 255]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"P2 2 2 255\n1 2 3 12", "may be cut off"),
        (b"P2 2 2 255\n1 2 3 ", "ends before"),
        (b"P2 2 2 255\n1 2 3 4 5\n", "more numbers than"),
        (b"P2 2 2 255\n1 2 3 -4\n", "stands where a number should"),
        (b"P2 2 2 255\n1 2 3 4.5\n", "stands where a number should"),
        (b"P2 2 2 255\n1 2 3 256\n", "above 255"),
        (b"P5 2 2 100\nabcz", "above 100"),
        (b"P5 2 2 255\nabc", "ends before"),
        (b"P5 2 2 65535\nabcdefg", "ends before"),
        (b"P6 2 1 255\nabcde", "ends before"),
        (b"P5 1 1 255\naP5 1 1 255\nb", "several pictures"),
        (b"P1 2 2\n10 2 0", "stands where 0 or 1 should"),
        (b"P1 2 2\n101", "ends before"),
        (b"P4 9 2\n\xff\xff\xff", "ends before"),
        (b"P5 99999 99999 255\nabc", "more than the limit"),
        (b"P2 40000 40000 255\n1 2 3\n", "ends before"),
    ],
)
def test_damage_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read(tmp_path / "a.pgm", content)
