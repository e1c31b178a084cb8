"""Who does the work is exchangeable: any executor that keeps the contract gives the same table."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pytest

from radiomics_screen import extract_altered, extract_cohort, read_table
from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.core.errors import SettingsError
from radiomics_screen.extraction.running.batch_rows import BatchMeasurement
from radiomics_screen.extraction.running.executors.contract import Cancelled, Executor, Finished, WorkerDied
from radiomics_screen.extraction.running.executors.in_process import InProcess
from radiomics_screen.extraction.running.executors.local_processes import LocalProcesses

Piece = TypeVar("Piece")
Result = TypeVar("Result")
SETTINGS: dict[str, Any] = {"featureClass": {"firstorder": [], "shape2D": []}}


class FarAway:
    """An executor as a cluster would be: everything travels pickled, and comes back in any order.

    Workers die of each case whose name is in `deadly`, and of the first piece in any case; pieces with a
    name in `cancelled` are given up.
    """

    slots = 3
    in_this_process = False

    def __init__(self, deadly: Iterable[str] = (), cancelled: Iterable[str] = (), dying: int = 1) -> None:
        self.deadly, self.cancelled, self.dying = set(deadly), set(cancelled), dying
        self.isolated: list[str] = []
        self.sent_bytes: list[int] = []

    def run(
        self, work: Callable[[Piece], Iterable[Result]], pieces: Iterable[Piece]
    ) -> Generator[Finished[Result] | WorkerDied | Cancelled]:
        sent = list(enumerate(pickle.dumps((work, piece)) for piece in pieces))
        self.sent_bytes += [len(message) for _, message in sent]
        random.Random(1).shuffle(sent)
        with ThreadPoolExecutor(self.slots) as pool:
            coming = [
                pool.submit(self._remote, number, message, n < self.dying)
                for n, (number, message) in enumerate(sent)
            ]
            yield from (pickle.loads(done.result()) for done in as_completed(coming))

    def run_isolated(
        self, work: Callable[[Piece], Iterable[Result]], piece: Piece
    ) -> Finished[Result] | WorkerDied | Cancelled:
        ((_, case),) = pickle.loads(pickle.dumps(piece))
        self.isolated.append(case.id)
        outcome: Finished[Result] | WorkerDied | Cancelled
        outcome = pickle.loads(self._remote(0, pickle.dumps((work, piece)), dying=False))
        return outcome

    def _remote(self, number: int, message: bytes, dying: bool) -> bytes:
        work, batch = pickle.loads(message)
        names = {case.id for _, case in batch}
        if dying or names & self.deadly:
            return pickle.dumps(WorkerDied(number, "the node went away"))
        if names & self.cancelled:
            return pickle.dumps(Cancelled(number, "the cluster was shut down"))
        return pickle.dumps(Finished(number, list(work(batch))))


class Forgetful(InProcess):
    """An executor that breaks the contract: it loses the last piece."""

    def run(
        self, work: Callable[[Piece], Iterable[Result]], pieces: Iterable[Piece]
    ) -> Generator[Finished[Result] | WorkerDied | Cancelled]:
        yield from super().run(work, list(pieces)[:-1])


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("cohort"), patients=5)


@pytest.fixture(scope="module")
def undisturbed(cohort: Path) -> pd.DataFrame:
    return extract_cohort(cohort, SETTINGS)


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        found.drop(columns="seconds"), expected.drop(columns="seconds"), check_exact=True
    )


@pytest.mark.parametrize(
    "executor", [FarAway(), InProcess(), LocalProcesses(2)], ids=lambda e: type(e).__name__
)
def test_any_executor_gives_the_same_table(
    cohort: Path, undisturbed: pd.DataFrame, executor: Executor
) -> None:
    assert_same(extract_cohort(cohort, SETTINGS, executor=executor), undisturbed)


def test_a_piece_whose_worker_died_is_measured_again_case_by_case(
    cohort: Path, undisturbed: pd.DataFrame
) -> None:
    executor = FarAway(dying=2)
    assert_same(extract_cohort(cohort, SETTINGS, executor=executor), undisturbed)
    assert len(executor.isolated) == 2


def test_a_deadly_case_and_a_cancelled_one_are_failed_rows_and_the_run_resumes(
    cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path
) -> None:
    ids = [case.id for case in read_cohort(cohort).cases]
    output = tmp_path / "t.parquet"
    executor = FarAway(deadly=[ids[1]], cancelled=[ids[3]], dying=0)
    found = extract_cohort(cohort, SETTINGS, output=output, executor=executor)
    assert found["case_id"].tolist() == ids
    assert [n for n, status in enumerate(found["status"]) if status != "ok"] == [1, 3]
    assert "died (the node went away)" in found["error"][1]
    assert "was not measured: the cluster was shut down" in found["error"][3]
    sound = FarAway(dying=0)
    assert_same(extract_cohort(cohort, SETTINGS, output=output, executor=sound), undisturbed)
    assert len(sound.sent_bytes) == 2
    assert_same(read_table(output).frame, undisturbed)


def test_an_interrupted_run_goes_on_with_another_executor(
    cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path
) -> None:
    output = tmp_path / "t.parquet"

    def interrupt(now: Any) -> None:
        if now.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_cohort(cohort, SETTINGS, output=output, executor=FarAway(), progress=interrupt)
    executor = FarAway(dying=0)
    assert_same(extract_cohort(cohort, SETTINGS, output=output, executor=executor), undisturbed)
    assert len(executor.sent_bytes) == len(undisturbed) - 3


def test_altered_cases_go_through_any_executor(cohort: Path) -> None:
    here = extract_altered(cohort, SETTINGS, ["", "rotate"], seed=3)
    assert_same(extract_altered(cohort, SETTINGS, ["", "rotate"], seed=3, executor=FarAway()), here)


def test_an_executor_that_loses_a_piece_is_found_out(cohort: Path) -> None:
    with pytest.raises(RuntimeError, match="Forgetful gave no outcome for 1 piece"):
        extract_cohort(cohort, SETTINGS, executor=Forgetful())


def test_jobs_and_an_executor_are_not_both_given(cohort: Path) -> None:
    with pytest.raises(SettingsError, match="jobs=2 and an executor were given"):
        extract_cohort(cohort, SETTINGS, jobs=2, executor=FarAway())


def results_of(executor: Executor, work: BatchMeasurement, batch: Any) -> list[object]:
    coming = executor.run(work, [batch])
    outcome = next(coming)
    assert isinstance(outcome, Finished)
    return list(outcome.results)


def test_an_exception_of_the_work_is_raised(cohort: Path) -> None:
    work = BatchMeasurement(pickle.dumps("no settings"), "own", "")
    batch = tuple(enumerate(read_cohort(cohort).cases[:1]))
    for executor in (InProcess(), LocalProcesses(2)):
        with pytest.raises(TypeError, match="expected pickled settings"):
            results_of(executor, work, batch)
