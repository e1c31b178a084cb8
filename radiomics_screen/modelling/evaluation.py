"""Cross-validation: how good the whole way from features to probability is on unseen patients."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from sklearn.pipeline import Pipeline

from radiomics_screen.errors import ModelError, did_you_mean
from radiomics_screen.modelling.dataset import Dataset
from radiomics_screen.modelling.intervals import Figure, bootstrap_figures
from radiomics_screen.modelling.metrics import METRICS
from radiomics_screen.modelling.pipeline import (
    feature_counts,
    fitted,
    is_constant,
    kept_features,
    probability_of,
)
from radiomics_screen.modelling.splits import Split
from radiomics_screen.modelling.steps.stability import selection_stability

POOLED, MEAN_OF_FOLDS, FOLD = "pooled", "mean of folds", "fold"
_MOST_FREQUENT = 50  # features that are told with the part of folds that kept them
_MANY_UNDEFINED = 0.05  # of the resamples, from which on people are told
Progress = Callable[[int, int], None]  # (finished, of how many)


@dataclass(frozen=True)
class Evaluation:
    """What cross-validation found.

    Attributes
    ----------
    metrics
        One row a figure: ``scope`` ("pooled", "mean of folds" or "fold"), ``repeat`` and ``fold``
        (only where it is a fold's), ``metric``, ``value``, ``low``, ``high``, ``undefined``
        (resamples left out), ``rows``, ``positives``, ``patients``.
    predictions
        One row a case and repeat, made by a pipeline that has not seen the case's patient:
        ``case_id``, ``group``, ``target``, ``repeat``, ``fold``, ``probability``. None where a
        model folder was handed on without them.
    summary
        Plain JSON values: the cohort, how it was split, rows called positive in each repeat, the
        features left in each fold by each step, hyperparameters, versions, seed, seconds, messages.
    """

    metrics: pd.DataFrame
    predictions: pd.DataFrame | None
    summary: Mapping[str, Any]

    def figure(self, metric: str, scope: str = POOLED) -> Figure:
        """Return a figure by its name (``"auc"``), pooled or the ``"mean of folds"``."""
        if metric not in METRICS:
            raise ModelError(f"there is no figure '{metric}'{did_you_mean(metric, METRICS)}")
        chosen = (self.metrics["scope"] == scope) & (self.metrics["metric"] == metric)
        columns = ["value", "low", "high", "undefined"]
        value, low, high, undefined = self.metrics.loc[chosen, columns].to_numpy(np.float64)[0].tolist()
        return Figure(value, low, high, int(undefined))

    def table(self) -> list[tuple[str, str, str]]:
        """Return the pooled figures, and the folds' mean AUC, for people: (name, value, interval)."""
        rows = [(label, *self._shown(self.figure(name))) for name, label in METRICS.items()]
        rows.insert(
            1, (f"{METRICS['auc']}, {MEAN_OF_FOLDS}", *self._shown(self.figure("auc", MEAN_OF_FOLDS)))
        )
        return rows

    def _shown(self, found: Figure) -> tuple[str, str]:
        if math.isnan(found.value):
            return "undefined", ""
        interval = "none" if math.isnan(found.low) else f"{found.low:.3f} to {found.high:.3f}"
        missed = found.undefined / self.summary["interval"]["resamples"]
        if missed > _MANY_UNDEFINED:
            interval += f" ({missed:.0%} of resamples undefined)"
        return f"{found.value:.3f}", interval

    def counts(self) -> list[tuple[str, str]]:
        """Return what the figures are made of, for people: (name, count)."""
        summary = self.summary
        cohort, positive, called = summary["cohort"], summary["positive"], summary["called_positive"]
        fewest, most = min(called), max(called)
        repeats = f", {summary['repeats']} times anew" if summary["repeats"] > 1 else ""
        return [
            ("rows", f"{cohort['rows']}, of which {cohort['positives']} {positive}"),
            ("patients", f"{cohort['patients']}"),
            ("tested on", f"{summary['folds_from']}{repeats}"),
            (
                f"called {positive} at >= {summary['threshold']:g}",
                f"{fewest} rows" if fewest == most else f"{fewest} to {most} rows",
            ),
        ]

    def to_json(self) -> dict[str, Any]:
        """Return summary and figures as plain JSON values; None where a figure has no value."""
        records = self.metrics.astype(object).where(self.metrics.notna(), None)
        return {**self.summary, "metrics": records.to_dict("records")}

    @classmethod
    def from_json(cls, written: Mapping[str, Any], predictions: pd.DataFrame | None) -> Evaluation:
        """Build the evaluation again from what :meth:`to_json` returned and the predictions."""
        summary = {name: value for name, value in written.items() if name != "metrics"}
        with np.errstate(invalid="ignore"):  # of a forged number that no integer holds; it is refused
            metrics = pd.DataFrame(written["metrics"]).astype({"repeat": "Int64"})
        metrics = metrics.astype(dict.fromkeys(("value", "low", "high"), "float64"))
        found = cls(metrics, predictions, summary)
        found.table()  # fails where a figure is not there
        found.counts()
        return found


class _Tested(NamedTuple):
    """What one fold gave."""

    probability: npt.NDArray[np.float64]
    counts: dict[str, int]
    constant: bool
    kept: list[str]


def cross_validate(
    dataset: Dataset,
    pipeline: Pipeline,
    splits: list[Split],
    *,
    threshold: float = 0.5,
    resamples: int = 2000,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Evaluation:
    """Fit a clone of `pipeline` on each split's training rows and predict its test rows.

    Parameters
    ----------
    dataset
        Features, outcomes and patients.
    pipeline
        Unfitted; all that is learned must be learned in it.
    splits
        Of the rows; the test rows of one repeat are all rows, each once.
    threshold
        Probability from which on a row is called positive.
    resamples
        Of the bootstrap.
    seed
        Of the bootstrap.
    jobs
        Number of folds that are worked on at a time; the result does not depend on it.
    progress
        Called after each fold with the number of finished folds and of all.
    """
    work = (delayed(_fit_and_test)(pipeline, dataset, split) for split in splits)
    tested: list[_Tested] = []
    for one in Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(work):
        tested.append(one)
        if progress is not None:
            progress(len(tested), len(splits))
    metrics = _metrics(dataset, splits, tested, threshold=threshold, resamples=resamples, seed=seed)
    predictions = _predictions(dataset, splits, tested)
    called = (predictions["probability"] >= threshold).groupby(predictions["repeat"]).sum()
    folds = [
        {"repeat": split.repeat, "fold": split.fold, "train_rows": len(split.train),
         "test_rows": len(split.test), "test_positives": int(dataset.outcome[split.test].sum()),
         "features": one.counts, "constant": one.constant}
        for split, one in zip(splits, tested, strict=True)
    ]  # fmt: skip
    summary = {
        "cohort": dataset.cohort,
        "threshold": threshold,
        "called_positive": [int(count) for count in called],
        "interval": {"method": "percentile bootstrap over patients", "level": 0.95, "resamples": resamples},
        "folds": folds,
        "stability": _stability(dataset, tested),
    }
    return Evaluation(metrics, predictions, summary)


def _fit_and_test(pipeline: Pipeline, dataset: Dataset, split: Split) -> _Tested:
    learned_from = dataset.features.iloc[split.train]
    made = fitted(pipeline, learned_from, dataset.outcome[split.train], dataset.groups[split.train])
    return _Tested(
        probability_of(made, dataset.features.iloc[split.test]),
        feature_counts(made),
        is_constant(made, learned_from),
        kept_features(made),
    )


def _stability(dataset: Dataset, tested: list[_Tested]) -> dict[str, Any]:
    """Tell how alike the features are that reach the classifier in each fold."""
    if len(tested) < 2:
        return {}
    found = selection_stability([one.kept for one in tested], [str(name) for name in dataset.features])
    numbers = {"index": found.index, "low": found.low, "high": found.high}
    often = found.frequency[found.frequency > 0].head(_MOST_FREQUENT)
    return {
        **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
        "frequency": {str(name): float(part) for name, part in often.items()},
    }


def _metrics(dataset: Dataset, splits: list[Split], tested: list[_Tested], **options: Any) -> pd.DataFrame:
    """Return the pooled figures, their mean over the folds and those of each fold, with intervals."""
    repeats = sorted({split.repeat for split in splits})
    pooled = np.full((len(repeats), len(dataset.outcome)), np.nan)
    by_fold = np.full((len(splits), len(dataset.outcome)), np.nan)
    for number, (split, one) in enumerate(zip(splits, tested, strict=True)):
        pooled[repeats.index(split.repeat), split.test] = one.probability
        by_fold[number, split.test] = one.probability
    everywhere: dict[str, Any] = {"repeat": None, "fold": None}
    whole = np.arange(len(dataset.outcome))
    parts: list[tuple[dict[str, Any], npt.NDArray[np.intp], npt.NDArray[np.float64]]]
    parts = [
        ({"scope": POOLED, **everywhere}, whole, pooled),
        ({"scope": MEAN_OF_FOLDS, **everywhere}, whole, by_fold),
    ]
    for split, one in zip(splits, tested, strict=True):
        where = {"scope": FOLD, "repeat": split.repeat, "fold": split.fold}
        parts.append((where, split.test, one.probability[np.newaxis]))
    rows = []
    for where, at, probabilities in parts:
        outcome, groups = dataset.outcome[at], dataset.groups[at]
        size = {"rows": len(at), "positives": int(outcome.sum()), "patients": len(set(groups))}
        for name, found in bootstrap_figures(outcome, probabilities, groups, **options).items():
            rows.append({**where, "metric": name, **vars(found), **size})
    return pd.DataFrame(rows).astype({"repeat": "Int64"})


def _predictions(dataset: Dataset, splits: list[Split], tested: list[_Tested]) -> pd.DataFrame:
    labels = np.array([dataset.negative, dataset.positive], dtype=object)[dataset.outcome]
    parts = [
        pd.DataFrame(
            {
                "case_id": dataset.cases[split.test],
                "group": dataset.groups[split.test],
                "target": labels[split.test],
                "repeat": split.repeat,
                "fold": split.fold,
                "probability": one.probability,
            },
            index=split.test,
        )
        for split, one in zip(splits, tested, strict=True)
    ]
    whole = pd.concat(parts).rename_axis("row").reset_index()
    return whole.sort_values(["repeat", "row"], ignore_index=True).drop(columns="row")
