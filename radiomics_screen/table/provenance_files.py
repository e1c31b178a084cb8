"""Where a table's provenance lies, and what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from radiomics_screen.core.errors import TableError
from radiomics_screen.core.regular_files import require_regular


def provenance_path(path: str | Path) -> Path:
    """Return where a table's provenance lies: ``features.provenance.json`` beside ``features.parquet``.

    Where that is the provenance of another table (``features.csv``), the ending stays in the name.
    """
    path = Path(path)
    short, full = (path.with_name(f"{stem}.provenance.json") for stem in (path.stem, path.name))
    return full if full.exists() or _is_of_other(short, path) else short


def _is_of_other(provenance: Path, table: Path) -> bool:
    named = (read_json(provenance) or {}).get("table", table.name)
    return named != table.name and table.with_name(named).exists()


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the content of a provenance; None where there is none, or it is no provenance.

    Raises
    ------
    TableError
        It cannot be read.
    """
    try:
        require_regular(path)
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as failure:
        raise TableError(f"{path} cannot be read: {failure}; move it away to go on without it") from failure
    return sound_provenance(content, path) if isinstance(content, dict) else None


def sound_provenance(content: dict[str, Any], origin: Path) -> dict[str, Any]:
    """Return a provenance whose entries are of the kinds that reading a table relies on.

    Raises
    ------
    TableError
        One is not.
    """
    for name, (is_sound, wanted) in _ENTRIES.items():
        if content.get(name) is not None and not is_sound(content[name]):
            raise TableError(
                f"{origin}: the entry '{name}' of the provenance must be {wanted}; extract the "
                "table again, or move the provenance away to go on without it"
            )
    return {name: value for name, value in content.items() if value is not None or name not in _ENTRIES}


def _is_file_name(value: Any) -> bool:
    return isinstance(value, str) and value not in ("", ".", "..") and not re.search(r"[/\\\0]", value)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _are_texts_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(kind, str) for kind in value.values())


_ENTRIES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "table": (_is_file_name, "the name of a file"),
    "features": (_are_names, "a list of names"),
    "carried": (_are_texts_by_name, "names with the type of each"),
    "parameters": (lambda value: isinstance(value, dict), "the content of a parameter file"),
    "digest": (lambda value: isinstance(value, str), "a text"),
}
