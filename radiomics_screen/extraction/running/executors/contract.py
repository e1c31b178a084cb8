"""What an executor promises to those who hand it work, and the words in which it answers.

An executor for a cluster is a class with these four members; it needs to know nothing of images,
and its own exceptions stay inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


@dataclass(frozen=True)
class Finished(Generic[Result_co]):
    """A piece of work was done.

    Attributes
    ----------
    piece
        Its place among the pieces.
    results
        What the work gave, in its order. An executor that works in this process may hand on each as it
        is made: read them before asking for the next outcome.
    """

    piece: int
    results: Iterable[Result_co]


@dataclass(frozen=True)
class WorkerDied:
    """The process that worked on a piece died; this piece may be the cause, or another one beside it.

    Attributes
    ----------
    piece
        Its place among the pieces.
    reason
        What is known of the death, such as a signal; "" if nothing is.
    """

    piece: int
    reason: str


@dataclass(frozen=True)
class Cancelled:
    """The executor gave a piece up without a fault of the work, such as when a cluster is shut down.

    Attributes
    ----------
    piece
        Its place among the pieces.
    reason
        Why.
    """

    piece: int
    reason: str


class Executor(Protocol):
    """Works on pieces of work, wherever that is.

    Work is a function of one piece that returns results. An executor that works elsewhere pickles the
    function, its pieces and the list of its results; what they need of the file system has to be there
    under the same paths. The work limits its own threads.
    """

    @property
    def slots(self) -> int:
        """How many pieces are worked on at a time; the work is divided accordingly."""
        ...

    @property
    def in_this_process(self) -> bool:
        """Whether work that dies takes this process along; pieces are then taken one by one as they begin."""
        ...

    def run(
        self, work: Callable[[Piece], Iterable[Result]], pieces: Iterable[Piece]
    ) -> Generator[Finished[Result] | WorkerDied | Cancelled]:
        """Work on pieces and yield one outcome for each, in any order.

        Closing the generator gives up what is not finished. An exception that the work raises is raised
        here.
        """
        ...

    def run_isolated(
        self, work: Callable[[Piece], Iterable[Result]], piece: Piece
    ) -> Finished[Result] | WorkerDied | Cancelled:
        """Work on one piece, as number 0, where its death takes no other piece and not this process along."""
        ...
