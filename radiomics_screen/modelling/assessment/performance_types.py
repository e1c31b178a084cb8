"""How good probabilities were, as types: figures, curves with bands, subgroups.

Each type is a mapping of its attributes too, so ``found.figures["auc"].value`` and
``found["figures"]["auc"]["value"]`` are the same number. :meth:`Performance.to_json` gives what an external
evaluation writes under ``judgement`` in ``evaluation.json``, and :meth:`Performance.from_json` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from pydantic import TypeAdapter, ValidationError

from radiomics_screen.modelling.assessment.findings import Estimate, damaged
from radiomics_screen.modelling.assessment.json_values import plain

Numbers = tuple[float | None, ...]


class AttributeMapping(Mapping[str, Any]):
    """A dataclass whose attributes are the entries of a mapping, in their order."""

    #: Attributes that are no entries where they are None.
    optional: ClassVar[tuple[str, ...]] = ()

    def __iter__(self) -> Iterator[str]:
        for one in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            if one.name not in self.optional or getattr(self, one.name) is not None:
                yield one.name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, name: str) -> Any:
        if name not in set(self):
            raise KeyError(name)
        return getattr(self, name)


@dataclass(frozen=True, eq=False)
class FigureEstimate(AttributeMapping, Estimate):
    """A figure with its bootstrap interval, and the number of resamples in which it has no value."""

    undefined: int = 0


@dataclass(frozen=True, eq=False)
class AucEstimate(AttributeMapping, Estimate):
    """The AUC with DeLong's interval, and the kind of it: "logit", "exact" or "none"."""

    interval: str = "none"


@dataclass(frozen=True, eq=False)
class Counts(AttributeMapping):
    """How many rows, of which class and of how many patients were judged, and in how many repeats."""

    rows: int
    positives: int
    negatives: int
    patients: int
    repeats: int


@dataclass(frozen=True, eq=False)
class Confusion(AttributeMapping):
    """Calls that were right and wrong; means where there are several repeats."""

    tp: float
    fp: float
    tn: float
    fn: float


@dataclass(frozen=True, eq=False)
class Curve(AttributeMapping):
    """A curve with its 95 % band, which holds at each place for itself."""

    x: Numbers
    y: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, eq=False)
class DecisionCurve(Curve):
    """Net benefit over the threshold, that of acting on all, and the part of positive rows."""

    treat_all: Numbers
    prevalence: float


@dataclass(frozen=True, eq=False)
class CalibrationPoints(AttributeMapping):
    """Bins of about as many rows each: mean predicted probability, observed part with interval, rows."""

    predicted: Numbers
    observed: Numbers
    low: Numbers
    high: Numbers
    rows: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class CalibrationCurve(AttributeMapping):
    """Observed over predicted probability: points, and the smooth curve with its band."""

    bins: CalibrationPoints
    x: Numbers
    y: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, eq=False)
class Curves(AttributeMapping):
    """The curves; all of them are None where a class is missing."""

    roc: Curve | None = None
    precision_recall: Curve | None = None
    decision: DecisionCurve | None = None
    calibration: CalibrationCurve | None = None


@dataclass(frozen=True, eq=False)
class Distribution(AttributeMapping):
    """Edges of bars of probability, and the rows of each class between them."""

    edges: tuple[float, ...]
    positives: tuple[float, ...]
    negatives: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Subgroup(AttributeMapping):
    """The rows of one value of a column; sensitivity and specificity only where there is a threshold.

    `note` says why a figure has no value, "" where all have one.
    """

    optional = ("sensitivity", "specificity")

    value: str
    rows: int
    positives: int
    negatives: int
    patients: int
    repeats: int
    auc: AucEstimate
    sensitivity: FigureEstimate | None = None
    specificity: FigureEstimate | None = None
    note: str = ""


@dataclass(frozen=True, eq=False)
class Performance(AttributeMapping):
    """How good probabilities were on rows that were not learned from.

    Attributes
    ----------
    counts
        Of the rows.
    threshold
        That is shown; None without one.
    level, resamples
        Of the intervals.
    figures
        By name: those of ``metrics.csv``, and those of
        :data:`~radiomics_screen.modelling.assessment.performance.FURTHER`.
    delong
        AUC with DeLong's interval, clustered by patient (Obuchowski 1997), on the logit scale. Of several
        repeats it is that of the mean AUC, with their covariance.
    confusion
        None without a threshold.
    curves, distribution
        What a report draws.
    subgroups
        Column -> its values.
    messages
        What to keep in mind, sentences.
    """

    counts: Counts
    threshold: float | None
    level: float
    resamples: int
    figures: dict[str, FigureEstimate]
    delong: AucEstimate
    confusion: Confusion | None
    curves: Curves
    distribution: Distribution
    subgroups: dict[str, tuple[Subgroup, ...]]
    messages: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        found: dict[str, Any] = plain(self)
        return found

    @classmethod
    def from_json(cls, written: Mapping[str, Any], source: str = "the evaluation") -> Performance:
        """Build it again from what :meth:`to_json` returned.

        Parameters
        ----------
        written
            Entry ``judgement`` of ``evaluation.json``.
        source
            Where it was read, for messages.

        Raises
        ------
        ModelError
            If an entry is missing or is not what it should be; the message names it.
        """
        try:
            return _PERFORMANCE.validate_python(dict(written))
        except ValidationError as error:
            raise damaged(error, source) from None


_PERFORMANCE = TypeAdapter(Performance)
