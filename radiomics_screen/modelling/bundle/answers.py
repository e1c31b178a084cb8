"""What a model says of rows: all of it from one pass over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray


@dataclass(frozen=True)
class Contribution:
    """What one feature adds to the log-odds of one case.

    Attributes
    ----------
    feature
        Its name.
    value
        Its value, or the one put in its place where it was missing.
    log_odds
        What it adds; above 0 speaks for the positive class.
    imputed
        True where the value was missing.
    """

    feature: str
    value: float
    log_odds: float
    imputed: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; a value that is not known is None."""
        return {
            "feature": self.feature,
            "value": self.value if np.isfinite(self.value) else None,
            "log_odds": self.log_odds,
            "imputed": self.imputed,
        }


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says of rows.

    Attributes
    ----------
    probability
        Of the positive class, shape (rows,).
    label
        The value of the target that each row is called, shape (rows,).
    sets
        Whether the negative and the positive value cannot be ruled out, shape (rows, 2); None where the model
        does not know its limits.
    unusual
        Percent of the training rows that are less unusual, shape (rows,), NaN where that is not known; None
        as for `sets`.
    is_unusual
        Whether a row is to be called unlike the training rows, shape (rows,).
    unlearned
        What the model has not met of a row's scanner and clinical texts, in words, or an empty text.
    reasons
        For each row the features that moved it most, the strongest first.
    """

    probability: FloatArray
    label: npt.NDArray[np.object_]
    sets: npt.NDArray[np.bool_] | None
    unusual: FloatArray | None
    is_unusual: npt.NDArray[np.bool_]
    unlearned: npt.NDArray[np.object_]
    reasons: list[list[Contribution]]

    def __len__(self) -> int:
        return len(self.probability)


def strongest(
    names: list[str], values: FloatArray, missing: npt.NDArray[np.bool_], added: FloatArray, count: int
) -> list[list[Contribution]]:
    """Return for each row the features that add most, the strongest first; none that adds nothing.

    Parameters
    ----------
    names
        Of the columns.
    values, missing, added
        What reaches the classifier, whether it was missing before, and what it adds to the log-odds;
        shape (rows, columns).
    count
        The most features of a row.
    """
    found = []
    for row, parts in enumerate(added):
        order = np.argsort(-np.abs(parts), kind="stable")[:count]
        found.append(
            [
                Contribution(names[j], float(values[row, j]), float(parts[j]), bool(missing[row, j]))
                for j in order
                if parts[j] != 0
            ]
        )
    return found
