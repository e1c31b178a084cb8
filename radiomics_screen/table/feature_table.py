"""The feature table on disk: one row a case, and beside it how it came about.

Columns, in this order: ``case_id, patient_id, image, mask, label``, the carried columns of the
cohort, ``status, error, warnings, seconds, case_key``, and the features. Parquet and CSV keep every
value bit for bit. A Parquet file also carries in itself what is needed to understand and continue
it, the roles of its columns among it; the full provenance is the JSON file beside the table.
"""

from __future__ import annotations

import csv
import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from radiomics_screen.core.columns import IDENTITY, STATUS, Column, Role
from radiomics_screen.core.errors import TableError
from radiomics_screen.core.headings import plain_heading
from radiomics_screen.core.older_options import with_present_names
from radiomics_screen.core.printable import cause_of
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.table.csv_files import TEXT_KINDS
from radiomics_screen.table.formats import READERS, WRITERS, ending_of, replace, to_arrow
from radiomics_screen.table.origin import Origin
from radiomics_screen.table.provenance_files import provenance_path, read_json, sound_provenance
from radiomics_screen.table.roles import columns_of, content_of, sort_columns

__all__ = [
    "IDENTITY",
    "OUTCOME",
    "FeatureTable",
    "as_table",
    "provenance_path",
    "read_table",
    "require_writable",
    "table_of",
    "values_digest",
    "with_origin",
    "write_frame",
    "write_table",
]

if TYPE_CHECKING:
    import pandas as pd  # takes a while to import: a run needs it when all is measured

#: Columns after those that are carried from the cohort.
OUTCOME = STATUS

_METADATA = b"radiomics_screen"
_ORIGIN = "radiomics_screen"  # key in the attributes of a DataFrame
#: What of the provenance travels inside a Parquet file: nothing that depends on the clock or the machine.
_EMBEDDED = (
    "package", "version", "engine", "fingerprint", "content", "parameters", "files", "features", "digest",
    "carried", "columns",
)  # fmt: skip

#: Headings of other programs, and the columns that they name.
_HEADINGS = {
    "image": "image",
    "mask": "mask",
    "label": "label",
    "id": "case_id",
    "case_id": "case_id",
    "patient_id": "patient_id",
}


@dataclass(frozen=True)
class FeatureTable:
    """A feature table in memory.

    Attributes
    ----------
    frame
        One row a case.
    features
        Names of the feature columns, in their order.
    provenance
        How the table came about, with the resolved ``"parameters"``; None where nothing says so,
        as with a table of pyradiomics.
    columns
        What each column is, by its name: the role, and of a feature its region, image, family and block.
        Columns that are not given here are understood by their names.
    """

    frame: pd.DataFrame
    features: list[str]
    provenance: dict[str, Any] | None = None
    columns: Mapping[str, Column] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", columns_of(self.frame, self.features, self.columns))

    def of_role(self, *roles: Role) -> list[str]:
        """Return the names of the columns of some roles, in their order."""
        return [name for name, column in self.columns.items() if column.role in roles]


def read_table(path: str | Path) -> FeatureTable:
    """Read a feature table from a Parquet or CSV file, of this package or of pyradiomics.

    Identifiers stay text. Each column has the role that is stored with the table. Where none is stored,
    features are those that are named by a known image type and a known family; where columns may be
    features of a package that is not installed, a remark names them, and they are carried. A provenance
    whose digest is not that of the values is left aside, with a remark.

    Raises
    ------
    TableError
        There is no such file, it cannot be read, two columns share a name, or a feature is no number.
    """
    path = Path(path)
    if not path.is_file():
        raise TableError(f"there is no table {path}; `radiomics-screen extract` makes one")
    provenance = _provenance_beside(path)
    try:
        stored = READERS[ending_of(path, READERS)](path, provenance or {})
    except (pa.ArrowException, OSError, UnicodeError, csv.Error) as failure:
        raise TableError(f"{path} cannot be read as a table: {cause_of(failure)}") from failure
    names = stored.column_names
    if twice := sorted(n for n, times in Counter(names).items() if times > 1):
        raise TableError(f"{path} has more than one column named {', '.join(twice)}")
    embedded = (stored.schema.metadata or {}).get(_METADATA)
    if embedded is not None:
        provenance = {**(provenance or {}), **_embedded(embedded, path)}
    if provenance and "parameters" in provenance:
        provenance = {**provenance, "parameters": with_present_names(provenance["parameters"])}
    frame = _with_identity(_typed(stored, provenance or {}, path))
    complete = provenance is not None and "digest" in provenance and "columns" not in provenance
    found = sort_columns(frame, provenance, complete=complete)
    features = found.features
    _require_numbers(frame, features, path)
    for remark in found.remarks(str(path)):
        add_remark(remark)
    if provenance and "package" not in provenance and "digest" not in provenance:
        provenance = None  # written by hand, to say which columns are features
    if provenance and provenance.get("digest") != values_digest(frame, features):
        add_remark(
            f"{path}: its values are not those that its provenance tells of, so nothing is known of how they "
            "were extracted; a model of them can be evaluated, but cannot read new images. To add a column, "
            "add it to the cases file and run `radiomics-screen extract` again"
        )
        provenance = None
    return FeatureTable(frame, features, provenance, found.columns)


def _embedded(text: bytes, path: Path) -> dict[str, Any]:
    """Return the provenance that a table holds in itself."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as failure:
        raise TableError(f"{path}: the provenance stored in it is damaged: {cause_of(failure)}") from failure
    if not isinstance(found, dict):
        raise TableError(f"{path}: the provenance stored in it is damaged: it is no JSON object")
    return sound_provenance(found, path)


def _typed(stored: pa.Table, provenance: dict[str, Any], path: Path) -> pd.DataFrame:
    """Return a stored table as a frame, with the types that the provenance tells of."""
    try:
        return _with_types(stored.to_pandas(), provenance)
    except (pa.ArrowException, ValueError, LookupError, TypeError, AttributeError) as failure:
        raise TableError(f"{path} cannot be read as a table: {cause_of(failure)}") from failure


def values_digest(frame: pd.DataFrame, features: list[str]) -> str:
    """Return the digest of the feature columns: names, order and every bit of their values."""
    values = np.ascontiguousarray(frame[features].to_numpy(np.float64))
    digest = hashlib.blake2b(json.dumps(features).encode(), digest_size=16)
    digest.update(np.where(np.isnan(values), np.nan, values).tobytes())
    return digest.hexdigest()


def with_origin(frame: pd.DataFrame, features: list[str], origin: dict[str, Any]) -> pd.DataFrame:
    """Record the provenance of a table in memory, as its file would on disk."""
    digest = values_digest(frame, features)
    frame.attrs[_ORIGIN] = Origin({**origin, "features": features, "digest": digest})
    return frame


def as_table(frame: pd.DataFrame) -> FeatureTable:
    """Take a table in memory as a feature table; its origin counts as long as its values are the same."""
    origin = frame.attrs.get(_ORIGIN)
    found = sort_columns(frame, origin)
    for remark in found.remarks("the table"):
        add_remark(remark)
    if origin and origin["digest"] != values_digest(frame, found.features):
        if found.joined:
            add_remark(
                f"the table has {len(found.joined)} features that were joined to it (such as "
                f"{found.joined[0]}), so nothing is known of how its features were extracted together; a "
                "model of them can be evaluated, but cannot read new images"
            )
        origin = None
    return FeatureTable(frame, found.features, origin, found.columns)


def table_of(table: FeatureTable | pd.DataFrame | str | Path) -> FeatureTable:
    """Return a feature table: as it is, of a table in memory, or from a file."""
    if isinstance(table, FeatureTable):
        return table
    return read_table(table) if isinstance(table, str | Path) else as_table(table)


def _require_numbers(frame: pd.DataFrame, features: list[str], path: Path) -> None:
    import pandas as pd

    for name in features:
        if not pd.api.types.is_numeric_dtype(frame[name].dtype):
            values = frame[name][pd.to_numeric(frame[name], errors="coerce").isna() & frame[name].notna()]
            example = (
                f"'{values.iloc[0]}' in data row {values.index[0] + 1}" if len(values) else "no number at all"
            )
            raise TableError(f"{path}: the feature {name} must hold numbers, not {example}")


def _with_types(frame: pd.DataFrame, provenance: dict[str, Any]) -> pd.DataFrame:
    """Give carried columns with gaps, which CSV does not know, the types back that they had."""
    kinds = {**provenance.get("carried", {}), "label": "Int64"} if provenance else {}
    for name, kind in kinds.items():
        if name in frame and str(frame[name].dtype) != kind:
            frame[name] = frame[name].astype(kind)
        if name in frame and kind in TEXT_KINDS:
            frame[name] = frame[name].where(frame[name] != "")
    return frame


def _with_identity(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a table of another program the columns that every table has: image, mask, case_id, status."""
    taken = set(frame.columns)
    plain = {column: plain_heading(str(column)) for column in frame.columns}
    renamed = {column: _HEADINGS[name] for column, name in plain.items() if name in _HEADINGS}
    frame = frame.rename(columns={old: new for old, new in renamed.items() if new not in taken})
    if "case_id" not in frame:
        frame.insert(0, "case_id", [str(row) for row in range(1, len(frame) + 1)])
    for name in ("case_id", "patient_id"):
        if name in frame:
            frame[name] = frame[name].astype(str)
    if "status" not in frame:
        frame["status"] = "ok"
    return frame


def _provenance_beside(path: Path) -> dict[str, Any] | None:
    found = read_json(provenance_path(path))
    return _copied_provenance(path) if found is None else found


def _copied_provenance(path: Path) -> dict[str, Any] | None:
    """Return a provenance that names another table, where the digest proves that it tells of these values.

    So a table to which a column was joined keeps its origin, saved beside the one that it was made of.
    """
    copied = read_json(path.with_name(f"{path.stem}.provenance.json"))
    if not copied or not copied.get("features"):
        return None
    try:
        frame = _with_types(READERS[ending_of(path, READERS)](path, copied).to_pandas(), copied)
        listed = set(copied["features"])
        found = values_digest(frame, [column for column in frame.columns if column in listed])
    except (pa.ArrowException, OSError, TypeError, ValueError, KeyError, csv.Error):
        return None  # not of these values: reading the table reports what cannot be read
    if found == copied.get("digest"):
        return copied
    if Path(str(copied.get("table", ""))).stem != path.stem:
        add_remark(
            f"{path}: the provenance beside it is that of {copied['table']}, whose values are others (rows "
            "added, left out or in another order?), and is left aside. To add a column, add it to the cases "
            "file and run `radiomics-screen extract` again"
        )
    return None


def write_table(table: FeatureTable, path: str | Path) -> Path:
    """Write a feature table and its provenance, and return where the provenance lies.

    The table is replaced in one step: a reader sees the old one or the new one, never half of it.
    The endings are .parquet and .csv.

    Raises
    ------
    TableError
        The ending says no known format, or the file cannot be written.
    """
    path = Path(path)
    provenance = dict(
        table.provenance or {},
        features=table.features,
        columns=content_of(table.columns),
        digest=values_digest(table.frame, table.features),
        table=path.name,
    )
    beside = provenance_path(path)
    text = json.dumps(provenance, indent=1, ensure_ascii=False)
    stored = to_arrow(table.frame)
    core = json.dumps({k: provenance[k] for k in _EMBEDDED if k in provenance}, ensure_ascii=False)
    stored = stored.replace_schema_metadata({**(stored.schema.metadata or {}), _METADATA: core.encode()})
    write = WRITERS[ending_of(path, READERS)]
    replace(beside, lambda file: file.write_text(text + "\n", encoding="utf-8"))
    replace(path, lambda file: write(stored, file))
    return beside


def write_frame(frame: pd.DataFrame, path: str | Path) -> None:
    """Write any table in one step; the ending (.csv, .parquet or .xlsx) says the format.

    Raises
    ------
    TableError
        The ending says no known format, or the file cannot be written.
    """
    path = Path(path)
    write = WRITERS[ending_of(path, WRITERS)]
    replace(path, lambda file: write(to_arrow(frame), file))


def require_writable(path: str | Path, endings: Iterable[str] = (".parquet", ".csv")) -> Path:
    """Make sure, before hours of work, that a table can be written here; make the folder if need be.

    Raises
    ------
    TableError
        The ending says no known format, the path is a folder, or its folder cannot be written to.
    """
    path = Path(path)
    ending_of(path, endings)
    if path.is_dir():
        raise TableError(f"{path} is a folder; name a file, such as {path / 'features.parquet'}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as failure:
        raise TableError(f"cannot write into the folder {path.parent}: {failure.strerror}") from failure
    return path
