"""Work for a case that may fail: what comes of it becomes a row, and never an exception."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Generic, ParamSpec, TypeVar

from radiomics_screen.core.errors import ScreenError, SettingsError
from radiomics_screen.core.printable import printable
from radiomics_screen.core.remarks import add_remark, collect_remarks, join_remarks

P = ParamSpec("P")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Row:
    """What became of one case.

    Attributes
    ----------
    status
        "ok", or "failed" with the cause in `error` and no features.
    features
        ``{column: value}``, in the order of computation.
    error
        Why the case failed; "" where it did not.
    warnings
        Remarks about how the values came about.
    seconds
        Time spent on the case, by the clock; its share of what was done for several at once.
    """

    status: str
    features: Mapping[str, float]
    error: str
    warnings: tuple[str, ...]
    seconds: float


@dataclass
class CaseResult:
    """What comes of a case step by step: its values and remarks, or why it failed."""

    error: str = ""
    values: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def make(self, work: Callable[P, Result], *args: P.args, **options: P.kwargs) -> Result | None:
        """Do some work for the case unless it has failed; None where it fails."""
        if self.error:
            return None
        with collect_remarks() as notes:
            try:
                return work(*args, **options)
            except ScreenError as failure:
                self.error = printable(str(failure))  # it may quote what no table can hold
            except MemoryError:
                self.error = "not enough memory for this case"
            except Exception as failure:  # the one place where a failure becomes a row
                _give_way_to_interrupt(failure)
                self.error = printable(_unexpected(failure))
            finally:
                join_remarks(self.notes, notes)
        return None

    def add(self, work: Callable[P, Mapping[str, float]], *args: P.args, **options: P.kwargs) -> None:
        """Do some work that gives values."""
        self.make(join, self.values, self.make(work, *args, **options) or {})

    def take(self, common: CaseResult) -> None:
        """Add what came of work that was done for this case and others."""
        self.error = self.error or common.error
        join_remarks(self.notes, common.notes)

    def row(self, seconds: float) -> Row:
        """Return the row of this case, which took `seconds`."""
        notes = tuple(printable(str(note)) for note in self.notes)
        if self.error:
            return Row("failed", {}, self.error, notes, seconds)
        return Row("ok", self.values, "", notes, seconds)


def join(values: dict[str, float], more: Mapping[str, float]) -> None:
    """Add values to others.

    Raises
    ------
    SettingsError
        If a column is there already: two entries of the parameter file make images of one name.
    """
    if twice := values.keys() & more.keys():
        image = min(twice).split("_", 1)[0]
        raise SettingsError(
            f"two entries of imageType make an image named {image}; take one of them out, or use two files"
        )
    values.update(more)


class Once(Generic[Result]):
    """Something made when it is first asked for; its remarks and its failure are told each time."""

    def __init__(self, make: Callable[P, Result], *args: P.args, **options: P.kwargs) -> None:
        self._make: Callable[[], Result] | None = partial(make, *args, **options)
        self._result: list[Result] = []
        self._failure: Exception | None = None
        self._notes: list[str] = []

    def __call__(self) -> Result:
        """Return the value; it is computed at the first call."""
        if self._make is not None:
            make, self._make = self._make, None
            with collect_remarks() as self._notes:
                try:
                    self._result.append(make())
                except Exception as failure:  # raised again, for each attempt to tell of
                    _give_way_to_interrupt(failure)
                    self._failure = failure
        for remark in self._notes:
            add_remark(remark)
        if self._failure is not None:
            raise self._failure
        return self._result[0]


def _give_way_to_interrupt(failure: BaseException) -> None:
    """Raise the interrupt that a failure comes of: Ctrl-C may turn into a kernel's SystemError."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt):
            raise KeyboardInterrupt from failure
        cause = cause.__cause__


def _unexpected(failure: Exception) -> str:
    place = traceback.extract_tb(failure.__traceback__)[-1]
    reason = " ".join(str(failure).split())
    return f"unexpected {type(failure).__name__} in {Path(place.filename).name}:{place.lineno}: {reason}"
