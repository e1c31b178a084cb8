"""What a comparison found, and other packages asked for theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measuring import Engine, EngineError

#: Differences up to this are rounding.
ROUNDING = 1e-9

#: What is found here, and what it is compared with or what a package is given: one pair a data set.
Pairs = list[tuple[Any, Any]]


@dataclass(frozen=True)
class Finding:
    """A statistic beside another implementation of it, or a published value.

    Attributes
    ----------
    statistic
        Function and what of it.
    beside
        What it is compared with: package and version, definition, or publication.
    data
        Which data sets, see docs/explanation/statistics.md.
    difference
        Largest absolute difference; infinite where one has a value and the other none. None where
        there is nothing to compare with.
    remark
        Why there is nothing, or why they differ.
    allowed
        The largest difference for which the remark accounts.
    """

    statistic: str
    beside: str
    data: str
    difference: float | None
    remark: str = ""
    allowed: float = ROUNDING

    @property
    def explained(self) -> bool:
        """Whether the difference is no larger than allowed, or there is none."""
        return self.difference is None or self.difference <= self.allowed


def largest_difference(ours: npt.ArrayLike, others: npt.ArrayLike) -> float:
    """Return the largest absolute difference; infinite for a shape or a missing value that differs."""
    a, b = np.asarray(ours, dtype=np.float64).ravel(), np.asarray(others, dtype=np.float64).ravel()
    if a.shape != b.shape or np.any(np.isnan(a) != np.isnan(b)):
        return float("inf")
    same = (a == b) | np.isnan(a)
    return float(np.max(np.abs(a[~same] - b[~same]), initial=0.0))


def by_hand(
    statistic: str,
    data: str,
    pairs: Pairs,
    beside: str = "definition",
    *,
    remark: str = "",
    allowed: float = ROUNDING,
) -> Finding:
    """Return the finding for pairs of what is found here and what `beside` gives."""
    difference = max(largest_difference(a, b) for a, b in pairs)
    return Finding(statistic, beside, data, difference, remark, allowed)


class Peers:
    """Interpreters that have other packages; the first that has the one asked for answers."""

    def __init__(self, pythons: Sequence[str]) -> None:
        self._stack = ExitStack()
        self._engines = [self._stack.enter_context(Engine("statistics", python)) for python in pythons]

    def __enter__(self) -> Peers:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask(self, package: str, function: str, given: Mapping[str, Any]) -> tuple[list[float], str]:
        """Return the values, and the version of the package.

        Raises
        ------
        EngineError
            No interpreter has the package, or it failed.
        """
        case = {"package": package, "function": function, "given": given}
        missing = EngineError(f"{package} is not installed")
        for engine in self._engines:
            try:
                engine.ask("load", case=case)
            except EngineError as error:
                missing = missing if "not installed" in str(error) else error
                continue
            found = engine.ask("run", times=1)["values"]
            return found["values"], found["version"]
        raise missing

    def compare(
        self,
        statistic: str,
        package: str,
        function: str,
        data: str,
        pairs: Pairs,
        *,
        remark: str = "",
        allowed: float = ROUNDING,
    ) -> Finding:
        """Return the finding for pairs of what is found here and what the package is given."""
        differences, version = [], ""
        for ours, given in pairs:
            try:
                theirs, version = self.ask(package, function, given)
            except EngineError as error:
                return Finding(statistic, package, data, None, str(error).splitlines()[0])
            differences.append(largest_difference(ours, theirs))
        return Finding(statistic, f"{package} {version}", data, max(differences), remark, allowed)
