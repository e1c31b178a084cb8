"""Cross-validation: how good the whole way from features to probability is on unseen patients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError, did_you_mean
from radiomics_screen.modelling.assessment.evaluation_versions import FORMAT, upgraded
from radiomics_screen.modelling.assessment.findings import Findings, findings_of
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.splits import Split
from radiomics_screen.modelling.statistics.intervals import Figure, bootstrap_figures
from radiomics_screen.modelling.statistics.metrics import METRICS
from radiomics_screen.modelling.statistics.selection_stability import selection_stability
from radiomics_screen.modelling.training.fold_design import FoldDesign
from radiomics_screen.modelling.training.folds import (
    FoldResult,
    by_repeat_and_row,
    merged_notes,
    pooled_probabilities,
)
from radiomics_screen.modelling.training.plan import Plan

POOLED, MEAN_OF_FOLDS, FOLD = "pooled", "mean of folds", "fold"
_MOST_FREQUENT = 500  # features that are told with the part of folds that kept them
_MANY_UNDEFINED = 0.05  # of the resamples, from which on people are told


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
        ``case_id``, ``group``, ``target``, ``repeat``, ``fold``, ``probability``, and the fold's
        ``threshold``. None where a
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
        value, low, high, undefined = self._figures[scope, metric]
        return Figure(float(value), float(low), float(high), int(undefined))

    @cached_property
    def _figures(self) -> Mapping[tuple[str, str], tuple[Any, ...]]:
        """The first figure of each scope and name as stored; asking the DataFrame for each one is slow."""
        table = self.metrics
        columns = [table[name].tolist() for name in ("value", "low", "high", "undefined")]
        names = zip(table["scope"].tolist(), table["metric"].tolist(), strict=True)
        found: dict[tuple[str, str], tuple[Any, ...]] = {}
        for key, figure in zip(names, zip(*columns, strict=True), strict=True):
            found.setdefault(key, figure)
        return found

    def table(self) -> list[tuple[str, str, str]]:
        """Return the pooled figures, and the folds' mean AUC, for people: (name, value, interval)."""
        rows = [(label, *self._shown(self.figure(name))) for name, label in METRICS.items()]
        rows.insert(
            1, (f"{METRICS['auc']}, {MEAN_OF_FOLDS}", *self._shown(self.figure("auc", MEAN_OF_FOLDS)))
        )
        return rows

    def _repr_html_(self) -> str:
        """Return the pooled figures as a small table, for notebooks."""
        task = self.findings.task
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in self.table()
        )
        return (
            f"<table><caption>{escape(f'{task.target} = {task.positive}')}, cross-validated</caption>"
            "<thead><tr><th>figure</th><th>value</th><th>95 % interval</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )

    def _shown(self, found: Figure) -> tuple[str, str]:
        if math.isnan(found.value):
            return "undefined", ""
        interval = "none" if math.isnan(found.low) else f"{found.low:.3f} to {found.high:.3f}"
        missed = found.undefined / self.findings.interval.resamples
        if missed > _MANY_UNDEFINED:
            interval += f" ({missed:.0%} of resamples undefined)"
        return f"{found.value:.3f}", interval

    @cached_property
    def findings(self) -> Findings:
        """What the summary says, as types; a ModelError names an entry that is damaged."""
        return findings_of(self.summary, "the evaluation")

    @property
    def fold_design(self) -> FoldDesign:
        """What the folds were."""
        return self.findings.fold_design

    def counts(self) -> list[tuple[str, str]]:
        """Return what the figures are made of, for people: (name, count)."""
        found = self.findings
        cohort, positive, called = found.cohort, found.positive, found.called_positive
        fewest, most = min(called), max(called)
        design, rule = found.fold_design, found.threshold_rule  # each fold has its own threshold by a rule
        repeats = f", {design.repeats} times anew" if design.repeats > 1 else ""
        return [
            ("rows", f"{cohort.rows}, of which {cohort.positives} {positive}"),
            ("patients", f"{cohort.patients}"),
            ("tested on", f"{design.text}{repeats}"),
            (
                f"called {positive} at " + (f">= {found.threshold:g}" if rule is None else rule),
                f"{fewest} rows" if fewest == most else f"{fewest} to {most} rows",
            ),
        ]

    def to_json(self) -> dict[str, Any]:
        """Return summary and figures as plain JSON values; None where a figure has no value."""
        records = self.metrics.astype(object).where(self.metrics.notna(), None)
        return {"format": FORMAT, **self.summary, "metrics": records.to_dict("records")}

    @classmethod
    def from_json(
        cls, written: Mapping[str, Any], predictions: pd.DataFrame | None, source: str = "the evaluation"
    ) -> Evaluation:
        """Build the evaluation again from what :meth:`to_json` returned, in this or an earlier version.

        Parameters
        ----------
        written
            Content of ``evaluation.json``.
        predictions
            Content of ``predictions.csv``, where it is there.
        source
            Where it was read, for messages.

        Raises
        ------
        ModelError
            If it is damaged, or a newer version wrote it.
        """
        written = upgraded(written, source)
        findings_of(written, source)  # with the file's name in the message, where it is damaged
        summary = {name: value for name, value in written.items() if name not in ("metrics", "format")}
        with np.errstate(invalid="ignore"):  # of a forged number that no integer holds; it is refused
            metrics = pd.DataFrame(written["metrics"]).astype({"repeat": "Int64"})
        metrics = metrics.astype(dict.fromkeys(("value", "low", "high"), "float64"))
        found = cls(metrics, predictions, summary)
        found.table()  # fails where a figure is not there
        found.counts()
        return found


def evaluate_folds(
    dataset: Dataset,
    plan: Plan,
    splits: Sequence[Split],
    tested: Sequence[FoldResult],
    *,
    resamples: int = 2000,
) -> Evaluation:
    """Judge what was learned on each split's training rows by its test rows.

    Parameters
    ----------
    dataset, plan
        What was learned from, and how.
    splits
        Of the rows; the test rows of one repeat are all rows, each once.
    tested
        What came of each split.
    resamples
        Of the bootstrap.
    """
    metrics = _metrics(dataset, splits, tested, resamples=resamples, seed=plan.seed)
    predictions = _predictions(dataset, splits, tested)
    called = (predictions["probability"] >= predictions["threshold"]).groupby(predictions["repeat"]).sum()
    folds = [
        {"repeat": split.repeat, "fold": split.fold, "train_rows": len(split.train),
         "test_rows": len(split.test), "test_positives": int(dataset.outcome[split.test].sum()),
         "features": one.counts, "constant": one.constant, "choice": one.choice}
        for split, one in zip(splits, tested, strict=True)
    ]  # fmt: skip
    summary = {
        "cohort": dataset.cohort,
        "called_positive": [int(count) for count in called],
        "interval": {"method": "percentile bootstrap over patients", "level": 0.95, "resamples": resamples},
        "folds": folds,
        "stability": _stability(dataset, tested),
        "notes": merged_notes([one.notes for one in tested]),
    }
    return Evaluation(metrics, predictions, summary)


def _stability(dataset: Dataset, tested: Sequence[FoldResult]) -> dict[str, Any]:
    """Tell how alike the features are that reach the classifier in each fold."""
    if len(tested) < 2:
        return {}
    found = selection_stability([one.kept for one in tested], _all_kept(dataset, tested))
    numbers = {"index": found.index, "low": found.low, "high": found.high}
    often = found.frequency[found.frequency > 0].head(_MOST_FREQUENT)
    return {
        **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
        "frequency": {str(name): float(part) for name, part in often.items()},
    }


def _all_kept(dataset: Dataset, tested: Sequence[FoldResult]) -> list[str]:
    """Return the names of all columns that could reach the classifier, encoded clinical ones too."""
    encoded = dict.fromkeys(name for one in tested for name in one.kept)
    return list(dict.fromkeys([*map(str, dataset.columns.features), *encoded]))


def _metrics(
    dataset: Dataset, splits: Sequence[Split], tested: Sequence[FoldResult], **options: Any
) -> pd.DataFrame:
    """Return the pooled figures, their mean over the folds and those of each fold, with intervals."""
    rows = len(dataset.outcome)
    limits = [float(one.choice["threshold"]) for one in tested]
    by_fold = np.full((len(splits), rows), np.nan)
    for number, (split, one) in enumerate(zip(splits, tested, strict=True)):
        by_fold[number, split.test] = one.probability
    everywhere: dict[str, Any] = {"repeat": None, "fold": None}
    whole = np.arange(rows)
    pooled = pooled_probabilities(splits, tested, rows), by_repeat_and_row(splits, limits, rows)
    of_folds = by_fold, np.repeat(np.array(limits)[:, np.newaxis], rows, axis=1)
    parts: list[tuple[dict[str, Any], npt.NDArray[np.intp], tuple[FloatArray, FloatArray]]]
    parts = [
        ({"scope": POOLED, **everywhere}, whole, pooled),
        ({"scope": MEAN_OF_FOLDS, **everywhere}, whole, of_folds),
    ]
    for split, one, limit in zip(splits, tested, limits, strict=True):
        where = {"scope": FOLD, "repeat": split.repeat, "fold": split.fold}
        probability = one.probability[np.newaxis]
        parts.append((where, split.test, (probability, np.full(probability.shape, limit))))
    found_rows = []
    for where, at, (probabilities, thresholds) in parts:
        outcome, groups = dataset.outcome[at], dataset.groups[at]
        size = {"rows": len(at), "positives": int(outcome.sum()), "patients": len(set(groups))}
        figures = bootstrap_figures(outcome, probabilities, groups, threshold=thresholds, **options)
        for name, found in figures.items():
            found_rows.append({**where, "metric": name, **vars(found), **size})
    return pd.DataFrame(found_rows).astype({"repeat": "Int64"})


def _predictions(dataset: Dataset, splits: Sequence[Split], tested: Sequence[FoldResult]) -> pd.DataFrame:
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
                "threshold": float(one.choice["threshold"]),
            },
            index=split.test,
        )
        for split, one in zip(splits, tested, strict=True)
    ]
    whole = pd.concat(parts).rename_axis("row").reset_index()
    return whole.sort_values(["repeat", "row"], ignore_index=True).drop(columns="row")
