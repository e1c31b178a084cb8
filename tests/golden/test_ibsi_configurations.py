"""Configurations C and E of the IBSI, whose reference values are printed in its manual.

They exercise what A, B and D do not: bins of a fixed width in 3-D, an intensity-volume histogram in bins of
either kind, cubic splines, and a range together with outliers.

Source: A. Zwanenburg et al., Image biomarker standardisation initiative - reference manual, arXiv:1612.07003,
tables of benchmark values (value and tolerance, of configurations C and E).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from radiomics_screen import extract
from radiomics_screen.settings.presets import preset_path
from radiomics_screen.verification.results import Reference, compared

#: Tag: (value and tolerance of C), (value and tolerance of E).
REFERENCES = {
    "morph_sph_dispr": ((1.38, 0.01), (1.38, 0.01)),
    "morph_sphericity": ((0.723, 0.003), (0.723, 0.003)),
    "morph_asphericity": ((0.383, 0.004), (0.383, 0.004)),
    "morph_com": ((45.6, 2.8), (68.5, 2.1)),
    "morph_diam": ((125, 1), (125, 1)),
    "morph_pca_maj_axis": ((93.3, 0.5), (93.3, 0.5)),
    "morph_pca_min_axis": ((82, 0.5), (82, 0.5)),
    "morph_pca_least_axis": ((70.9, 0.4), (70.9, 0.4)),
    "stat_p90": ((86, 0.1), (93, 0.2)),
    "stat_max": ((393, 10), (345, 9)),
    "stat_iqr": ((67, 4.9), (62, 3.5)),
    "stat_range": ((1330, 20), (1090, 30)),
    "stat_mad": ((158, 4), (125, 6)),
    "stat_rmad": ((66.8, 3.5), (46.5, 3.7)),
    "stat_medad": ((119, 4), (97.9, 3.9)),
    "stat_cov": ((-4.59, 0.29), (-8.28, 0.95)),
    "stat_qcod": ((1.03, 0.4), (0.795, 0.337)),
    "stat_energy": ((2.44e9, 1.2e8), (1.58e9, 1.4e8)),
    "ih_qcod": ((0.0361, 0.0027), (0.0213, 0.0015)),
    "ih_entropy": ((3.73, 0.04), (3.22, 0.02)),
    "ih_uniformity": ((0.14, 0.003), (0.184, 0.001)),
    "ih_max_grad": ((4750, 30), (6010, 130)),
    "ih_max_grad_g": ((41, 0), (23, 0.2)),
    "ih_min_grad": ((-4680, 50), (-6110, 180)),
    "ih_min_grad_g": ((44, 0), (25, 0.2)),
    "ivh_v10": ((0.998, 0.001), (0.975, 0.002)),
    "ivh_v90": ((0.000152, 2e-5), (0.000157, 0.000248)),
    "ivh_i10": ((88.8, 0.2), (770, 5)),
    "ivh_i90": ((-421, 14), (399, 17)),
    "ivh_diff_v10_v90": ((0.997, 0.001), (0.974, 0.001)),
    "ivh_diff_i10_i90": ((510, 14), (371, 13)),
    "ivh_auc": ((0.681, 0.003), (0.663, 0.006)),
}


@pytest.mark.parametrize("configuration", ["c", "e"])
def test_printed_reference_values(configuration: str, data_dir: Path) -> None:
    folder = data_dir / "ibsi1" / "ct_phantom"
    values = extract(
        folder / "image.nii.gz", folder / "mask.nii.gz", preset_path(f"ibsi/config-{configuration}")
    )
    place = "ce".index(configuration)
    compared_values = [
        compared(values[f"original_{tag}"], Reference(tag, *references[place]))
        for tag, references in REFERENCES.items()
    ]
    assert [c for c in compared_values if not c.passed] == []
