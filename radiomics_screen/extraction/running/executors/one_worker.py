"""Work done one piece after the other, in another process: this one survives whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from typing import TypeVar

from radiomics_screen.extraction.running.executors.contract import Cancelled, Finished, WorkerDied
from radiomics_screen.extraction.running.executors.local_processes import LocalProcesses

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class OneWorker:
    """Works on one piece at a time, in a process that is replaced when it dies."""

    slots = 1
    in_this_process = False

    def run(
        self, work: Callable[[Piece], Iterable[Result]], pieces: Iterable[Piece]
    ) -> Generator[Finished[Result] | WorkerDied | Cancelled]:
        """Yield each piece's outcome as soon as it is there."""
        for number, piece in enumerate(pieces):
            yield replace(self.run_isolated(work, piece), piece=number)

    def run_isolated(
        self, work: Callable[[Piece], Iterable[Result]], piece: Piece
    ) -> Finished[Result] | WorkerDied | Cancelled:
        """Work on one piece in another process."""
        return LocalProcesses(2).run_isolated(work, piece)
