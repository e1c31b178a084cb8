"""Small made-up feature tables for the tests of the modelling room."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

#: What a fit needs to be told about these tables.
ASKED: dict[str, Any] = {"target": "finding", "positive": "bad", "group": "patient_id"}
#: Enough to learn something, and fast.
FAST: dict[str, Any] = {
    "splits": 3,
    "repeats": 1,
    "resamples": 200,
    "device": "cpu",
    "hyperparameters": {"n_estimators": 20, "learning_rate": 0.2, "min_child_weight": 1.0},
}


def small_table(patients: int = 60, *, effect: float = 1.5, features: int = 8, seed: int = 0) -> pd.DataFrame:
    """One to three rows a patient; the first feature tells the classes apart by `effect`."""
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(patients), random.integers(1, 4, patients))
    bad = random.random(patients) < 0.4
    bad[:8] = [True, False] * 4
    values = random.normal(size=(len(owner), features))
    values[:, 0] += effect * bad[owner]
    table = pd.DataFrame(values, columns=[f"original_firstorder_F{number}" for number in range(features)])
    known = {
        "case_id": [f"{number:04d}" for number in range(len(owner))],
        "patient_id": [f"p{number:03d}" for number in owner],
        "finding": np.where(bad[owner], "bad", "good"),
        "official": owner % 4 + 1,
        "status": "ok",
        "seconds": 0.1,
    }
    return pd.concat([pd.DataFrame(known), table], axis=1)
