"""Rows become a table: identity, carried columns, outcome, features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from radiomics_screen.cohort.cases import Cohort
from radiomics_screen.extraction.column_order import ordered_features
from radiomics_screen.extraction.running.finished_row import Measured
from radiomics_screen.imaging.sources import description_of
from radiomics_screen.table.feature_table import FeatureTable


def compose(cohort: Cohort, rows: Sequence[Measured]) -> FeatureTable:
    """Put the rows into one table, in the order of the cohort; NaN where a row has no such feature."""
    import pandas as pd  # takes a while, and is needed when all is measured

    cases = cohort.cases
    features, values = _values(rows)
    before = {
        "case_id": [case.id for case in cases],
        "patient_id": [case.patient_id or "" for case in cases],
        "image": [description_of(case.image) for case in cases],
        "mask": [description_of(case.mask) for case in cases],
        "label": pd.array([case.label for case in cases], dtype="Int64"),
    }
    carried = {name: column([case.carried.get(name) for case in cases]) for name in cohort.carried_columns}
    after = {
        "status": [row.status for row in rows],
        "error": [row.error for row in rows],
        "warnings": [row.warnings for row in rows],
        "seconds": np.array([row.seconds for row in rows], np.float64),
        "case_key": [row.contents.key for row in rows],
    }
    frame = pd.DataFrame({**before, **carried, **after})
    return FeatureTable(pd.concat([frame, pd.DataFrame(values, columns=features)], axis=1), features)


def _values(rows: Sequence[Measured]) -> tuple[list[str], np.ndarray[Any, np.dtype[np.float64]]]:
    sets_of_names = {row.names for row in rows}
    features = ordered_features(name for names in sets_of_names for name in names)
    place = {name: i for i, name in enumerate(features)}
    columns_of = {names: [place[name] for name in names] for names in sets_of_names}
    values = np.full((len(rows), len(features)), np.nan)
    for line, row in zip(values, rows, strict=True):
        line[columns_of[row.names]] = row.values
    return features, values


def column(values: Sequence[Any]) -> Any:
    """Give a carried column the one type that holds all its values and its gaps (None)."""
    import pandas as pd

    values = [v.item() if isinstance(v, np.generic) else v for v in values]
    known = [v for v in values if v is not None]
    gaps = len(known) < len(values)
    kinds = {type(v) for v in known}
    if kinds == {bool}:
        return pd.array(values, dtype="boolean" if gaps else "bool")
    if kinds == {int} and all(-(2**63) <= v < 2**63 for v in known):
        return pd.array(values, dtype="Int64" if gaps else "int64")
    if kinds <= {int, float}:
        return np.array([np.nan if v is None else float(v) for v in values], np.float64)
    return pd.Series([None if v is None else str(v) for v in values])
