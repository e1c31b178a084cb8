"""Cases made again from a feature table, to measure them in another way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radiomics_screen.cohort.cases import CHANNEL, Case
from radiomics_screen.core.columns import IDENTITY, Role
from radiomics_screen.core.errors import TableError
from radiomics_screen.table.feature_table import as_table

if TYPE_CHECKING:
    import pandas as pd

#: Line 1 of a table is its header.
_FIRST_LINE = 2


def cases_of(frame: pd.DataFrame, folder: str | Path | None = None) -> list[Case]:
    """Return the case of every row of a feature table, in their order.

    A case whose image or mask is not there any more says so in its ``problem``, and becomes a failed row
    when it is measured. Columns that are neither features nor the table's bookkeeping are carried.

    Parameters
    ----------
    frame
        Rows with ``case_id``, ``image`` and ``mask``, and where known ``patient_id`` and ``label``.
    folder
        Where files with a relative path are looked for, if they are not in the working folder: that of
        the table.

    Raises
    ------
    TableError
        A column is missing.
    """
    if missing := [name for name in ("case_id", "image", "mask") if name not in frame]:
        raise TableError(
            f"the table has no column {' and no column '.join(missing)}: its images cannot be found again; "
            "use the table as `extract` wrote it"
        )
    carried = as_table(frame).of_role(Role.CARRIED)
    columns = {name: [_plain(v) for v in frame[name]] for name in (*IDENTITY, *carried) if name in frame}
    return [
        _case(
            {name: values[row] for name, values in columns.items()},
            {name: columns[name][row] for name in carried},
            None if folder is None else Path(folder),
            row + _FIRST_LINE,
        )
        for row in range(len(frame))
    ]


def _case(cells: dict[str, Any], carried: dict[str, Any], folder: Path | None, line: int) -> Case:
    files, problems = {}, []
    for what in ("image", "mask"):
        text = str(cells[what] or "")
        files[what] = _found(text, folder)
        if not text:
            problems.append(f"the table names no {what}")
        elif not files[what].exists():
            problems.append(f"the {what} {text}, from which the table was made, is not there any more")
    patient = cells.get("patient_id")
    numbers: dict[str, int] = {}
    for name in ("label", CHANNEL):
        try:
            if cells.get(name) is not None:
                numbers[name] = int(cells[name])
        except ValueError:
            problems.append(f"the {name} '{cells[name]}' is no whole number")
    return Case(
        id=str(cells["case_id"]),
        patient_id=None if patient in (None, "") else str(patient),
        image=files["image"],
        mask=files["mask"],
        label=numbers.get("label"),
        line=line,
        carried=carried,
        problem="; ".join(problems),
        label_channel=numbers.get(CHANNEL),
    )


def _found(text: str, folder: Path | None) -> Path:
    path = Path(text)
    if text and folder is not None and not path.exists() and (folder / path).exists():
        return folder / path
    return path


def _plain(value: Any) -> Any:
    """Return a cell as plain Python has it; None where there is no value."""
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value
