"""Where a table's provenance lies, and what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from radiomics_screen.core.errors import TableError


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
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as failure:
        raise TableError(f"{path} cannot be read: {failure}; move it away to go on without it") from failure
    return content if isinstance(content, dict) else None
