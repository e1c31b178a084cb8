"""Every image that a filter makes is known by its name, so that a table without provenance is understood."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from radiomics_screen.core.column_names import is_feature
from radiomics_screen.filters import FILTERS
from radiomics_screen.imaging.volume import Volume

#: Options that change the names of a filter's images.
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "LoG": [{"sigma": (1.0, 0.75)}],
    "LaplacianOfGaussian": [
        {"sigma": (1.0, 1.5), "log_cutoff": cutoff, "boundary": "constant", "boundary_value": -0.25}
        for cutoff in (4.0, 2.5)
    ],
    "RieszLaplacianOfGaussian": [{"sigma": (1.5,), "riesz_order": (1, 0, 0), "log_cutoff": 3.0}],
    "RieszSimoncelli": [{"riesz_order": (0, 2, 0), "wavelet_levels": (1, 2)}],
    "Simoncelli": [{"wavelet_levels": (1, 2)}],
    "Laws": [
        {"laws_kernels": ("L5E5S3", "E3W5R5")},
        {
            "laws_kernels": ("L5E5E5",),
            "laws_energy_distance": 3,
            "rotation_invariance": True,
            "pooling": "mean",
        },
    ],
    "Mean": [{"mean_support": (3, 5), "boundary": "zero"}],
    "Gabor": [
        {"sigma": (1.5,), "gabor_wavelength": 3.0, "force2D": True},
        {
            **{"sigma": (2.0,), "gabor_wavelength": 2.5, "gabor_theta": -45.0, "gabor_theta_step": 22.5},
            **{"gabor_response": "real", "force2D": True},
        },
    ],
    "SeparableWavelet": [{"wavelet": "bior2.2", "wavelet_levels": (1,), "rotation_invariance": True}],
    "Wavelet": [{"level": 2}],
}


@pytest.mark.parametrize("name", list(FILTERS))
def test_images_are_known_by_their_names(name: str) -> None:
    pytest.importorskip("pywt")
    array = np.random.default_rng(0).integers(0, 200, (32, 36, 40)).astype(np.float64)
    volume = Volume(array, (1.0, 1.0, 1.0))
    box = (slice(12, 20), slice(12, 20), slice(12, 20))
    names = [
        image for options in OPTIONS.get(name, [{}]) for image, _ in FILTERS[name](volume, box, **options)
    ]
    assert names
    for image in names:
        assert is_feature(f"{image}_firstorder_Mean"), image
        assert is_feature(f"rim.{image}_ngl_dcnu_norm_2D_avg"), image
