"""All verifications for which there is data, one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time

from radiomics_screen.errors import ReadError, ScreenError
from radiomics_screen.verification import chapter1, chapter2
from radiomics_screen.verification.results import Group, Omitted, Report


@dataclass(frozen=True)
class _Task:
    """One piece of work: the part it belongs to, what to do, and the files of the data folder it needs."""

    part: str
    work: Callable[[], Iterable[Group]]
    files: tuple[Path, ...] = ()


def verify(data: Path | None = None, *, report: Callable[[Group], None] = lambda group: None) -> Report:
    """Compare this installation with the reference values of the IBSI.

    Parameters
    ----------
    data
        Folder with the IBSI's data, laid out as the documentation says; None verifies only what needs none.
    report
        Called with each group of comparisons when it is done.

    Raises
    ------
    ReadError
        The folder is not there, or a file in it cannot be read.
    """
    if data is not None and not data.is_dir():
        raise ReadError(f"{data}: is no folder")
    groups: list[Group] = []
    seconds: dict[str, float] = {}
    missing: dict[str, list[Path]] = {}
    for task in _tasks(data or Path()):
        absent = [file for file in task.files if data is None or not (data / file).is_file()]
        if absent:
            missing.setdefault(task.part, []).extend(absent)
            continue
        start = process_time()
        for group in task.work():
            groups.append(group)
            report(group)
        seconds[task.part] = seconds.get(task.part, 0.0) + process_time() - start
    omitted = [Omitted(part, _reason(files, data)) for part, files in missing.items()]
    return Report(groups, omitted, seconds)


def _tasks(data: Path) -> Iterator[_Task]:
    yield _Task("digital phantom", chapter1.verify_phantom)
    ct = (chapter1.CT_IMAGE, chapter1.CT_MASK)
    for configuration in chapter1.CONFIGURATIONS:
        work = partial(chapter1.verify_configuration, configuration, data)
        files = (*ct, chapter1.reference_file(configuration))
        yield _Task(f"configuration {configuration.upper()}", work, files)
    for test in chapter2.TESTS:
        response = partial(_one, chapter2.verify_response, test, data)
        yield _Task("response maps", response, (chapter2.phantom_file(test), chapter2.response_file(test)))
    for test in chapter2.PHASE_2:
        features = partial(_one, chapter2.verify_features, test, data)
        yield _Task("filtered CT phantom", features, (*ct, chapter2.PHASE_2_REFERENCE))


def _one(work: Callable[[str, Path], Group], test: str, data: Path) -> list[Group]:
    return [work(test, data)]


def _reason(files: list[Path], data: Path | None) -> str:
    names = list(dict.fromkeys(file.as_posix() for file in files))
    if data is None:
        return "needs the data sets of the IBSI: name their folder by --data"
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{data} has no {names[0]}{more}"


def write_report(found: Report, path: Path) -> None:
    """Write a report as JSON: every value beside its reference.

    Raises
    ------
    ScreenError
        The file cannot be written.
    """
    try:
        path.write_text(json.dumps(found.to_dict(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ScreenError(f"{path}: cannot be written: {error.strerror or error}") from error
