"""Where two feature tables differ: of this package or of pyradiomics, value by value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.column_names import parts_of
from radiomics_screen.core.diff import differences
from radiomics_screen.core.errors import TableError
from radiomics_screen.core.whole_files import replace_whole
from radiomics_screen.table.feature_table import FeatureTable, as_table, read_table
from radiomics_screen.table.matching import matched_rows

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-6
#: A difference is relative to the larger of two values, but to no less than this part of the largest value
#: that the feature has in either table, and to no less than the second number. So rounding noise round zero
#: does not count: sums that cancel, such as a cluster shade, leave 1e-12 where another order leaves 0.
LEAST_PART_OF_LARGEST, LEAST = 1e-6, 1e-9


@dataclass(frozen=True)
class Difference:
    """Two values of one feature of one case; `relative` as the module defines it, infinite beside NaN."""

    case: str
    feature: str
    a: float
    b: float
    relative: float


@dataclass(frozen=True)
class Agreement:
    """How well some features agree.

    Attributes
    ----------
    name
        The family, or "all".
    values
        Number of values compared: pairs of which at least one is defined.
    differing
        How many differ by more than the tolerance, or are defined in one table only.
    undefined
        How many are NaN in one table and a number in the other.
    worst
        Where the relative difference is largest; None where nothing was compared.
    """

    name: str
    values: int
    differing: int
    undefined: int
    worst: Difference | None


@dataclass(frozen=True)
class TableComparison:
    """What two tables have in common, and where they differ.

    Attributes
    ----------
    tolerance
        Relative difference up to which two values agree.
    matched_by
        Columns that identify the rows of one case.
    cases, features
        How many of both are in both tables.
    cases_only, features_only
        Names of those in the first table only, and of those in the second only.
    total, families
        Agreement of all values, and of each family's.
    failed
        ``(case, cause in the first table, cause in the second)``; "" where the case did not fail.
    parameters
        Where the parameters of both differ, if both tables record theirs.
    """

    tolerance: float
    matched_by: str
    cases: int
    features: int
    cases_only: tuple[tuple[str, ...], tuple[str, ...]]
    features_only: tuple[tuple[str, ...], tuple[str, ...]]
    total: Agreement
    families: tuple[Agreement, ...]
    failed: tuple[tuple[str, str, str], ...]
    parameters: tuple[str, ...]

    @property
    def agree(self) -> bool:
        """Whether every value that could be compared agrees, and no case failed in one table only."""
        return self.total.differing == 0 and all(a and b for _, a, b in self.failed)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data for JSON, where NaN and infinity become null."""
        return {"agree": self.agree, **_plain(asdict(self))}


def compare_tables(
    a: str | Path | pd.DataFrame, b: str | Path | pd.DataFrame, *, tolerance: float = TOLERANCE
) -> TableComparison:
    """Compare the values of two feature tables.

    Parameters
    ----------
    a, b
        Tables (.parquet or .csv) of this package or of pyradiomics, or in memory. Rows belong together by
        their ``case_id``; where these are others, by image, mask and label.
    tolerance
        Relative difference up to which two values agree. It is relative to the larger of both, near zero
        to a millionth of the largest value that the feature has, and at least to 1e-9. NaN agrees with NaN.

    Raises
    ------
    TableError
        A table cannot be read, or both have no case or no feature in common.
    """
    tables = _as_table(a), _as_table(b)
    features = _shared_features(*tables)
    ids = _has_ids(tables[0]), _has_ids(tables[1])
    matched_by, rows = matched_rows(tables[0].frame, tables[1].frame, ids=ids)
    case_ids = tables[0].frame["case_id"].tolist()
    names = [case_ids[i] for i, _ in rows]
    causes_of = [_causes(table) for table in tables]
    causes = [(causes_of[0][i], causes_of[1][j]) for i, j in rows]
    sound = [n for n, either in enumerate(causes) if not any(either)]
    if not sound:
        raise TableError(f"there is nothing to compare: none of {len(rows)} cases has values in both tables")
    one, other = (
        table.frame[features].to_numpy(np.float64)[[rows[n][side] for n in sound]]
        for side, table in enumerate(tables)
    )
    compared = _Values([names[n] for n in sound], features, one, other, tolerance)
    return TableComparison(
        tolerance=tolerance,
        matched_by=matched_by,
        cases=len(rows),
        features=len(features),
        cases_only=_sides(_without(t.frame, {pair[n] for pair in rows}) for n, t in enumerate(tables)),
        features_only=_sides(tuple(f for f in t.features if f not in set(features)) for t in tables),
        total=compared.agreement("all", features),
        families=tuple(compared.agreement(*family) for family in _families(features).items()),
        failed=tuple((names[n], *either) for n, either in enumerate(causes) if any(either)),
        parameters=_differing_parameters(*tables),
    )


def relative_differences(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return how far values lie apart, shape (cases, features): 0 where equal, infinite beside NaN.

    NaN where both are NaN: there is nothing to compare.
    """
    size = np.fmax(np.abs(a), np.abs(b))
    finite = np.where(np.isfinite(size), size, 0.0)
    largest = finite.max(axis=0, initial=0.0)
    with np.errstate(invalid="ignore"):  # infinity minus infinity, where both are equal
        apart = np.abs(a - b) / np.maximum(np.maximum(finite, LEAST_PART_OF_LARGEST * largest), LEAST)
    undefined = np.isnan(a) != np.isnan(b)
    found = np.where(a == b, 0.0, np.where(undefined | np.isinf(a) | np.isinf(b), np.inf, apart))
    return np.where(np.isnan(a) & np.isnan(b), np.nan, found)


class _Values:
    """The values of the cases that both tables have, and how far they lie apart."""

    def __init__(
        self, cases: list[str], features: list[str], a: FloatArray, b: FloatArray, tolerance: float
    ) -> None:
        self._cases, self._tolerance = cases, tolerance
        self._place = {feature: n for n, feature in enumerate(features)}
        self._a, self._b, self._relative = a, b, relative_differences(a, b)

    def agreement(self, name: str, features: Sequence[str]) -> Agreement:
        """Sum up some of the features."""
        places = [self._place[feature] for feature in features]
        a, b, relative = (table[:, places] for table in (self._a, self._b, self._relative))
        worst = None
        if not np.isnan(relative).all():
            row, column = divmod(int(np.nanargmax(relative)), len(places))
            values = (float(table[row, column]) for table in (a, b, relative))
            worst = Difference(self._cases[row], features[column], *values)
        return Agreement(
            name,
            values=int((~np.isnan(relative)).sum()),
            differing=int((relative > self._tolerance).sum()),
            undefined=int((np.isnan(a) != np.isnan(b)).sum()),
            worst=worst,
        )


def _shared_features(a: FeatureTable, b: FeatureTable) -> list[str]:
    for which, table in (("first", a), ("second", b)):
        if not table.features and (causes := [cause for cause in _causes(table) if cause]):
            raise TableError(
                f"there is nothing to compare: all {len(causes)} cases of the {which} table failed; "
                f"the first of them: {causes[0]}"
            )
    in_both = set(a.features) & set(b.features)
    if not in_both:
        raise TableError(
            f"there is nothing to compare: the first table has {len(a.features)} features, the second "
            f"{len(b.features)}, and no name is in both"
        )
    return [feature for feature in a.features if feature in in_both]


def _families(features: Sequence[str]) -> dict[str, list[str]]:
    families: dict[str, list[str]] = {}
    for feature in features:
        family = parts_of(feature).family or feature
        families.setdefault(family, []).append(feature)
    return families


def _sides(names: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    a, b = names
    return a, b


def _as_table(source: str | Path | pd.DataFrame) -> FeatureTable:
    if isinstance(source, str | Path):
        return read_table(source)
    if "case_id" not in source:
        raise TableError("a table in memory needs a column case_id, which tells its rows apart")
    return as_table(source)


def _has_ids(table: FeatureTable) -> bool:
    """Tell whether rows have names of their own; those of pyradiomics got their number."""
    numbers = [str(n) for n in range(1, len(table.frame) + 1)]
    return table.provenance is not None or table.frame["case_id"].tolist() != numbers


def _without(frame: pd.DataFrame, rows: set[int]) -> tuple[str, ...]:
    return tuple(case_id for n, case_id in enumerate(frame["case_id"]) if n not in rows)


def _causes(table: FeatureTable) -> list[str]:
    """Return why each case has no values, "" where it has some."""
    frame = table.frame
    empty = frame[table.features].isna().all(axis=1)
    status, errors = (
        frame[name] if name in frame else [usual] * len(frame)
        for name, usual in (("status", "ok"), ("error", ""))
    )
    return [
        str(error or "failed") if outcome != "ok" else "it has no values" if nothing else ""
        for outcome, error, nothing in zip(status, errors, empty, strict=True)
    ]


def _differing_parameters(a: FeatureTable, b: FeatureTable) -> tuple[str, ...]:
    one, other = ((table.provenance or {}).get("parameters") for table in (a, b))
    if not (one and other):
        return ()
    return tuple(differences(one, other, words="{} against {}"))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def write_comparison(found: TableComparison, path: str | Path) -> None:
    """Write a comparison as JSON.

    Raises
    ------
    TableError
        The file cannot be written.
    """
    try:
        text = json.dumps(found.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        replace_whole(Path(path), lambda file: file.write_text(text + "\n", encoding="utf-8"))
    except OSError as failure:
        raise TableError(f"cannot write {path}: {failure.strerror}") from failure
