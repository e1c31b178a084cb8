"""Whether the coded part of a JPEG is sound: decoders fill what they cannot decode with grey, and go on.

The codes are followed without computing a pixel. Source: ITU-T T.81 (1992), annexes F and G.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel

SEQUENTIAL, DC_FIRST, DC_REFINED, AC_FIRST, AC_REFINED = range(5)
#: Zeros behind the data, so that a look ahead needs no check.
PADDING = 16
#: Looked up by the next 16 bits; each entry is 256 * length of the code + symbol, 0 for no code.
CODES = 1 << 16


@lru_cache(maxsize=32)
def code_table(counts: bytes, symbols: bytes) -> NDArray[np.uint16]:
    """Return the table of a Huffman code: how many codes of 1 to 16 bits, and their symbols in order.

    Raises
    ------
    ValueError
        No code can have so many short words.
    """
    table = np.zeros(CODES, np.uint16)
    start = place = 0
    for length, count in enumerate(counts, 1):
        width = 1 << (16 - length)
        for symbol in symbols[place : place + count]:
            if start + width >= CODES:  # no code is all ones
                raise ValueError("a Huffman table is not one")
            table[start : start + width] = 256 * length + symbol
            start += width
        place += count
    table.flags.writeable = False
    return table


@kernel
def follow(
    data: NDArray[np.uint8],
    bits: int,
    tables: NDArray[np.uint16],
    dc: NDArray[np.int64],
    ac: NDArray[np.int64],
    units: int,
    first: int,
    last: int,
    mode: int,
    nonzero: NDArray[np.uint8],
    offset: int,
    components: NDArray[np.int64],
    highest: NDArray[np.int64],
) -> int:
    """Follow the codes of `units` coded units; return the bits they take, or -1 where a code cannot be.

    Parameters
    ----------
    data
        Bytes without stuffing, `PADDING` zeros behind them.
    bits
        Of the data, without the padding.
    tables
        Code tables, shape (table, CODES).
    dc, ac
        For each block of a unit, the row of its tables.
    units
        How many units (MCUs) there are.
    first, last
        Coefficients of the scan.
    mode
        SEQUENTIAL and so on.
    nonzero
        Shape (block, 64): coefficients that earlier scans made nonzero; written.
    offset
        Number of the first block in `nonzero`.
    components
        For each block of a unit, the number of its component in the scan.
    highest
        For each component, the largest mean brightness of a block (DC) that pixels of 8 bits can have.
    """
    brightness = np.zeros(highest.size, np.int64)
    place = 0
    run = 0
    for unit in range(units):
        for block in range(dc.size):
            k = first
            if mode == DC_REFINED:
                place += 1
                if place > bits:
                    return -1
                continue
            if mode in (SEQUENTIAL, DC_FIRST):
                code = tables[dc[block], next_16(data, place)]
                size = int(code) & 255
                place += int(code) >> 8
                if code < 256 or size > 11 or place + size > bits:
                    return -1
                component = components[block]
                if size > 0:
                    difference = next_16(data, place) >> (16 - size)
                    if difference < 1 << (size - 1):
                        difference -= (1 << size) - 1
                    brightness[component] += difference
                place += size
                if abs(brightness[component]) > highest[component]:
                    return -1
                if mode == DC_FIRST:
                    continue
                k = 1
            if mode == AC_REFINED:
                place, run = refined(
                    data, place, bits, tables[ac[block]], k, last, nonzero[offset + unit], run
                )
                if place < 0:
                    return -1
                continue
            if run > 0:
                run -= 1
                continue
            while k <= last:
                code = tables[ac[block], next_16(data, place)]
                skipped, size = (int(code) & 255) >> 4, int(code) & 15
                place += int(code) >> 8
                if code < 256 or size > 10 or place > bits:
                    return -1
                if size == 0 and skipped < 15:
                    if mode == SEQUENTIAL and skipped > 0:
                        return -1
                    run = (1 << skipped) - 1 + (next_16(data, place) >> (16 - skipped))
                    place += skipped
                    break
                k += skipped
                if k > last:
                    return -1
                if size > 0 and mode == AC_FIRST:
                    nonzero[offset + unit, k] = 1
                place += size
                k += 1
            if place > bits:
                return -1
    return place if run == 0 else -1


@kernel
def next_16(data: NDArray[np.uint8], place: int) -> int:
    """Return the 16 bits from a place on."""
    n = place >> 3
    three = (int(data[n]) << 16) | (int(data[n + 1]) << 8) | int(data[n + 2])
    return (three >> (8 - (place & 7))) & 0xFFFF


@kernel
def refined(
    data: NDArray[np.uint8],
    place: int,
    bits: int,
    table: NDArray[np.uint16],
    k: int,
    last: int,
    nonzero: NDArray[np.uint8],
    run: int,
) -> tuple[int, int]:
    """Follow one block of a scan that refines; return the place (-1: a wrong code) and the run of blocks."""
    if run == 0:
        while k <= last:
            code = table[next_16(data, place)]
            skipped, size = (int(code) & 255) >> 4, int(code) & 15
            place += int(code) >> 8
            if code < 256 or size > 1 or place > bits:
                return -1, 0
            if size == 0 and skipped < 15:
                run = (1 << skipped) + (next_16(data, place) >> (16 - skipped))
                place += skipped
                break
            place += size
            while k <= last:
                if nonzero[k] > 0:
                    place += 1
                else:
                    if skipped == 0:
                        break
                    skipped -= 1
                k += 1
            if place > bits:
                return -1, 0
            if size == 1:
                if k > last:
                    return -1, 0
                nonzero[k] = 1
            k += 1
    if run > 0:
        while k <= last:
            place += int(nonzero[k] > 0)
            k += 1
        run -= 1
    if place > bits:
        return -1, 0
    return place, run
