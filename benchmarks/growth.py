"""Measure how CPU seconds and memory grow: with the region, the image, the grey levels, the filters.

Synthetic images, one thread, each point in a process of its own.

    python -m benchmarks.growth --peer pyradiomics=/path/to/python --output docs/explanation/speed.md
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import Case
from benchmarks.measuring import Figures, measured
from benchmarks.pictures import Lines, growth, relative
from benchmarks.speed import OURS, PEERS, chosen_engines
from benchmarks.synthetic import ball_mask, texture, write_pair
from benchmarks.writing import machine, put_into, table

#: Side of the texture that larger images are tiled with; it continues seamlessly.
TILE = 128
#: A peer's line ends before a point that would take it longer, if it grew in proportion.
PEER_SECONDS = 60.0


@dataclass
class Series:
    """One question: what is varied, and what came out of it."""

    name: str
    title: str
    axis: str
    sizes: tuple[int, ...]
    points: dict[str, dict[int, Figures]] = field(default_factory=dict)


def all_series() -> list[Series]:
    return [
        Series(
            "roi",
            "balls of growing size, in an image that just holds them; 32 levels",
            "voxels of the region",
            (100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000),
        ),
        Series(
            "image",
            "a ball of 10 000 voxels in images of growing size; 32 levels",
            "voxels of the image",
            tuple(side**3 for side in (64, 128, 192, 256, 384, 512)),
        ),
        Series(
            "levels",
            "a ball of 100 000 voxels with more and more grey levels",
            "grey levels",
            (4, 8, 16, 32, 64, 128, 256, 512, 1024),
        ),
        Series(
            "log",
            "a ball of 10 000 voxels in 128³: the original and LoG of 1.0, 1.1, ... mm; 32 levels",
            "images",
            (1, 2, 3, 5, 9, 17),
        ),
        Series(
            "wavelet",
            "a ball of 10 000 voxels in 128³: wavelet bands of 1, 2, ... levels; 32 levels",
            "images",
            (8, 15, 22, 29),
        ),
    ]


def case_of(series: Series, size: int, folder: Path) -> Case:
    """Make the images and parameters of one point."""
    voxels, side, levels = 10_000, 128, 32
    image_types: dict[str, Any] = {"Original": {}}
    if series.name == "roi":
        voxels, side = size, 2 * math.ceil(_radius(size)) + 3
    elif series.name == "image":
        side = round(size ** (1 / 3))
    elif series.name == "levels":
        voxels, side, levels = 100_000, 64, size
    elif series.name == "log" and size > 1:
        image_types["LoG"] = {"sigma": [round(1 + 0.1 * n, 1) for n in range(size - 1)]}
    elif series.name == "wavelet":
        image_types = {"Wavelet": {"level": (size - 1) // 7}}
    image, mask = write_pair(folder, f"{series.name}{size}", *_ball_in_texture(side, voxels))
    parameters = {"imageType": image_types, "setting": {"binCount": levels}}
    return Case(f"{series.name} {size}", "", image=image, mask=mask, parameters=parameters)


def _radius(voxels: int) -> float:
    return (3 * voxels / (4 * math.pi)) ** (1 / 3)


def _ball_in_texture(side: int, voxels: int) -> tuple[Any, Any]:
    tile = np.round(1000 + 200 * texture((min(side, TILE),) * 3)).astype(np.int16)
    repeats = math.ceil(side / TILE)
    image = np.tile(tile, (repeats,) * 3)[:side, :side, :side] if repeats > 1 else tile
    return np.ascontiguousarray(image), ball_mask((side,) * 3, _radius(voxels))


def measure(series: Series, pythons: Mapping[str, str], seconds: float) -> Iterator[str]:
    """Measure the points of a series; yield a line for the screen after each."""
    going = dict(pythons)
    for size, following in zip(series.sizes, (*series.sizes[1:], 0), strict=True):
        with tempfile.TemporaryDirectory() as scratch:
            case = case_of(series, size, Path(scratch))
            figures = measured(case, going, seconds=seconds, rounds=3)
        for name, f in figures.items():
            if not f.reason:
                series.points.setdefault(name, {})[size] = f
            if f.reason or (name != OURS and f.cpu_s * following / size > PEER_SECONDS):
                del going[name]
        told = [f"{n} {f.reason or f'{f.cpu_s:.4f} s, {taken_mib(f):.0f} MiB'}" for n, f in figures.items()]
        yield f"{series.name} {size:>11,}  " + "  ".join(told)


def taken_mib(f: Figures) -> float:
    """Return how much memory measuring took beyond the libraries and the image, in MiB."""
    return (f.peak_bytes - f.before_bytes) / 2**20


def exponent(points: Mapping[int, float]) -> float:
    """Return p of the n^p that grows from the last but one point to the last."""
    (n1, y1), (n2, y2) = sorted(points.items())[-2:]
    return math.log(y2 / y1) / math.log(n2 / n1)


def growth_text(many: list[Series], picture: str) -> str:
    """Return the tables, with the picture, as Markdown."""
    lines = [f"Measured on: {machine()}.", "", f"![How time and memory grow]({picture})", ""]
    for series in many:
        names = list(series.points)
        heads = [f"{name.replace('_', '-')}, {what}" for name in names for what in ("CPU s", "MiB")]
        rows = []
        for size in series.sizes:
            cells = [f"{size:,}".replace(",", " ")]
            for name in names:
                f = series.points[name].get(size)
                cells += [f"{f.cpu_s:.3g}", f"{taken_mib(f):.0f}"] if f else ["-", "-"]
            rows.append(cells)
        lines += [f"**{series.title[0].upper()}{series.title[1:]}**", ""]
        lines += [*table([series.axis, *heads], rows), ""]
        grown = {n: f.cpu_s for n, f in series.points[OURS].items()}
        if len(grown) > 1:
            lines += [f"From the last but one to the last, time grows as n^{exponent(grown):.2f}.", ""]
    return "\n".join(lines)


def panels_of(many: list[Series]) -> list[tuple[str, Lines, Lines]]:
    """Return what the picture shows: CPU seconds and memory against the size, for each series."""
    panels: list[tuple[str, Lines, Lines]] = []
    for series in many:
        seconds = {n: [(k, f.cpu_s) for k, f in p.items()] for n, p in series.points.items()}
        mib = {n: [(k, max(1.0, taken_mib(f))) for k, f in p.items()] for n, p in series.points.items()}
        panels.append((f"{series.axis}\n({series.name})", seconds, mib))
    return panels


def growth_json(many: list[Series]) -> str:
    """Return all figures as JSON."""
    points = {s.name: {n: {k: f.to_dict() for k, f in p.items()} for n, p in s.points.items()} for s in many}
    return json.dumps({"machine": machine(), "series": points}, indent=1) + "\n"


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    pythons = chosen_engines(options)
    many = [s for s in all_series() if not options.series or s.name in options.series]
    for series in many:
        series.sizes = tuple(size for size in series.sizes if not options.most or size <= options.most)
        for line in measure(series, pythons, options.seconds):
            print(line, flush=True)
    many = [series for series in many if OURS in series.points]
    growth(panels_of(many), options.picture)
    text = growth_text(many, relative(options.picture, options.output))
    if options.output:
        put_into(options.output, "growth", text)
    else:
        print(text)
    if options.json:
        options.json.write_text(growth_json(many), encoding="utf-8")
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.growth",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("--peer", action="append", default=[], metavar="NAME=PYTHON", help=", ".join(PEERS))
    add("--only", action="append", default=[], metavar="NAME", help="only it ('ours': this package)")
    add(
        "--series", action="append", choices=[s.name for s in all_series()], help="only this; may be repeated"
    )
    add("--most", type=int, help="no point beyond this size")
    add("--seconds", type=float, default=2.0, help="CPU seconds for an engine at a point (%(default)s)")
    add("--picture", type=Path, default=Path("docs/pictures/growth.svg"), help="SVG (%(default)s)")
    add("--output", type=Path, help="Markdown file whose section 'growth' is replaced")
    add("--json", type=Path, help="file for all figures")
    return made


if __name__ == "__main__":
    sys.exit(main())
