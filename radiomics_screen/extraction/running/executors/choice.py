"""Which executor does the work."""

from __future__ import annotations

import sys

from radiomics_screen.core.errors import SettingsError
from radiomics_screen.extraction.running.executors.contract import Executor
from radiomics_screen.extraction.running.executors.in_process import InProcess
from radiomics_screen.extraction.running.executors.local_processes import LocalProcesses
from radiomics_screen.extraction.running.executors.one_worker import OneWorker


def executor_for(jobs: int | None, executor: Executor | None = None, *, limited: bool = False) -> Executor:
    """Return the executor that is given, or the one for a number of processes.

    Parameters
    ----------
    jobs
        Number of processes; -1 for one a core; None for 1, or what ``joblib.parallel_config`` says.
    executor
        One of the caller's own, instead of `jobs`.
    limited
        Whether work may have to be ended: then none is done in this process.

    Raises
    ------
    SettingsError
        Both are given, or no process.
    """
    if jobs == 0:
        raise SettingsError("jobs is 0; ask for 1 or more processes, or for -1: as many as there are cores")
    if executor is not None:
        if jobs is not None:
            raise SettingsError(f"jobs={jobs} and an executor were given; give one: an executor has its own")
        return executor
    # joblib takes a while to import; where nobody has imported it, nobody has chosen a backend
    if jobs == 1 or (jobs is None and "joblib" not in sys.modules):
        return OneWorker() if limited else InProcess()
    processes = LocalProcesses(jobs)
    if processes.slots > 1:
        return processes
    return OneWorker() if limited else InProcess()
