"""Which rows of two tables are of one case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from radiomics_screen.core.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

Keys = list[Hashable]


def matched_rows(
    a: pd.DataFrame, b: pd.DataFrame, *, ids: tuple[bool, bool] = (True, True)
) -> tuple[str, list[tuple[int, int]]]:
    """Find the rows of two tables that are of one case.

    Parameters
    ----------
    a, b
        Tables with the columns case_id and, if they have them, image, mask and label.
    ids
        Whether the case_id of each names cases, or only counts rows.

    Returns
    -------
    What the rows were matched by, and the pairs of row numbers in the order of the first table: by the
    first way that finds most of them, among those that are unambiguous in both tables.

    Raises
    ------
    TableError
        No row of one is in the other.
    """
    best: tuple[str, list[tuple[int, int]]] = ("", [])
    for name, keys_of in _WAYS.items():
        if name == "case_id" and not all(ids):
            continue
        pairs = _pairs(keys_of(a), keys_of(b))
        if len(pairs) > len(best[1]):
            best = (name, pairs)
    if not best[1] and not all(ids):  # numbers of rows are better than nothing
        best = ("case_id", _pairs(_by_id(a), _by_id(b))) if len(a) == len(b) else best
    if not best[1]:
        examples = " and ".join(repr(str(frame["case_id"].iloc[0])) for frame in (a, b) if len(frame))
        twice = next((str(key) for f in (a, b) for key, n in Counter(_by_id(f)).items() if n > 1), None)
        if twice is not None:
            raise TableError(f"rows cannot be matched: case_id '{twice}' is there twice")
        raise TableError(
            f"no row of one table is in the other, neither by case_id (such as {examples}) nor by image, "
            "mask and label; give both tables the same case_id"
        )
    return best


def _pairs(a: Keys, b: Keys) -> list[tuple[int, int]]:
    """Return the places of equal keys; none at all where a key that both have is there twice."""
    shared = set(a) & set(b) - {None}
    counts = Counter(a), Counter(b)
    if any(count[key] > 1 for key in shared for count in counts):
        return []
    place = {key: n for n, key in enumerate(b)}
    return [(n, place[key]) for n, key in enumerate(a) if key in shared]


def _by_id(frame: pd.DataFrame) -> Keys:
    return list(frame["case_id"])


def _by_files(part: Callable[[str], str], *, label: bool) -> Callable[[pd.DataFrame], Keys]:
    def keys(frame: pd.DataFrame) -> Keys:
        if not {"image", "mask"} <= set(frame.columns):
            return [None] * len(frame)
        files = zip(frame["image"], frame["mask"], strict=True)
        labels = frame["label"] if label and "label" in frame else [None] * len(frame)
        return [
            (part(str(image)), part(str(mask)), _label(value)) if image and mask else None
            for (image, mask), value in zip(files, labels, strict=True)
        ]

    return keys


def _label(value: object) -> str:
    text = "" if value is None else str(value)
    return "" if text in ("<NA>", "nan", "None") else text.removesuffix(".0")


def _path(text: str) -> str:
    return PureWindowsPath(text).as_posix()  # understands both kinds of separators


def _file_name(text: str) -> str:
    return PureWindowsPath(text).name


_WAYS: dict[str, Callable[[pd.DataFrame], Keys]] = {
    "case_id": _by_id,
    "image, mask and label": _by_files(_path, label=True),
    "image and mask": _by_files(_path, label=False),
    "file names of image and mask, and label": _by_files(_file_name, label=True),
    "file names of image and mask": _by_files(_file_name, label=False),
}
