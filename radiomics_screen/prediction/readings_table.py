"""Readings as a table: one row a case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from radiomics_screen.extraction.running.finished_row import BETWEEN
from radiomics_screen.modelling.bundle.model import REASONS
from radiomics_screen.prediction.one_reading import Reading

_COLUMNS_OF_REASON = ("feature", "value", "contribution")
#: Columns of a table of readings that no carried column may be named like.
OWN_COLUMNS = frozenset(
    ["prediction", "probability", "threshold", "not_ruled_out", "unusual"]
    + [f"{what}_{n}" for what in _COLUMNS_OF_REASON for n in range(1, REASONS + 1)]
)


def readings_table(identity: pd.DataFrame, readings: Sequence[Reading], *, with_limits: bool) -> pd.DataFrame:
    """Return readings as a table; see :func:`~radiomics_screen.prediction.reading.read_cases`.

    Parameters
    ----------
    identity
        Identifiers and carried columns, one row a reading, in the same order.
    readings
        What was made of them.
    with_limits
        Whether there are the columns ``not_ruled_out`` and ``unusual``.
    """
    columns: dict[str, Any] = {
        "status": [one.status for one in readings],
        "error": [one.error for one in readings],
        "warnings": [BETWEEN.join(one.remarks) for one in readings],
        "prediction": np.array([one.prediction or "" for one in readings], dtype=object),
        "probability": _numbers([one.probability for one in readings]),
        "threshold": _numbers([one.threshold for one in readings]),
    }
    if with_limits:
        columns["not_ruled_out"] = np.array([_set_text(one) for one in readings], dtype=object)
        columns["unusual"] = _numbers([one.unusual_percent for one in readings])
    return identity.assign(**columns).join(_reasons(readings, identity.index))


def _set_text(reading: Reading) -> str:
    if reading.not_ruled_out is None:
        return ""
    return " or ".join(reading.not_ruled_out) or "neither"


def _numbers(values: Sequence[float | None]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _reasons(readings: Sequence[Reading], index: pd.Index) -> pd.DataFrame:
    """Return the columns feature_1, value_1, contribution_1, feature_2 ... of the readings that are ok."""
    read = np.array([one.status == "ok" for one in readings], dtype=bool)
    found = [one.reasons for one in readings if one.status == "ok"]
    columns: dict[str, list[object]] = {}
    for n in range(REASONS):
        feature, value, contribution = (f"{column}_{n + 1}" for column in _COLUMNS_OF_REASON)
        nth = [reasons[n] if n < len(reasons) else None for reasons in found]
        columns[feature] = [r.feature if r else "" for r in nth]
        columns[value] = [r.value if r and not r.imputed else np.nan for r in nth]
        columns[contribution] = [r.log_odds if r else np.nan for r in nth]
    return pd.DataFrame(columns, index=index[read])
