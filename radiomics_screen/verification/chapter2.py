"""IBSI chapter 2: response maps of filters on phantoms, and statistics of the filtered CT phantom."""

from __future__ import annotations

import csv
from math import inf
from pathlib import Path

import numpy as np

from radiomics_screen.core.errors import ReadError
from radiomics_screen.extraction.measuring.describing import all_images, measure
from radiomics_screen.filters.registry import Box
from radiomics_screen.imaging.reading import read_image
from radiomics_screen.imaging.volume import to_volume
from radiomics_screen.settings.presets import preset_path
from radiomics_screen.settings.settings import load_settings
from radiomics_screen.verification.chapter1 import Phantom, required
from radiomics_screen.verification.results import Group, Reference, compared

#: The phantom that each test of phase 1 filters.
PHANTOMS = {
    "checkerboard": (
        "1_a_1", "1_a_2", "1_a_3", "1_a_4", "2_b", "2_c", "3_b_1", "3_b_2", "3_b_3", "3_c_1", "3_c_2",
        "3_c_3", "7_a_1", "7_a_2", "8_a_1", "8_a_2", "8_a_3",
    ),
    "impulse": (
        "1_b_1", "2_a", "3_a_1", "3_a_2", "3_a_3", "4_a_1", "4_a_2", "5_a_1", "5_a_2", "9_a",
    ),
    "sphere": ("4_b_1", "4_b_2", "6_a_1", "6_a_2", "9_b_1"),
    "pattern_1": ("10_b_1",),
}  # fmt: skip
_OF_TEST = {test: phantom for phantom, tests in PHANTOMS.items() for test in tests}
TESTS = {test: _OF_TEST[test] for test in sorted(_OF_TEST, key=lambda test: (int(test.split("_")[0]), test))}

#: A response map passes if no voxel differs by more than this part of the reference map's range.
ALLOWED = 0.01

#: Tests of phase 2: a filter each, in 2-D (A) and in 3-D (B).
PHASE_2 = tuple(f"{number}{variant}" for number in range(1, 6) for variant in "ab")
PHASE_2_REFERENCE = Path("ibsi2/reference_features.csv")


def phantom_file(test: str) -> Path:
    """Return where the phantom of a test of phase 1 lies in a data folder."""
    return Path(f"ibsi2/phantoms/{TESTS[test]}.nii.gz")


def response_file(test: str) -> Path:
    """Return where the reference map of a test of phase 1 lies in a data folder."""
    return Path(f"ibsi2/response_maps/{test}.nii.gz")


def verify_response(test: str, data: Path) -> Group:
    """Compare the response map of one test of phase 1: the largest difference, in parts of the map's range.

    Raises
    ------
    ReadError
        Phantom and reference have different sizes, or the reference has no range.
    """
    settings = load_settings(preset_path(f"ibsi/filters/{test}"))
    volume = to_volume(read_image(data / phantom_file(test)))
    expected = to_volume(read_image(data / response_file(test))).array.astype(np.float64)
    if expected.shape != volume.array.shape:
        raise ReadError(f"{data / response_file(test)}: its size is not that of {phantom_file(test)}")
    z, y, x = (slice(0, n) for n in volume.array.shape)
    whole: Box = (z, y, x)
    ((_, _, response),) = all_images(volume, whole, settings)
    extent = float(np.ptp(expected))
    if not 0 < extent < inf:
        raise ReadError(f"{data / response_file(test)}: holds one value only, or values that are no numbers")
    difference = float(np.abs(response - expected).max() / extent)
    return Group("response maps", test, [compared(difference, Reference(test, 0.0, ALLOWED), rounded=False)])


def verify_features(test: str, data: Path, phantom: Phantom) -> Group:
    """Compare the statistics of one filter of phase 2 on the CT phantom.

    Raises
    ------
    ReadError
        The reference is no table of this format, or has nothing on this test.
    """
    settings = load_settings(preset_path(f"ibsi/filters/phase2-{test}"))
    values = measure(*phantom(), settings)
    of_tag = {column.split("_", 1)[1]: value for column, value in values.items()}
    references = _phase_2_references(data / PHASE_2_REFERENCE, test)
    comparisons = [compared(of_tag.get(r.tag), r, rounded=False) for r in references]
    return Group("filtered CT phantom", test, comparisons)


def _phase_2_references(path: Path, test: str) -> list[Reference]:
    name = f"{test[:-1]}.{test[-1].upper()}"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        return required(
            [
                Reference(row["feature_tag"], float(row["consensus_value"]), float(row["tolerance"]))
                for row in rows
                if row["filter_id"] == name
            ]
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ReadError(
            f"{path}: expected the columns filter_id, feature_tag, consensus_value and tolerance with "
            f"semicolons, and values for {name} ({error})"
        ) from error
