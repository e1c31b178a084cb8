"""What a verification found: values beside references, in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

#: References are given to so many significant digits, and values are rounded to them before comparing.
DIGITS = 3

#: Of two equal numbers, one read from text and one computed, rounding may make different ones.
CLOSE = 1e-9


@dataclass(frozen=True)
class Reference:
    """A published value.

    Attributes
    ----------
    tag
        Name in the reference: family, feature and aggregation.
    value, tolerance
        As published.
    """

    tag: str
    value: float
    tolerance: float


@dataclass(frozen=True)
class ReferenceComparison:
    """A value beside its reference.

    Attributes
    ----------
    tag
        What was measured.
    value
        What came out; None where nothing did.
    reference, tolerance
        What should have come out, and how far from it may lie what passes.
    deviation
        How far from the reference the value lies, as it is compared; None without a value.
    passed
        Whether that is within the tolerance.
    """

    tag: str
    value: float | None
    reference: float
    tolerance: float
    deviation: float | None
    passed: bool

    @property
    def severity(self) -> float:
        """Deviation in tolerances, to find the worst; above 1 it fails."""
        if self.deviation is None:
            return float("inf")
        if self.tolerance > 0:
            return self.deviation / self.tolerance
        return 0.0 if self.passed else float("inf")


@dataclass(frozen=True)
class Group:
    """Comparisons of one configuration and family.

    Attributes
    ----------
    part
        Part of the verification: "digital phantom", "configuration A", "response maps" ...
    name
        Feature family, or test.
    comparisons
        At least one.
    """

    part: str
    name: str
    comparisons: Sequence[ReferenceComparison]

    @property
    def passed(self) -> int:
        """Return the number of comparisons that passed."""
        return sum(c.passed for c in self.comparisons)

    @property
    def worst(self) -> ReferenceComparison:
        """The comparison that is nearest to failing, or fails most."""
        return max(self.comparisons, key=lambda c: (not c.passed, c.severity))


@dataclass(frozen=True)
class Omitted:
    """A part that was not run, or could not be, and why."""

    part: str
    reason: str


@dataclass(frozen=True)
class Report:
    """All that a verification found.

    Attributes
    ----------
    groups
        In the order of the work.
    omitted
        What was not run.
    broken
        What could not be run, though its files are there.
    seconds
        Processor time of each part.
    """

    groups: Sequence[Group]
    omitted: Sequence[Omitted]
    broken: Sequence[Omitted]
    seconds: Mapping[str, float]

    @property
    def passed(self) -> bool:
        """Whether all that was run passed, and all that there are files for could be run."""
        return not self.broken and all(group.passed == len(group.comparisons) for group in self.groups)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        groups = [
            {
                "part": group.part,
                "name": group.name,
                "passed": group.passed,
                "total": len(group.comparisons),
                "comparisons": [asdict(c) for c in group.comparisons],
            }
            for group in self.groups
        ]
        return {
            "passed": self.passed,
            "groups": groups,
            "omitted": [asdict(o) for o in self.omitted],
            "broken": [asdict(o) for o in self.broken],
            "seconds": dict(self.seconds),
        }


def compared(value: float | None, reference: Reference, *, rounded: bool = True) -> ReferenceComparison:
    """Compare a value with its reference.

    With `rounded`, the value is first rounded to three significant digits, unless the reference has more.
    """
    if value is None or not isfinite(value):
        return ReferenceComparison(reference.tag, None, reference.value, reference.tolerance, None, False)
    shown = significant(value) if rounded and significant(reference.value) == reference.value else value
    deviation = abs(shown - reference.value)
    allowed = reference.tolerance + CLOSE * max(1.0, abs(reference.value))
    return ReferenceComparison(
        reference.tag, value, reference.value, reference.tolerance, deviation, deviation <= allowed
    )


def significant(value: float, digits: int = DIGITS) -> float:
    """Round to significant digits.

    >>> significant(0.012345), significant(-98765.0)
    (0.0123, -98800.0)
    """
    return float(f"{value:.{digits - 1}e}")
