"""Maps made in another process, which is ended where it takes too long."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import add_remark, collect_remarks
from radiomics_screen.extraction.maps.files import Written, write_maps
from radiomics_screen.extraction.running.batch_rows import cause_of_death, checked_time_limit
from radiomics_screen.extraction.running.executors.contract import Finished, WorkerDied
from radiomics_screen.extraction.running.executors.one_worker import OneWorker
from radiomics_screen.extraction.running.executors.time_limit import each_within, ended_by_clock
from radiomics_screen.settings.settings import Settings


def write_maps_within(
    time_limit: float | None, image: Path, mask: Path, settings: Settings, **options: Any
) -> Written:
    """Write maps as :func:`~radiomics_screen.extraction.maps.files.write_maps` does, within a time.

    Parameters
    ----------
    time_limit
        Seconds that all maps may take; None or 0: any number, in this process.
    image, mask, settings, options
        As there. What is told of progress is told in the other process, so it has to be picklable.

    Raises
    ------
    ReadError
        It took longer, or the process died. Finished maps are kept, as after any interruption.
    ScreenError
        As there.
    """
    seconds = checked_time_limit(time_limit)
    if seconds is None:
        return write_maps(image, mask, settings, **options)
    work = partial(_written, mask=mask, settings=settings, options=options, seconds=seconds, home=os.getpid())
    outcome = OneWorker().run_isolated(work, image)
    if isinstance(outcome, Finished):
        ((written, remarks),) = outcome.results
        for remark in remarks:
            add_remark(remark)
        return written
    reason = outcome.reason
    if isinstance(outcome, WorkerDied):
        reason = cause_of_death("made these maps", outcome)
        if ended_by_clock(outcome.reason):
            reason = f"took longer than the limit of {seconds:g} s"
    raise ReadError(f"{image}: {reason}; finished maps are kept: run it again, with a longer time, to go on")


def _written(
    image: Path, mask: Path, settings: Settings, options: dict[str, Any], seconds: float, home: int
) -> list[tuple[Written, list[str]]]:
    def made() -> Iterator[tuple[Written, list[str]]]:
        with collect_remarks() as remarks:
            written = write_maps(image, mask, settings, **options)
        yield written, remarks

    return list(each_within(seconds, made(), home))
