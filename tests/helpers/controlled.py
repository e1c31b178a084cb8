"""Small feature tables, and what the controls of a fit say of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_screen.modelling.controls import Control, ImageControlInputs, run_controls
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.from_table import prepare
from radiomics_screen.modelling.data.splits import grouped_splits
from radiomics_screen.modelling.training.folds import pooled_probabilities, run_folds
from radiomics_screen.modelling.training.plan import Plan

LOGISTIC = Plan(candidates=("logistic",))
AREA = "original_shape2D_PixelSurface"


def table_of(
    values: np.ndarray, outcome: np.ndarray, owner: np.ndarray | None = None, **columns: object
) -> pd.DataFrame:
    """Return a feature table of values, shape (rows, features), with further columns."""
    rows = len(values)
    owner = np.arange(rows) if owner is None else owner
    known = {
        "case_id": [f"c{n:03d}" for n in range(rows)],
        "patient_id": [f"p{n}" for n in owner],
        "bad": np.asarray(outcome).astype(int),
        **columns,
    }
    names = [f"original_firstorder_F{n}" for n in range(values.shape[1])]
    return pd.concat([pd.DataFrame(known), pd.DataFrame(values, columns=names)], axis=1)


def noise(
    seed: int, rows: int = 120, features: int = 8
) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    outcome = random.permutation(np.arange(rows) % 2)
    return random, random.normal(size=(rows, features)), outcome


def dataset_of(frame: pd.DataFrame, **asked: object) -> Dataset:
    features = [name for name in frame if str(name).startswith("original_")]
    return prepare(frame, features, **{"target": "bad", "group": "patient_id", **asked})


def controls(
    frame: pd.DataFrame, plan: Plan = LOGISTIC, evidence: ImageControlInputs | None = None, **asked: object
) -> dict[str, Control]:
    """Return the controls of a table by their names."""
    dataset = dataset_of(frame, **asked)
    splits = grouped_splits(dataset.outcome, dataset.groups, splits=4, repeats=1, seed=plan.seed)
    tested = run_folds(dataset, plan, splits)
    unseen = pooled_probabilities(splits, tested, len(frame))[0]
    return {c.name: c for c in run_controls(dataset, frame, plan, splits, unseen, evidence=evidence)}
