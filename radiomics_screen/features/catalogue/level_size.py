"""What counts of grey level by size, distance or dependence have in common: seventeen formulas."""

from __future__ import annotations

from dataclasses import dataclass

from radiomics_screen.features.catalogue.facts import Facts


@dataclass(frozen=True)
class Counted:
    """What a matrix s(i,j) counts, as words that complete "the number of ...".

    Attributes
    ----------
    by_level, by_size, by_both
        Things of level i; of size j; of level i and size j.
    percentage
        How many things there are for each voxel.
    """

    by_level: str
    by_size: str
    by_both: str
    percentage: str


#: In the order of the families of the IBSI.
FORMULAS = (
    "(1/Ns) sum_j s_j / j^2, {s_j}",
    "(1/Ns) sum_j j^2 s_j, {s_j}",
    "(1/Ns) sum_i s_i / i^2, {s_i}",
    "(1/Ns) sum_i i^2 s_i, {s_i}",
    "(1/Ns) sum_ij s(i,j) / (i^2 j^2), {s_ij}",
    "(1/Ns) sum_ij i^2 s(i,j) / j^2, {s_ij}",
    "(1/Ns) sum_ij j^2 s(i,j) / i^2, {s_ij}",
    "(1/Ns) sum_ij i^2 j^2 s(i,j), {s_ij}",
    "(1/Ns) sum_i s_i^2, {s_i}",
    "(1/Ns^2) sum_i s_i^2, {s_i}",
    "(1/Ns) sum_j s_j^2, {s_j}",
    "(1/Ns^2) sum_j s_j^2, {s_j}",
    "{percentage}",
    "(1/Ns) sum_i (i - m)^2 s_i, m = (1/Ns) sum_i i s_i, {s_i}",
    "(1/Ns) sum_j (j - m)^2 s_j, m = (1/Ns) sum_j j s_j, {s_j}",
    "-sum_ij p log2 p, p = s(i,j) / Ns, 0 log2 0 = 0, {s_ij}",
    "sum_ij p^2, p = s(i,j) / Ns, {s_ij}",
)


def symbols(counted: Counted) -> str:
    """Return what the formulas' symbols stand for."""
    return (
        f"s(i,j) is the number of {counted.by_both}; i is the grey level itself, from 1, and j counts from "
        "1; s_i = sum_j s(i,j), s_j = sum_i s(i,j), Ns = sum_ij s(i,j)."
    )


def level_size_facts(
    family_code: str, counted: Counted, rows: tuple[tuple[str, str, str], ...]
) -> dict[str, Facts]:
    """Make the facts of a family from rows (feature, code, title), in the order of FORMULAS."""
    words = {
        "s_i": f"s_i the number of {counted.by_level}",
        "s_j": f"s_j the number of {counted.by_size}",
        "s_ij": f"s(i,j) the number of {counted.by_both}",
        "percentage": counted.percentage,
    }
    return {
        name: Facts(title, code, "1", formula.format(**words), family_code)
        for (name, code, title), formula in zip(rows, FORMULAS, strict=False)
    }
