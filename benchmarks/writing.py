"""Figures as lines, tables and sections of a document."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.measuring import Figures

Rows = Sequence[tuple[Case, Mapping[str, Figures]]]


def machine() -> str:
    """Say what this is measured on: processor, cores, memory, system, Python."""
    model, memory = platform.processor() or platform.machine(), ""
    cpu, meminfo = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    if cpu.exists():
        named = [line for line in cpu.read_text().splitlines() if line.startswith("model name")]
        model = named[0].split(":", 1)[1].strip() if named else model
    if meminfo.exists():
        total = int(meminfo.read_text().split()[1]) / 2**20
        memory = f", {total:.0f} GiB of memory"
    return (
        f"{model}, {os.cpu_count()} cores{memory}, {platform.system()}, "
        f"Python {platform.python_version()}; one thread"
    )


def line_of(case: Case, figures: Mapping[str, Figures]) -> str:
    """Say what one case took, for the screen."""
    parts = [f"{case.name:<17}"]
    for name, f in figures.items():
        parts.append(f"{name}: {f.reason}" if f.reason else f"{name} {f.cpu_s:.4f} s ({_mib(f.peak_bytes)})")
    return "  ".join(parts)


def speed_table(rows: Rows, versions: Mapping[str, str]) -> str:
    """Return the tables of CPU seconds, wall seconds and memory as Markdown."""
    ours, *peers = versions
    titles = [f"{name.replace('_', '-')} {version}" for name, version in versions.items()]
    cpu, wall, memory = [], [], []
    for case, figures in rows:
        measured = [figures[name] for name in versions]
        ratios = [_ratio(figures[ours], figures[peer]) for peer in peers]
        cpu.append([case.title, *map(_seconds, measured), *ratios])
        wall.append([case.title, *(_absent(f) or f"{f.wall_s:.3g}" for f in measured)])
        memory.append([case.title, *map(_memory, measured)])
    faster = [f"{peer} / {ours.replace('_', '-')}" for peer in peers]
    return "\n".join(
        [
            f"Measured on: {machine()}.",
            "",
            "CPU seconds (median; smallest to largest in brackets):",
            "",
            *table(["case", *titles, *faster], cpu),
            "",
            "Wall seconds (median):",
            "",
            *table(["case", *titles], wall),
            "",
            "Largest memory of a process for this case alone (in brackets: just before it measures):",
            "",
            *table(["case", *titles], memory),
            "",
        ]
    )


def speed_json(rows: Rows, versions: Mapping[str, str]) -> str:
    """Return all figures as JSON."""
    content = {
        "machine": machine(),
        "versions": dict(versions),
        "cases": [
            {"name": c.name, "title": c.title, "engines": {n: f.to_dict() for n, f in figures.items()}}
            for c, figures in rows
        ],
    }
    return json.dumps(content, indent=1) + "\n"


def put_into(path: Path, section: str, text: str) -> None:
    """Replace what stands between the marks of a section in a Markdown file; add it where there is none."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    new = f"{begin}\n{text.strip()}\n{end}"
    if begin in old and end in old:
        head, rest = old.split(begin, 1)
        new = head + new + rest.split(end, 1)[1]
    else:
        new = f"{old.rstrip()}\n\n{new}\n".lstrip()
    path.write_text(new, encoding="utf-8")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; all columns but the first hold numbers."""
    rule = ["---"] + ["---:"] * (len(heads) - 1)
    return ["| " + " | ".join(cells) + " |" for cells in (heads, rule, *rows)]


def _seconds(f: Figures) -> str:
    if f.reason or f.runs < 2:
        return _absent(f) or f"{f.cpu_s:.3g}"
    return f"{f.cpu_s:.3g} ({f.cpu_low_s:.2g} to {f.cpu_high_s:.2g})"


def _memory(f: Figures) -> str:
    return _absent(f) or f"{_mib(f.peak_bytes)} ({_mib(f.before_bytes)})"


def _ratio(ours: Figures, peer: Figures) -> str:
    return "-" if ours.reason or peer.reason else f"{peer.cpu_s / ours.cpu_s:.3g}"


def _absent(f: Figures) -> str:
    """Say why there is no figure; "" where there is one."""
    if f.reason.startswith("failed"):
        return f.reason
    return f"- ({f.reason})" if f.reason else ""


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
