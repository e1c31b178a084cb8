"""Sound lists of cases, tables and parameter files, and a small model folder."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import openpyxl
import pandas as pd

from benchmarks.attacks.specimens import Specimen

_LIST = "image,mask,label,case,patient,age\na.png,m.png,1,c1,p1,40\nb.png,m.png,1,c2,p2,\n"
_PARAMETERS = """\
imageType:
  Original: {}
  LoG: {sigma: [1.0, 2.0]}
featureClass:
  firstorder: [Mean, Energy]
  glcm:
setting: {binWidth: 25, label: 1, resampledPixelSpacing: [1, 1, 1], normalize: true}
"""


def specimens() -> Iterator[Specimen]:
    """Yield lists and tables in each of their formats, and parameter files."""
    for text in (_LIST, _LIST.replace(",", ";"), _LIST.replace(",", "\t")):
        yield Specimen("list csv", "cases", {"l.csv": text.encode(), "a.png": b"", "m.png": b""}, "l.csv")
    yield Specimen("list csv", "cases", {"l.csv": _LIST.encode("utf-16")}, "l.csv")
    rows = pd.DataFrame(
        {"image": ["a.png", "b.png"], "mask": ["m.png"] * 2, "label": [1, 2], "age": [40.5, None]}
    )
    yield Specimen("list parquet", "cases", {"l.parquet": _parquet(rows)}, "l.parquet")
    yield Specimen("list xlsx", "cases", {"l.xlsx": _sheet(rows)}, "l.xlsx")
    table = feature_table(6)
    yield Specimen("table csv", "table", {"t.csv": table.to_csv(index=False).encode()}, "t.csv")
    yield Specimen(
        "table csv", "table", {"t.csv": table.to_csv(index=False, sep=";", decimal=",").encode()}, "t.csv"
    )
    yield Specimen("table parquet", "table", {"t.parquet": _parquet(table)}, "t.parquet")
    yield from _with_provenance(table)
    yield Specimen("yaml", "settings", {"p.yaml": _PARAMETERS.encode()}, "p.yaml")
    yield Specimen(
        "yaml",
        "settings",
        {"p.json": b'{"imageType": {"Original": {}}, "setting": {"binWidth": 5}}'},
        "p.json",
    )


def feature_table(rows: int) -> pd.DataFrame:
    """Return a table of two features with a target."""
    rng = np.random.default_rng(3)
    target = np.arange(rows) % 2
    return pd.DataFrame({
        "case": [f"c{n}" for n in range(rows)],
        "patient": [f"p{n}" for n in range(rows)],
        "malignant": target,
        "original_firstorder_Mean": rng.normal(size=rows) + target,
        "original_firstorder_Energy": rng.normal(size=rows),
    })  # fmt: skip


@cache
def model_folder() -> dict[str, bytes]:
    """Return the files of a model, fitted in a process of its own: forks must not inherit its threads."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_fitted).result()


def _fitted() -> dict[str, bytes]:
    from radiomics_screen import FeatureTable, fit

    frame = feature_table(60)
    table = FeatureTable(frame, [name for name in frame if name.startswith("original_")])
    with TemporaryDirectory() as folder:
        made = fit(
            table,
            target="malignant",
            positive=1,
            group="patient",
            splits=3,
            repeats=1,
            resamples=50,
            controls=False,
            common_value=1.0,
        )
        made.save(Path(folder) / "m")
        root = Path(folder) / "m"
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }


def model_specimens() -> Iterator[Specimen]:
    """Yield the sound model."""
    yield Specimen("model", "model", {f"m/{name}": content for name, content in model_folder().items()}, "m")


def _with_provenance(frame: pd.DataFrame) -> Iterator[Specimen]:
    from radiomics_screen import FeatureTable, write_table

    told = {"package": "radiomics_screen", "version": "0.6.0", "parameters": {"setting": {"binWidth": 25}}}
    table = FeatureTable(frame, [name for name in frame if name.startswith("original_")], told)
    for ending in ("csv", "parquet"):
        with TemporaryDirectory() as folder:
            write_table(table, Path(folder) / f"t.{ending}")
            files = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
        yield Specimen(f"table {ending}", "table", files, f"t.{ending}")


def _parquet(frame: pd.DataFrame) -> bytes:
    stream = BytesIO()
    frame.to_parquet(stream)
    return stream.getvalue()


def _sheet(frame: pd.DataFrame) -> bytes:
    book, stream = openpyxl.Workbook(), BytesIO()
    for row in (
        tuple(frame.columns),
        *frame.astype(object).where(frame.notna(), None).itertuples(index=False),
    ):
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()
