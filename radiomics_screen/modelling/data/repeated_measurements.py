"""The table of perturbed measurements, laid beside the rows that a model is learned from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError, did_you_mean
from radiomics_screen.modelling.data.values import listed, refuse_beyond, texts_of
from radiomics_screen.table.feature_table import FeatureTable, table_of

Texts = npt.NDArray[np.object_]

#: The column that says what was done to a case; empty for the case as it is.
ALTERATION = "alteration"
#: What the two tables have to have in common, and what it is called.
_SAME = {
    "fingerprint": "parameters",
    "files": "files named by the parameters",
    "engine": "engine",
    "version": "version of this package",
}
#: What rounding, or another machine, makes of a value.
_CLOSE = 1e-6


def measured_again(
    perturbed: FeatureTable | pd.DataFrame | str | Path,
    table: FeatureTable,
    *,
    cases: Sequence[str] | Texts,
    features: pd.DataFrame,
) -> FloatArray:
    """Return the perturbed measurements of the rows that a model is learned from.

    Where the table also has the cases as they are, their values must be those of `features`.

    Parameters
    ----------
    perturbed
        What ``radiomics-screen perturb`` wrote: one row for each case and alteration.
    table
        The feature table that the model is learned from.
    cases
        Name of each row that is learned from, shape (rows,).
    features
        The radiomic features of these rows, shape (rows, columns).

    Returns
    -------
    Shape (rows, measurements, columns), in the order of `cases` and `features`; NaN for cases that were not
    perturbed, and where a perturbed case could not be measured.

    Raises
    ------
    ModelError
        If it is no table of perturbed measurements, was made with other parameters or of other images,
        lacks a feature, or shares fewer than two cases with the rows.
    """
    source = _read(perturbed)
    _require_same_origin(source, table)
    _require_features(source, list(features.columns))
    frame = source.frame
    owners, done = texts_of(frame["case_id"]), texts_of(frame[ALTERATION])
    _require_once(owners, done)
    place = {str(case): row for row, case in enumerate(cases)}
    rows = np.array([place.get(owner, -1) for owner in owners], dtype=np.intp)
    if (shared := len(set(rows[(rows >= 0) & (done != "")]))) < 2:
        raise ModelError(
            f"the table of perturbed measurements shares {shared} cases with those that are learned from; "
            "perturb the same cases, under the same case_id"
        )
    values = frame[list(features.columns)].to_numpy(np.float64, na_value=np.nan)
    refuse_beyond(pd.DataFrame(values[done != ""], columns=features.columns), owners[done != ""])
    _require_same_values(values, rows, done, features, owners)
    names = list(dict.fromkeys(name for name in done if name))
    if len(names) < 2:
        raise ModelError(f"the table has {len(names)} alteration of each case; an ICC needs at least two")
    order = {name: number for number, name in enumerate(names)}
    result = np.full((len(place), len(names), len(features.columns)), np.nan)
    used = np.flatnonzero((rows >= 0) & (done != ""))
    result[rows[used], [order[done[row]] for row in used]] = values[used]
    return result


def _read(perturbed: FeatureTable | pd.DataFrame | str | Path) -> FeatureTable:
    if isinstance(perturbed, str | Path) and not Path(perturbed).is_file():
        raise ModelError(f"there is no table {perturbed}; `radiomics-screen perturb` makes one")
    perturbed = table_of(perturbed)
    if ALTERATION not in perturbed.frame or "case_id" not in perturbed.frame:
        raise ModelError(
            f"this is no table of perturbed measurements: it has no column {ALTERATION} or case_id; "
            "make one with `radiomics-screen perturb`"
        )
    return perturbed


def _require_same_origin(perturbed: FeatureTable, table: FeatureTable) -> None:
    """Refuse measurements of another origin than the features, as far as both tell of theirs."""
    ours, theirs = table.provenance, perturbed.provenance
    if ours is None or theirs is None:
        return
    for key, what in _SAME.items():
        if key in ours and key in theirs and ours[key] != theirs[key]:
            differing = (
                _differing(ours, theirs) if key == "fingerprint" else f": {theirs[key]}, not {ours[key]}"
            )
            raise ModelError(
                f"the perturbed measurements were made with other {what} than the features{differing}; make "
                "them again with those of the features"
            )


def _differing(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    """Name the sections of the parameters that differ."""
    one, other = (made.get("parameters", {}) for made in (ours, theirs))
    names = []
    for section in sorted(one.keys() | other.keys()):
        a, b = one.get(section), other.get(section)
        if isinstance(a, dict) and isinstance(b, dict):
            names += [f"{section}.{k}" for k in sorted(a.keys() | b.keys()) if a.get(k) != b.get(k)]
        elif a != b:
            names.append(section)
    return f" ({listed(names)})" if names else ""


def _require_features(perturbed: FeatureTable, names: Sequence[str]) -> None:
    known = set(perturbed.features)
    if absent := [name for name in names if name not in known]:
        hint = did_you_mean(absent[0], perturbed.features)
        raise ModelError(
            f"{len(absent)} of the {len(names)} features were not measured again: {listed(absent)}"
            f"{hint if hint.startswith(':') else ''}; perturb the cases with the parameters of the features"
        )


def _require_once(owners: Texts, done: Texts) -> None:
    twice = pd.DataFrame({"case": owners, "done": done}).duplicated().to_numpy()
    if twice.any():
        raise ModelError(
            f"case {owners[twice][0]} is there more than once after '{done[twice][0]}'; each case is "
            "measured once after each alteration"
        )


def _require_same_values(
    values: FloatArray, rows: npt.NDArray[np.intp], done: Texts, features: pd.DataFrame, owners: Texts
) -> None:
    """Refuse measurements of other images: the cases as they are must have the features' values."""
    as_they_are = np.flatnonzero((rows >= 0) & (done == ""))
    found, known = values[as_they_are], features.to_numpy(np.float64)[rows[as_they_are]]
    failed = np.isnan(found).all(axis=1, keepdims=True)
    close: npt.NDArray[np.bool_] = np.isclose(found, known, rtol=_CLOSE, atol=0.0, equal_nan=True)
    unlike = ~(close | failed)
    if unlike.any():
        row, column = np.argwhere(unlike)[0]
        cases = listed(owners[as_they_are[unlike.any(axis=1)]].tolist())
        raise ModelError(
            f"the perturbed measurements are of other images or masks than the features ({cases}): as it is, "
            f"{features.columns[column]} of case {owners[as_they_are[row]]} is {found[row, column]:g} there "
            f"and {known[row, column]:g} here; make one of the tables again"
        )
