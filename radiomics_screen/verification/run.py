"""All verifications for which there is data, one after the other."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from time import process_time

from radiomics_screen import __version__
from radiomics_screen.core.errors import ReadError, ScreenError
from radiomics_screen.verification import chapter1, chapter2
from radiomics_screen.verification.results import Group, Omitted, Report


@dataclass(frozen=True)
class _Task:
    """One piece of work: the part it belongs to, what to do, and the files of the data folder it needs."""

    part: str
    work: Callable[[], Iterable[Group]]
    files: tuple[Path, ...] = ()


def verify(data: Path | None = None, *, begin: Callable[[str], None] = lambda part: None) -> Report:
    """Compare this installation with the reference values of the IBSI.

    Parameters
    ----------
    data
        Folder with the IBSI's data, laid out as the documentation says; None verifies only what needs none.
    begin
        Called with the name of each part before it is run, which may be several times.

    Raises
    ------
    ReadError
        The folder is not there, or has nothing to compare with. A file that cannot be read makes its part
        one that could not be run.
    """
    tasks = list(_tasks(data or Path()))
    if data is not None:
        _require_some(data, {file for task in tasks for file in task.files})
    groups: list[Group] = []
    broken: list[Omitted] = []
    seconds: dict[str, float] = {}
    missing: dict[str, list[Path]] = {}
    for task in tasks:
        absent = [file for file in task.files if data is None or not (data / file).is_file()]
        if absent:
            missing.setdefault(task.part, []).extend(absent)
            continue
        start = process_time()
        begin(task.part)
        try:
            groups += task.work()
        except ScreenError as failure:
            broken.append(Omitted(task.part, f"{', '.join(map(str, task.files))}: {failure}"))
        seconds[task.part] = seconds.get(task.part, 0.0) + process_time() - start
    omitted = [Omitted(part, _reason(files, data)) for part, files in missing.items()]
    return Report(groups, omitted, broken, seconds)


def _require_some(data: Path, files: Iterable[Path]) -> None:
    """Refuse a folder that has nothing of what could be compared with."""
    if not data.is_dir():
        raise ReadError(f"{data}: is no folder")
    if not any((data / file).is_file() for file in files):
        raise ReadError(
            f"{data}: has none of the IBSI's files, such as {chapter1.CT_IMAGE.as_posix()}; "
            "see docs/explanation/ibsi.md"
        )


def _tasks(data: Path) -> Iterator[_Task]:
    yield _Task("digital phantom", chapter1.verify_phantom)
    ct = (chapter1.CT_IMAGE, chapter1.CT_MASK)
    phantom = cache(partial(chapter1.ct_phantom, data))
    for configuration in chapter1.CONFIGURATIONS:
        work = partial(chapter1.verify_configuration, configuration, data, phantom)
        files = (*ct, chapter1.reference_file(configuration))
        yield _Task(f"configuration {configuration.upper()}", work, files)
    for test in chapter2.TESTS:
        response = partial(_one, partial(chapter2.verify_response, test, data))
        yield _Task("response maps", response, (chapter2.phantom_file(test), chapter2.response_file(test)))
    for test in chapter2.PHASE_2:
        features = partial(_one, partial(chapter2.verify_features, test, data, phantom))
        yield _Task("filtered CT phantom", features, (*ct, chapter2.PHASE_2_REFERENCE))


def _one(work: Callable[[], Group]) -> list[Group]:
    return [work()]


def _reason(files: list[Path], data: Path | None) -> str:
    names = list(dict.fromkeys(file.as_posix() for file in files))
    if data is None:
        return "needs the data sets of the IBSI: name their folder by --data"
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{data} has no {names[0]}{more}"


def write_report(found: Report, path: Path) -> None:
    """Write a report as JSON: every value beside its reference, and what was verified when.

    Raises
    ------
    ScreenError
        The file cannot be written.
    """
    try:
        made = {
            "radiomics_screen": __version__,
            "python": python_version(),
            "numpy": version("numpy"),
            "numba": version("numba"),
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        text = json.dumps({**made, **found.to_dict()}, indent=1, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ScreenError(f"{path}: cannot be written: {error.strerror or error}") from error


def require_place(path: Path | None) -> None:
    """See to it, before the work, that a report can be written.

    Raises
    ------
    ScreenError
        There is no such folder, or it may not be written to.
    """
    if path is not None and (path.is_dir() or not os.access(path.absolute().parent, os.W_OK)):
        raise ScreenError(f"{path}: cannot be written: no such folder, or no right to write there")
