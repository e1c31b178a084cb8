"""What a model makes of one case."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from numbers import Real
from typing import Any, Literal

from radiomics_screen.modelling.bundle.answers import Contribution


@dataclass(frozen=True)
class Reading:
    """What a model makes of one case, or why it makes nothing of it.

    Attributes
    ----------
    case_id, patient_id, image, mask, label
        Which lesion it is, as the case says; the label is None where the mask has one value only.
    carried
        The other columns of the case: clinical variables, scanner, folds.
    status
        ``"ok"``, or ``"failed"`` where the case could not be read.
    error
        Why it failed, or an empty text.
    remarks
        What is to be known of the case: measurements that were not possible, another kind of case, a scanner
        that was not learned.
    target, positive, negative
        The question: the column that was learned, and its two values.
    prediction
        The value of the target that the case is called; None where it failed.
    probability
        Of the positive value; None where it failed.
    threshold
        Probability from which on a case is called positive.
    not_ruled_out
        Values of the target that cannot be ruled out: both where the model is not sure, none where the case
        is like neither. None where it failed, or the model does not know its limits.
    unusual_percent
        Percent of the training rows that are less unusual than the case; None where that is not known.
    is_unusual
        Whether that is so much that the case is unlike those that the model learned from.
    reasons
        The features that moved it most, the strongest first, in log-odds of the positive value.
    """

    case_id: str
    patient_id: str
    image: str
    mask: str
    label: int | None
    carried: Mapping[str, Any]
    status: Literal["ok", "failed"]
    error: str
    remarks: tuple[str, ...]
    target: str
    positive: str
    negative: str
    prediction: str | None
    probability: float | None
    threshold: float
    not_ruled_out: tuple[str, ...] | None
    unusual_percent: float | None
    is_unusual: bool
    reasons: tuple[Contribution, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; what is not known is None."""
        return {
            "case_id": self.case_id,
            "patient_id": self.patient_id,
            "image": self.image,
            "mask": self.mask,
            "label": self.label,
            "carried": {name: _plain(value) for name, value in self.carried.items()},
            "status": self.status,
            "error": self.error,
            "remarks": list(self.remarks),
            "target": self.target,
            "positive": self.positive,
            "negative": self.negative,
            "prediction": self.prediction,
            "probability": self.probability,
            "threshold": self.threshold,
            "not_ruled_out": None if self.not_ruled_out is None else list(self.not_ruled_out),
            "unusual_percent": self.unusual_percent,
            "is_unusual": self.is_unusual,
            "reasons": [one.to_dict() for one in self.reasons],
        }

    def _repr_html_(self) -> str:
        """Return the reading as a small table for a notebook."""
        return f"<table>{''.join(_row(name, value) for name, value in self._facts())}</table>"

    def _facts(self) -> list[tuple[str, str]]:
        facts = [("case", self.case_id)]
        if self.status == "failed":
            facts.append(("failed", self.error))
        else:
            facts += [
                (self.target, f"{self.prediction}"),
                (
                    f"probability of {self.positive}",
                    f"{self.probability:.3f} (threshold {self.threshold:.3g})",
                ),
            ]
        if self.not_ruled_out is not None:
            facts.append(("not ruled out", " or ".join(self.not_ruled_out) or "neither"))
        if self.unusual_percent is not None:
            facts.append(("unusual", f"more than {self.unusual_percent:.0f} % of the training rows"))
        facts += [("remark", remark) for remark in self.remarks]
        facts += [(one.feature, _said(one)) for one in self.reasons]
        return [*facts, ("use", "for research only: no reading here is a diagnosis")]


def _said(reason: Contribution) -> str:
    value = "not measured" if reason.imputed else f"{reason.value:.4g}"
    return f"{value}: {reason.log_odds:+.2f} log-odds"


def _row(name: str, value: str) -> str:
    left = "style='text-align:left'"
    return f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(value)}</td></tr>"


def _plain(value: Any) -> Any:
    """Return a carried value as JSON knows it: a truth value, a finite number, a text or None."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    return str(value)
