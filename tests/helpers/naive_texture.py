"""IBSI's texture features computed slowly, one voxel after the other, from their definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from math import log2

import numpy as np

from radiomics_screen.features.region import Region

DIRECTIONAL = ("cm", "rlm")

Place = tuple[int, ...]
Levels = dict[Place, int]
Matrix = Counter[tuple[int, int]]


def levels_of(region: Region) -> Levels:
    """Grey level of each voxel, by its place."""
    return dict(zip(map(tuple, np.argwhere(region.mask).tolist()), region.levels.tolist(), strict=True))


def offsets(flat: bool, distances: tuple[int, ...] = (1,)) -> list[Place]:
    """All neighbours, of two opposite ones both."""
    reach = range(-max(distances), max(distances) + 1)
    return [o for o in product(reach, repeat=3) if max(map(abs, o)) in distances and not (flat and o[0])]


def moved(place: Place, step: Place, times: int = 1) -> Place:
    return tuple(a + times * b for a, b in zip(place, step, strict=True))


def naive_pairs(part: Levels, step: Place) -> Matrix:
    pairs: Matrix = Counter()
    for place, level in part.items():
        if (there := moved(place, step)) in part:
            pairs.update([(level, part[there]), (part[there], level)])
    return pairs


def naive_runs(part: Levels, step: Place) -> Matrix:
    runs: Matrix = Counter()
    for place, level in part.items():
        if part.get(moved(place, step, -1)) != level:
            length = 1
            while part.get(moved(place, step, length)) == level:
                length += 1
            runs[level, length] += 1
    return runs


def naive_zones(part: Levels, flat: bool) -> Iterator[tuple[int, list[Place]]]:
    left = dict(part)
    while left:
        place, level = left.popitem()
        zone = [place]
        for member in zone:
            for o in offsets(flat):
                if left.get(moved(member, o)) == level:
                    zone.append(moved(member, o))
                    del left[zone[-1]]
        yield level, zone


def naive_depth(drawn: np.ndarray, place: Place, flat: bool) -> int:
    outside = np.argwhere(~np.pad(drawn, 1)) - 1
    if flat:
        outside = outside[outside[:, 0] == place[0]]
    return int(np.abs(outside - np.array(place)).sum(axis=1).min())


def naive_neighbours(part: Levels, place: Place, around: list[Place]) -> list[int]:
    return [part[there] for o in around if (there := moved(place, o)) in part]


def cm_values(matrix: Matrix, highest: int) -> dict[str, float]:
    p = {key: n / matrix.total() for key, n in matrix.items()}
    mean = sum(i * q for (i, _), q in p.items())
    variance = sum((i - mean) ** 2 * q for (i, _), q in p.items())
    covariance = sum((i - mean) * (j - mean) * q for (i, j), q in p.items())
    difference: Counter[int] = Counter()
    for (i, j), q in p.items():
        difference[abs(i - j)] += q  # type: ignore[assignment]
    least = sum(k * q for k, q in difference.items())
    return {
        "joint_max": max(p.values()),
        "joint_avg": mean,
        "joint_entr": -sum(q * log2(q) for q in p.values()),
        "diff_var": sum((k - least) ** 2 * q for k, q in difference.items()),
        "dissimilarity": least,
        "inv_diff_mom_norm": sum(q / (1 + ((i - j) / highest) ** 2) for (i, j), q in p.items()),
        "corr": covariance / variance if len({i for i, _ in p}) > 1 else 1.0,
        "clust_shade": sum((i + j - 2 * mean) ** 3 * q for (i, j), q in p.items()),
        "sum_var": sum((i + j - 2 * mean) ** 2 * q for (i, j), q in p.items()),
    }


def size_values(matrix: Matrix, names: dict[str, str], per_voxel: float) -> dict[str, float]:
    """Values of a matrix of level by size; `names` gives the family's own names of them."""
    total = matrix.total()
    mean = sum(j * n for (_, j), n in matrix.items()) / total
    sizes: Counter[int] = Counter()
    for (_, j), n in matrix.items():
        sizes[j] += n
    values = {
        "small": sum(n / j**2 for (_, j), n in matrix.items()) / total,
        "high": sum(n * i**2 for (i, _), n in matrix.items()) / total,
        "large low": sum(n * j**2 / i**2 for (i, j), n in matrix.items()) / total,
        "non-uniformity": sum(n**2 for n in sizes.values()) / total,
        "percentage": per_voxel,
        "variance": sum((j - mean) ** 2 * n for (_, j), n in matrix.items()) / total,
        "entropy": -sum(n / total * log2(n / total) for n in matrix.values()),
    }
    return {own: values[name] for name, own in names.items()}


def names_of(*names: str) -> dict[str, str]:
    meanings = ("small", "high", "large low", "non-uniformity", "percentage", "variance", "entropy")
    return dict(zip(meanings, names, strict=True))


RLM = names_of("sre", "hgre", "lrlge", "rlnu", "r_perc", "rl_var", "rl_entr")
SZM = names_of("sze", "hgze", "lzlge", "zsnu", "z_perc", "zs_var", "zs_entr")
DZM = names_of("sde", "hgze", "ldlge", "zdnu", "z_perc", "zd_var", "zd_entr")
NGL = names_of("lde", "hgce", "hdlge", "dcnu", "dc_perc", "dc_var", "dc_entr")


def ngt_values(part: Levels, around: list[Place]) -> dict[str, float] | None:
    number: Counter[int] = Counter()
    difference: dict[int, float] = {}
    for place, level in part.items():
        if near := naive_neighbours(part, place, around):
            number[level] += 1
            difference[level] = difference.get(level, 0) + abs(level - float(np.mean(near)))
    if not number:
        return None
    p = {i: n / number.total() for i, n in number.items()}
    both = list(product(p, p))
    gaps = sum(abs(i * p[i] - j * p[j]) for i, j in both)
    coarse = sum(p[i] * difference[i] for i in p)
    return {
        "coarseness": 1 / coarse if coarse else 1e6,
        "busyness": coarse / gaps if len(p) > 1 else 0.0,
        "complexity": sum(
            abs(i - j) * (p[i] * difference[i] + p[j] * difference[j]) / (p[i] + p[j]) for i, j in both
        )
        / number.total(),
    }


def along_directions(
    name: str, part: Levels, region: Region, flat: bool, merged: bool, distances: tuple[int, ...]
) -> Iterator[dict[str, float]]:
    """Values of the matrices of a part of the region, one a direction or all in one."""
    count: Callable[[Levels, Place], Matrix] = naive_pairs if name == "cm" else naive_runs
    units = [o for o in offsets(flat) if o > (0, 0, 0)]
    matrices = [count(part, moved((0, 0, 0), o, distance)) for distance in distances for o in units]
    counted_in_each = len(part)
    if merged:
        counted_in_each *= len(matrices)
        matrices = [sum(matrices, Counter())]
    for matrix in filter(None, matrices):
        if name == "cm":
            yield cm_values(matrix, region.highest_level)
        else:
            yield size_values(matrix, RLM, matrix.total() / counted_in_each)


def around_voxels(
    name: str, part: Levels, region: Region, flat: bool, distances: tuple[int, ...]
) -> Iterator[dict[str, float]]:
    """Values of the one matrix of a part of the region, if there is any."""
    around = offsets(flat, distances)
    if name == "ngt":
        if (values := ngt_values(part, around)) is not None:
            yield values
    elif name == "ngl":
        matrix = Counter((v, 1 + naive_neighbours(part, p, around).count(v)) for p, v in part.items())
        energy = sum((n / len(part)) ** 2 for n in matrix.values())
        yield {**size_values(matrix, NGL, 1.0), "dc_energy": energy}
    else:
        zones = list(naive_zones(part, flat))
        drawn = region.morphological.mask
        if name == "szm":
            matrix = Counter((level, len(zone)) for level, zone in zones)
        else:
            matrix = Counter((v, min(naive_depth(drawn, p, flat) for p in zone)) for v, zone in zones)
        yield size_values(matrix, SZM if name == "szm" else DZM, len(zones) / len(part))


def naive(
    name: str, region: Region, aggregation: str, distances: tuple[int, ...] = (1,)
) -> dict[str, float] | None:
    """Compute some features of an aggregation from the definitions; None where no matrix has any content."""
    levels = levels_of(region)
    flat = not aggregation.startswith("3D")
    parts = [levels]
    if aggregation.startswith("2D"):
        parts = [{p: v for p, v in levels.items() if p[0] == z} for z in sorted({p[0] for p in levels})]
    rows: list[dict[str, float]] = []
    for part in parts:
        if name in DIRECTIONAL:
            rows.extend(along_directions(name, part, region, flat, aggregation.endswith("comb"), distances))
        else:
            rows.extend(around_voxels(name, part, region, flat, distances))
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]} if rows else None
