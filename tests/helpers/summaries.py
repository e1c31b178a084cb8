"""Entries of a summary as a fit that was asked for everything writes them; made by hand."""

from __future__ import annotations

from typing import Any

from radiomics_screen.modelling.assessment.findings import Findings, findings_of


def figure(value: float | None, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high}


def full_summary() -> dict[str, Any]:
    """Return all entries that a report shows beside those of every fit."""
    chosen = {
        "classifier": "xgboost",
        "hyperparameters": {"max_depth": 4, "learning_rate": 0.034567},
        "inner_auc": 0.9,
    }
    return {
        "controls": [
            {"name": "a", "title": "Shuffled", "verdict": "passed", "text": "It falls to 0.5."},
            {"name": "b", "title": "Device <alone>", "verdict": "not run", "text": "No column."},
            {"name": "c", "title": "Size alone", "verdict": "look", "text": "It reaches 0.86."},
        ],
        "comparison": {
            "models": [
                {"name": "clinical", "auc": figure(0.8, 0.75, 0.85), "features": 3},
                {"name": "radiomics", "auc": figure(0.9, 0.86, 0.94), "features": None},
            ],
            "tests": [
                {"first": "radiomics", "second": "clinical", "difference": 0.1, "low": 0.05, "high": 0.15,
                 "p": 0.00012, "p_holm": 0.02}
            ],
        },
        "permutation": {
            "observed": 0.9, "p": 0.2, "low": 0.1, "high": 0.3, "permutations": 4,
            "permuted": [0.4, 0.5, 0.55, 0.9],
        },
        "tuning": {
            "candidates": ["xgboost", "logistic"], "trials": 30, "minutes": 2.5, "inner_folds": 3,
            "chosen": [{"repeat": 1, "fold": str(fold), **chosen, "threshold": 0.25} for fold in (1, 2)],
            "final": {**chosen, "threshold": 0.3},
        },
        "threshold_rule": "sensitivity of 95 % on inner folds",
        "recalibration": "platt",
        "doubt": {
            "error_rate": 0.1,
            "figures": {
                "coverage": figure(0.9, 0.88, 0.92),
                "coverage_of_positive": figure(0.91, 0.87, 0.94),
                "coverage_of_negative": figure(0.895, 0.86, 0.92),
                "single": figure(0.8, 0.7, 0.85),
                "both": figure(0.15, 0.1, 0.2),
                "none": figure(0.05, 0.01, 0.08),
                "error_of_single": figure(0.0625, 0.04, 0.1),
            },
        },
        "robustness": {"least": 0.75, "cases": 20, "measurements": 5, "kept": 60, "of": 102},
        "harmonised": {"batch": "device", "batches": ["A", "B"]},
        "clinical": ["age", "side"],
    }  # fmt: skip


def findings(**entries: Any) -> Findings:
    """Return the findings of a small cross-validation, with further entries of its summary."""
    design = {"column": None, "splits": 5, "repeats": 1, "stratified": True, "seed": 0}
    cohort = {
        "rows_read": 10, "rows": 8, "positives": 3, "negatives": 5, "patients": 8, "features": 102,
        "missing_values": 0, "left_out": [{"reason": "why", "rows": 2, "cases": []}],
    }  # fmt: skip
    whole = {
        "target": "outcome", "positive": "bad", "negative": "good", "group": None, "classifier": "xgboost",
        "threshold": 0.5, "cohort": cohort, "fold_design": design, "folds": [], "called_positive": [3],
        "interval": {"method": "bootstrap", "level": 0.95, "resamples": 100}, "messages": [],
    }  # fmt: skip
    return findings_of({**whole, **entries}, "the summary")
