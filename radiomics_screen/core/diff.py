"""Where two sets of resolved parameters differ."""

from __future__ import annotations

from typing import Any

_ABSENT = "(not set)"


def differences(old: Any, new: Any, place: str = "", *, words: str = "was {}, is now {}") -> list[str]:
    """Return where two resolved parameter sets differ: ``["setting.binWidth: was 25, is now 10"]``."""
    if isinstance(old, dict) and isinstance(new, dict):
        lines = []
        for name in [*old, *(n for n in new if n not in old)]:
            where = f"{place}.{name}" if place else str(name)
            lines += differences(old.get(name, _ABSENT), new.get(name, _ABSENT), where, words=words)
        return lines
    return [] if old == new else [f"{place}: {words.format(old, new)}"]
