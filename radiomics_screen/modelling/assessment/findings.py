"""What an ``evaluation.json`` says, as types that check what they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.training.fold_design import FoldDesign


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; None where the definition has no value, or there is no interval."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, figure: Mapping[str, Any]) -> Estimate:
        """Return the value and the ends of a figure that is a mapping."""
        return cls(figure["value"], figure["low"], figure["high"])

    def without_value(self) -> Self:
        """Return the estimate where rows are too few for it to be believed."""
        return replace(self, value=None, low=None, high=None)


@dataclass(frozen=True)
class Calls:
    """What calls at a threshold, or at those of the folds, come to."""

    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True)
class FinalThreshold:
    """The threshold of the final model beside those of the folds, lowest and highest, on the same rows."""

    value: float
    of_folds: tuple[float, float]
    final: Calls
    folds: Calls


@dataclass(frozen=True)
class Task:
    """What is told apart: the outcome's column, its two values, and the column of patients."""

    target: str
    positive: str
    negative: str
    group: str | None


@dataclass(frozen=True)
class LeftOut:
    """Rows that were read and not used, and why."""

    reason: str
    rows: int
    cases: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Cohort:
    """Counts of what was read, left out and used."""

    rows_read: int
    rows: int
    positives: int
    negatives: int
    patients: int
    features: int
    missing_values: int
    left_out: tuple[LeftOut, ...] = ()
    patients_with_both: int = 0
    patients_in_several_groups: int = 0
    features_with_missing_values: int = 0


@dataclass(frozen=True)
class IntervalMethod:
    """How the intervals of the figures were made."""

    method: str
    level: float
    resamples: int


@dataclass(frozen=True)
class Choice:
    """What one fit chose: classifier, hyperparameters, threshold, and the AUC of the inner folds."""

    classifier: str
    hyperparameters: dict[str, Any]
    threshold: float | None = None
    inner_auc: float | None = None


@dataclass(frozen=True)
class FoldChoice(Choice):
    """What one fold chose."""

    repeat: int = 1
    fold: str | int = ""


@dataclass(frozen=True)
class Fold:
    """One fold: its rows, features left by each step, whether nothing was learned, and its choice."""

    repeat: int
    fold: str | int
    train_rows: int
    test_rows: int
    test_positives: int
    features: dict[str, int]
    constant: bool
    choice: Choice


@dataclass(frozen=True)
class Search:
    """The search for hyperparameters inside the folds."""

    candidates: tuple[str, ...]
    trials: int
    inner_folds: int
    chosen: tuple[FoldChoice, ...]
    minutes: float | None = None
    final: Choice | None = None


@dataclass(frozen=True)
class Embedding:
    """How the columns of an embedding became few."""

    method: str
    components: int
    of: int


@dataclass(frozen=True)
class Robustness:
    """How many features agree with themselves on perturbed images."""

    least: float | None
    cases: int
    measurements: int
    kept: int
    of: int


@dataclass(frozen=True)
class Harmonisation:
    """The column between whose values features were harmonised."""

    batch: str
    batches: tuple[str | int | float, ...]


@dataclass(frozen=True)
class PredictionSets:
    """Figures of the prediction sets at an error rate, by name."""

    error_rate: float
    figures: dict[str, Estimate]


@dataclass(frozen=True)
class ComparedModel:
    """One model of a comparison: its AUC, and the number of columns that it learned from."""

    name: str
    auc: Estimate
    features: int | None = None


@dataclass(frozen=True)
class AucTest:
    """The AUC of the first model less that of the second, and whether that is more than chance."""

    first: str
    second: str
    difference: float
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None

    @property
    def estimate(self) -> Estimate:
        """The difference with its interval."""
        return Estimate(self.difference, self.low, self.high)


@dataclass(frozen=True)
class Block:
    """A block of columns, and the name of the model of all the others."""

    name: str
    without: str


@dataclass(frozen=True)
class BlockComparison:
    """Models of some blocks of columns on the same folds, the model of all of them first."""

    models: tuple[ComparedModel, ...]
    tests: tuple[AucTest, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class ControlFinding:
    """What a negative control found."""

    name: str
    title: str
    verdict: Literal["passed", "unsure", "look", "not run"]
    text: str
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Permutation:
    """The permutation test: the AUC, those of permuted labels (None: no value), and the p-value."""

    observed: float
    permuted: tuple[float | None, ...]
    p: float
    permutations: int | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Stability:
    """How alike the features of the folds are, and which part of the folds kept each feature."""

    index: float | None = None
    low: float | None = None
    high: float | None = None
    frequency: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a cross-validation found, but for the figures and predictions.

    What was not done is None. What an earlier version could not do is None too, and not in `entries`.

    Attributes
    ----------
    target, positive, negative, group
        See :attr:`task`.
    threshold
        Of the final model.
    cohort, fold_design, folds, interval
        Who took part, what the folds were, what came of each, and how intervals were made.
    called_positive
        Rows called positive in each repeat.
    messages
        What a reader of the figures should know, one sentence each.
    seconds
        That the fit took.
    clinical, correlation, select, most_features, embedding, threshold_rule, final_threshold, recalibration,
    robustness, harmonised
        How features and probabilities were prepared.
    tuning, stability, prediction_sets, comparison, controls, permutation
        What was searched for, and what else was found out.
    entries
        Names in the file.
    """

    target: str
    positive: str
    negative: str
    group: str | None
    classifier: str
    threshold: float
    cohort: Cohort
    fold_design: FoldDesign
    folds: tuple[Fold, ...]
    interval: IntervalMethod
    called_positive: tuple[int, ...]
    messages: tuple[str, ...]
    seconds: float | None = None
    clinical: tuple[str, ...] | None = None
    correlation: float | None = None
    select: str | None = None
    most_features: int | None = None
    embedding: Embedding | None = None
    threshold_rule: str | None = None
    final_threshold: FinalThreshold | None = None
    recalibration: str | None = None
    robustness: Robustness | None = None
    harmonised: Harmonisation | None = None
    tuning: Search | None = None
    stability: Stability | None = None
    prediction_sets: Annotated[PredictionSets | None, Field(alias="doubt")] = None
    comparison: BlockComparison | None = None
    controls: tuple[ControlFinding, ...] | None = None
    permutation: Permutation | None = None
    entries: frozenset[str] = frozenset()

    @property
    def task(self) -> Task:
        """What is told apart."""
        return Task(self.target, self.positive, self.negative, self.group)


@dataclass(frozen=True, kw_only=True)
class JudgedModel:
    """The model of an external evaluation: how it was made, and on what."""

    created: str
    classifier: str
    positive: str
    versions: dict[str, str]
    fingerprint: str | None
    rows: int | None
    positives: int | None


@dataclass(frozen=True, kw_only=True)
class ExternalFindings:
    """What an external evaluation found, but for the figures and predictions."""

    target: str
    positive: str
    negative: str
    group: str | None
    created: str
    versions: dict[str, str]
    model: JudgedModel
    cohort: Cohort
    threshold: float
    messages: tuple[str, ...]
    prediction_sets: Annotated[PredictionSets | None, Field(alias="doubt")] = None


_FINDINGS = TypeAdapter(Findings)
_EXTERNAL = TypeAdapter(ExternalFindings)


def findings_of(summary: Mapping[str, Any], source: str) -> Findings:
    """Return what the summary of a cross-validation says.

    Parameters
    ----------
    summary
        Plain JSON values in the current format.
    source
        Where it was read, for messages.

    Raises
    ------
    ModelError
        If an entry is missing or is not what it should be; the message names it.
    """
    try:
        return _FINDINGS.validate_python({**summary, "entries": frozenset(summary)})
    except ValidationError as error:
        raise damaged(error, source) from None


def external_findings_of(summary: Mapping[str, Any], source: str) -> ExternalFindings:
    """Return what the summary of an external evaluation says; see :func:`findings_of`."""
    try:
        return _EXTERNAL.validate_python(dict(summary))
    except ValidationError as error:
        raise damaged(error, source) from None


def damaged(error: ValidationError, source: str) -> ModelError:
    """Return the error that names the entry which is not what it should be."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return ModelError(f"{source} is damaged: {where}: {first['msg']}")
