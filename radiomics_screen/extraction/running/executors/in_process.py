"""Work done right here, one piece after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from radiomics_screen.extraction.running.executors.contract import Cancelled, Finished, WorkerDied
from radiomics_screen.extraction.running.executors.local_processes import LocalProcesses

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class InProcess:
    """Works on one piece at a time, in the process and the thread of the caller."""

    slots = 1
    in_this_process = True

    def run(
        self, work: Callable[[Piece], Iterable[Result]], pieces: Iterable[Piece]
    ) -> Generator[Finished[Result] | WorkerDied | Cancelled]:
        """Yield each piece's results as they are made."""
        for number, piece in enumerate(pieces):
            results = work(piece)
            try:
                yield Finished(number, results)
            finally:
                if isinstance(results, Generator):  # which may hold something, such as a limit of threads
                    results.close()

    def run_isolated(
        self, work: Callable[[Piece], Iterable[Result]], piece: Piece
    ) -> Finished[Result] | WorkerDied | Cancelled:
        """Work on one piece in a process of its own."""
        return LocalProcesses(2).run_isolated(work, piece)
