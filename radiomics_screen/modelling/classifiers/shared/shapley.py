"""Shapley values of a forest's probability, computed by XGBoost on the same trees.

XGBoost has the exact algorithm of Lundberg et al. ("From local explanations to global
understanding with explainable AI for trees", 2020) in C++. It is handed the forest as a model of
its own: a sum of trees whose leaves hold their part of the mean. It reads 32-bit thresholds and
goes left below them, scikit-learn at or below; each threshold is turned into the next 32-bit number
above it, so that every row takes the same way. It also takes a right child to be the node after the
left one, which is so here.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xgboost

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.classifiers.shared.trees import LEAF, TreePart, Trees, parted

_NO_PARENT = 2**31 - 1


def shapley_values(booster: xgboost.Booster, values: FloatArray) -> FloatArray:
    """Return what each feature adds to each row's probability, shape (rows, columns + 1).

    The last column is the probability where nothing is known.
    """
    rows = xgboost.DMatrix(values, nthread=1)
    return np.asarray(booster.predict(rows, pred_contribs=True), dtype=np.float64)


def as_booster(trees: Trees, features: int) -> xgboost.Booster:
    """Return a model of XGBoost whose answer is the forest's mean part of positives."""
    parts = parted(trees)
    written = [_tree(part, number, len(parts), features) for number, part in enumerate(parts)]
    forest = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(parts))},
        "iteration_indptr": list(range(len(parts) + 1)),
        "tree_info": [0] * len(parts),
        "trees": written,
    }
    learner = {
        "attributes": {},
        "feature_names": [],
        "feature_types": [],
        "gradient_booster": {"model": forest, "name": "gbtree"},
        "learner_model_param": {
            "base_score": "[0E0]",
            "boost_from_average": "0",
            "num_class": "0",
            "num_feature": str(features),
            "num_target": "1",
        },
        "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
    }
    content = json.dumps({"learner": learner, "version": [3, 1, 0]}, allow_nan=False)
    booster = xgboost.Booster()
    booster.load_model(bytearray(content, "utf-8"))
    booster.set_param({"device": "cpu", "nthread": 1})
    return booster


def _tree(part: TreePart, number: int, count: int, features: int) -> dict[str, Any]:
    nodes = len(part.feature)
    leaf = np.array(part.feature) == LEAF
    answers = np.where(leaf, np.array(part.positive) / count, _below(np.array(part.threshold)))
    left = part.left()
    questions = np.flatnonzero(~leaf)
    return {
        "base_weights": _short(np.array(part.positive) / count),
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": [0] * nodes,
        "id": number,
        "left_children": left.tolist(),
        "loss_changes": [0.0] * nodes,
        "parents": [_NO_PARENT, *np.repeat(questions, 2).tolist()],
        "right_children": np.where(leaf, LEAF, left + 1).tolist(),
        "split_conditions": _short(answers),
        "split_indices": np.where(leaf, 0, part.feature).tolist(),
        "split_type": [0] * nodes,
        "sum_hessian": _short(np.array(part.weight)),
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(features),
            "num_nodes": str(nodes),
            "size_leaf_vector": "1",
        },
    }


def _below(thresholds: FloatArray) -> FloatArray:
    """Return t for which a 32-bit x < t wherever x <= threshold."""
    largest = np.finfo(np.float32).max
    near = thresholds.astype(np.float32)
    floor = np.where(near > thresholds, np.nextafter(near, -largest), near)
    with np.errstate(over="ignore"):  # beyond the largest number there is none
        return np.minimum(np.nextafter(floor, np.float32(np.inf)), largest).astype(np.float64)


def _short(numbers: FloatArray) -> list[float]:
    """Return 32-bit numbers with the few digits that tell them apart."""
    return [float(str(number)) for number in numbers.astype(np.float32)]
