"""Rows that would be learned from and tested on at once, though the groups keep them apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.data.values import NAMED, listed, texts_of

Texts = npt.NDArray[np.object_]

PATIENT = "patient_id"  # the table's own column of patients
_TELLING = 5  # rows that agree in so many measured values are copies; in fewer they may agree by chance


def refuse_repeated_cases(frame: pd.DataFrame) -> None:
    """Raise a ModelError where two rows have the same ``case_id``."""
    if "case_id" not in frame:
        return
    names = pd.Series(texts_of(frame["case_id"]))
    repeated = names[names.duplicated() & (names != "")].unique().tolist()
    if repeated:
        raise ModelError(
            f"{len(repeated)} names in case_id stand in several rows: {listed(repeated)}; keep one row of "
            "each, or give each row its own name"
        )


def split_patients(frame: pd.DataFrame, groups: Texts) -> list[str]:
    """Return the patients of the column ``patient_id`` whose rows lie in several groups."""
    if PATIENT not in frame:
        return []
    patients = pd.Series(texts_of(frame[PATIENT]))
    known = (patients != "").to_numpy()
    per_patient = pd.Series(groups[known]).groupby(patients[known].to_numpy()).nunique()
    return [str(patient) for patient in per_patient.index[per_patient > 1]]


def refuse_split_patients(split: list[str], group: str) -> None:
    """Raise a ModelError where the column `group` parts rows of one patient."""
    if split:
        raise ModelError(
            f"'{group}' parts the rows of {len(split)} patients of {PATIENT} ({listed(split)}): the model "
            f"would be tested on patients that it has learned from. Group by {PATIENT}, or mend or rename "
            "that column if it does not name patients"
        )


def refuse_copies(frame: pd.DataFrame, features: pd.DataFrame, groups: Texts, cases: Texts) -> None:
    """Raise a ModelError where rows of several groups are the same image, or have the same features.

    The same image and mask have the same ``case_key``. Features are the same where every value is,
    missing ones included, of at least five that are there and not the same in the whole table.
    """
    copies: list[tuple[str, str]] = []
    if "case_key" in frame:
        keys = texts_of(frame["case_key"])
        copies = _pairs(pd.Series(keys).where(pd.Series(keys) != ""), groups, cases)
    if not copies:
        varying = features.loc[:, features.nunique() > 1]
        values = varying.to_numpy(np.float64) + 0.0  # + 0.0 turns -0.0 into 0.0
        values[np.isnan(values)] = np.nan  # one pattern of bits for all of them
        rows = pd.Series([row.tobytes() for row in np.ascontiguousarray(values)])
        telling = np.count_nonzero(~np.isnan(values), axis=1) >= _TELLING
        copies = _pairs(rows.where(telling), groups, cases)
    if copies:
        named = "; ".join(" and ".join(pair) for pair in copies[:NAMED])
        raise ModelError(
            f"{len(copies)} rows are copies of a row in another group ({named}): the model would be tested "
            "on what it has learned. Remove one of each pair, or give both one group"
        )


def _pairs(contents: pd.Series[str], groups: Texts, cases: Texts) -> list[tuple[str, str]]:
    """Return each row whose content an earlier row of another group has, after that row; by their names."""
    first: dict[str, int] = {}
    found = []
    for row, content in enumerate(contents):
        if pd.isna(content):
            continue
        earlier = first.setdefault(content, row)
        if groups[earlier] != groups[row]:
            found.append((str(cases[earlier]), str(cases[row])))
    return found
