"""Separable convolutions under all right-angle rotations, and how their responses are pooled.

To turn the image, filter it and turn the response back is to turn the filter: its kernels change
axes, and some of them run backwards. Many rotations share passes along an axis, and some are the same
but for a sign; each pass is made once.

Source: IBSI reference manual, part 2 (rotational invariance by right angles, O1AQ).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations, product
from typing import Literal

import numpy as np

from radiomics_screen.filters.numerics.boundary import Array

Pooling = Literal["max", "mean", "min"]

#: A kernel of odd length, centred.
Kernel = tuple[float, ...]


@dataclass(frozen=True)
class Turn:
    """A rotation by right angles: which axis' kernel each axis gets, and whether it runs backwards."""

    source: tuple[int, ...]
    backwards: tuple[bool, ...]

    def apply(self, kernels: Sequence[Kernel]) -> tuple[Kernel, ...]:
        """Return the kernels of the turned filter."""
        moved = (kernels[axis] for axis in self.source)
        return tuple(k[::-1] if back else k for k, back in zip(moved, self.backwards, strict=True))


def turns(dimensions: int, invariant: bool) -> list[Turn]:
    """Return all proper rotations, 24 in 3-D and 4 in 2-D; only the one that does nothing if not asked."""
    if not invariant:
        return [Turn(tuple(range(dimensions)), (False,) * dimensions)]
    return [
        Turn(source, backwards)
        for source in permutations(range(dimensions))
        for backwards in product((False, True), repeat=dimensions)
        if (_odd(source) + sum(backwards)) % 2 == 0
    ]


def _odd(order: Sequence[int]) -> int:
    return sum(order[i] > order[j] for j in range(len(order)) for i in range(j))


@dataclass
class Pool:
    """Responses joined voxel by voxel."""

    pooling: Pooling
    _value: Array | None = None
    _count: int = 0

    def add(self, response: Array, plus: int = 1, minus: int = 0) -> None:
        """Add a response `plus` times, and its negative `minus` times; it may be kept and changed."""
        self._count += plus + minus
        if self.pooling == "mean":
            self._take(response if plus - minus == 1 else response * (plus - minus), np.add)
        else:
            join = np.maximum if self.pooling == "max" else np.minimum
            if minus:
                self._take(-response, join)
            if plus:
                self._take(response, join)

    def _take(self, response: Array, join: np.ufunc) -> None:
        if self._value is None:
            self._value = response
        else:
            join(self._value, response, out=self._value)

    def result(self) -> Array:
        """Return the pooled responses."""
        assert self._value is not None
        if self.pooling == "mean" and self._count > 1:
            self._value /= self._count
            self._count = 1
        return self._value


@dataclass
class Combination:
    """Kernels along the axes, and which pools get the response how often, and its negative how often."""

    kernels: tuple[Kernel, ...]
    plus: dict[str, int] = field(default_factory=dict)
    minus: dict[str, int] = field(default_factory=dict)


def combinations(filters: Mapping[str, Sequence[Kernel]], rotations: Sequence[Turn]) -> list[Combination]:
    """Return the different filters among all turned ones.

    Parameters
    ----------
    filters
        For each pool the kernels, one an axis.
    """
    found: dict[tuple[Kernel, ...], Combination] = {}
    for pool, kernels in filters.items():
        for turn in rotations:
            turned, sign = [], 1
            for kernel in turn.apply(kernels):
                negative = tuple(-tap for tap in kernel)
                flips = negative == kernel[::-1] and negative < kernel
                turned.append(negative if flips else kernel)
                sign = -sign if flips else sign
            combination = found.setdefault(tuple(turned), Combination(tuple(turned)))
            counts = combination.plus if sign > 0 else combination.minus
            counts[pool] = counts.get(pool, 0) + 1
    return list(found.values())


def pooled(
    data: Array,
    axes: Sequence[int],
    filters: Mapping[str, Sequence[Kernel]],
    rotations: Sequence[Turn],
    pools: Mapping[str, Pool],
) -> None:
    """Convolve with every turned filter and add the responses to the pools.

    Parameters
    ----------
    data
        Image, wider than what is wanted by the kernels' reach at both ends of every axis in `axes`.
    axes
        Axis of each kernel.
    filters, pools
        Kernels, all of one length, and where their responses go.
    """
    for response, combination in _responses(data, axes, combinations(filters, rotations), 0):
        users = list(dict.fromkeys([*combination.plus, *combination.minus]))
        for pool in users:
            own = response if pool is users[-1] else response.copy()
            pools[pool].add(own, combination.plus.get(pool, 0), combination.minus.get(pool, 0))


def _responses(
    data: Array, axes: Sequence[int], wanted: list[Combination], done: int
) -> Iterator[tuple[Array, Combination]]:
    if done == len(axes):
        yield data, wanted[0]
        return
    groups: dict[Kernel, list[Combination]] = {}
    for combination in wanted:
        groups.setdefault(combination.kernels[done], []).append(combination)
    for kernel, group in groups.items():
        yield from _responses(convolve(data, kernel, axes[done]), axes, group, done + 1)


def convolve(data: Array, kernel: Kernel, axis: int) -> Array:
    """Convolve along an axis, where the whole kernel lies on the data: shorter by the kernel's reach.

    Each value is formed by itself in a fixed order: it does not depend on where the data begin.
    """
    from scipy.ndimage import convolve1d  # takes a while to import, and few parameter files need it

    reach = len(kernel) // 2
    full = convolve1d(data, kernel, axis=axis, mode="constant")
    return np.ascontiguousarray(full[(slice(None),) * axis + (slice(reach, full.shape[axis] - reach),)])
