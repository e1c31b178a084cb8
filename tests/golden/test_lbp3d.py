"""LBP3D beside the values that pyradiomics gave where trimesh and an old SciPy were installed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from radiomics_screen import extract

RECORDED = json.loads((Path(__file__).parent / "lbp3d_breast1.json").read_text())


def test_patterns_in_3d_have_pyradiomics_values(data_dir: Path) -> None:
    folder = data_dir / "pyradiomics"
    case = RECORDED["case"]
    values = extract(folder / f"{case}_image.nrrd", folder / f"{case}_label.nrrd", RECORDED["parameters"])
    expected = RECORDED["values"]
    assert set(values) == set(expected)
    assert {name.split("_")[0] for name in values} == {"lbp-3D-m1", "lbp-3D-m2", "lbp-3D-k"}
    found = np.array([values[name] for name in expected])
    assert found == pytest.approx(np.array(list(expected.values())), rel=1e-6, abs=1e-9)
