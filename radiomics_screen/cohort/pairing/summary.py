"""What pairing found, in lines for a person."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path

from radiomics_screen.cohort.pairing.find import FoundCases
from radiomics_screen.core.plurals import counted

_NAMED = 5
_KINDS = {
    "image": ("image without mask", "images without mask"),
    "mask": ("mask without image", "masks without image"),
    "unreadable": ("unreadable file", "unreadable files"),
}


def summary_of(found: FoundCases, path: Path, unpaired: Path | None, montage: Path | None) -> str:
    """Return what was found and written: a heading and its text in each line.

    Parameters
    ----------
    found
        What pairing found.
    path, unpaired, montage
        The files that were written.
    """
    doubtful = f", {len(found.doubtful)} of them doubtful" if found.doubtful else ""
    shown = f" ({montage})" if montage is not None else ""
    lines = [("cases", f"{path}: {counted(len(found.pairs), 'pair')}{doubtful}{shown}")]
    if not found.is_checked:
        lines.append(("unchecked", "masks were not read: sizes, labels and empty masks are not known"))
    if unpaired is not None:
        lines.append(("unpaired", f"{_kinds(found)} ({unpaired})"))
        lines += [("", f"{one.relative}: {one.reason}") for one in found.unpaired[:_NAMED]]
        if len(found.unpaired) > _NAMED:
            lines.append(("", f"and {len(found.unpaired) - _NAMED} more"))
    if others := +found.others:
        listed = ", ".join(f"{name} {count}" for name, count in sorted(others.items()))
        lines.append(("left out", f"{counted(sum(others.values()), 'file')} without an image: {listed}"))
    lines.append(("patients", found.patients))
    lines += _presets(found)
    lines.append(("next", _next(found, path)))
    return "\n".join(f"{heading:<12}{text}" for heading, text in lines)


def _kinds(found: FoundCases) -> str:
    counts = Counter(one.kind for one in found.unpaired)
    return ", ".join(counted(counts[kind], *words) for kind, words in _KINDS.items() if counts[kind])


def _presets(found: FoundCases) -> list[tuple[str, str]]:
    looked_at = sum(one.images for one in found.suggestions)
    return [
        (
            "preset",
            f"{one.preset or 'none fits'}: {one.reason} ({one.images} of {looked_at} images looked at)",
        )
        for one in found.suggestions
    ] + [("", "a suggestion: check it; `radiomics-screen params --list` shows all presets")]


def _next(found: FoundCases, path: Path) -> str:
    names = {one.preset for one in found.suggestions}
    preset = f" --preset {names.pop()}" if len(names) == 1 and "" not in names else ""
    return f"radiomics-screen extract {shlex.quote(str(path))}{preset} --output features.parquet"
