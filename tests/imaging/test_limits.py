"""How much an image may unpack to."""

from __future__ import annotations

import pytest

from radiomics_screen.core.errors import ReadError, SettingsError
from radiomics_screen.imaging.limits import (
    MAX_BYTES,
    MAX_PIXELS,
    Limits,
    current_limits,
    require_bytes_within_limits,
    require_within_limits,
)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (MAX_PIXELS, MAX_BYTES):
        monkeypatch.delenv(variable, raising=False)


def test_bytes_of_an_allowed_image() -> None:
    assert require_within_limits((512, 512, 100), 2, 1, "a.nii") == 512 * 512 * 100 * 2
    assert require_within_limits(1000, 0.125, 3, "a.pbm") == 375


def test_pixels_and_bytes_are_limited_and_the_message_says_how_to_raise_them() -> None:
    with pytest.raises(ReadError, match=f"a.nii: .*65536 x 65536 pixels.*{MAX_PIXELS}"):
        require_within_limits((65536, 65536), 1, 1, "a.nii")
    with pytest.raises(ReadError, match=f"16 GiB, more than the limit of 8 GiB.*{MAX_BYTES}"):
        require_within_limits((32768, 65536), 8, 1, "a.nii")
    require_bytes_within_limits(8 * 2**30, "a.nii.gz")
    with pytest.raises(ReadError, match=MAX_BYTES):
        require_bytes_within_limits(8 * 2**30 + 1, "a.nii.gz")


def test_the_environment_sets_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MAX_PIXELS, "100")
    monkeypatch.setenv(MAX_BYTES, "150")
    assert current_limits() == Limits(100, 150)
    require_within_limits((10, 10), 1, 1, "a")
    with pytest.raises(ReadError, match="limit of 150 bytes"):
        require_within_limits((10, 10), 2, 1, "a")
    monkeypatch.setenv(MAX_PIXELS, "many")
    with pytest.raises(SettingsError, match="whole number above 0"):
        current_limits()
