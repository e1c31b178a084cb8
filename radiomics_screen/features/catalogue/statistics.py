"""What intensities and the bins of their histogram are both described by."""

from __future__ import annotations

from radiomics_screen.features.catalogue.aggregations import VOLUME
from radiomics_screen.features.catalogue.facts import Facts

SYMBOLS = (
    "m = sum x / N is their mean, v = sum (x - m)^2 / N their variance; P(q) is the q-th percentile: in "
    "ascending order, counted from 0, the value at place (N - 1) q / 100, interpolated linearly between the "
    "values before and after it."
)

#: (formula, power of the unit of x that the value has), in the order of the families of the IBSI.
FORMULAS = (
    ("m = sum x / N", 1),
    ("v = sum (x - m)^2 / N", 2),
    ("sum (x - m)^3 / N / v^(3/2); 0 where v = 0", 0),
    ("sum (x - m)^4 / N / v^2 - 3; 0 where v = 0", 0),
    ("P(50)", 1),
    ("min x", 1),
    ("P(10)", 1),
    ("P(90)", 1),
    ("max x", 1),
    ("P(75) - P(25)", 1),
    ("max x - min x", 1),
    ("sum |x - m| / N", 1),
    (
        "mean of |x - r| over the x with P(10) <= x <= P(90), r their mean; NaN where there are none",
        1,
    ),
    ("sum |x - P(50)| / N (a mean, in spite of its name)", 1),
    ("sqrt(v) / m; NaN where m = 0", 0),
    ("(P(75) - P(25)) / (P(75) + P(25)); NaN where the divisor is 0", 0),
)


def statistics_facts(family_code: str, unit: str, rows: tuple[tuple[str, str, str], ...]) -> dict[str, Facts]:
    """Make facts of rows (feature, code, title), in the order of FORMULAS."""
    units = ("1", unit, f"{unit}^2")
    return {
        name: Facts(title, code, units[power], formula, family_code, aggregation=VOLUME)
        for (name, code, title), (formula, power) in zip(rows, FORMULAS, strict=True)
    }
