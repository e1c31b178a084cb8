"""Images of different patients that look alike: one patient under two names, or one image twice.

Such a pair leaks past the groups: a model is tested on what it has learned from. Equal files and
equal features are found when a model is fitted; here are images that were saved again with another
size, brightness, compression or margin, or mirrored.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from radiomics_screen.core.errors import ReadError, TableError
from radiomics_screen.extraction.measuring.case_result import CaseResult
from radiomics_screen.extraction.run import ProgressCallback, RunProgress
from radiomics_screen.extraction.running.batch_rows import cause_of_death, checked_time_limit
from radiomics_screen.extraction.running.executors.choice import executor_for
from radiomics_screen.extraction.running.executors.contract import Cancelled, Executor, Finished
from radiomics_screen.extraction.running.executors.time_limit import each_within
from radiomics_screen.imaging.perceptual_hash import (
    MIRRORED,
    Fingerprint,
    fingerprint,
    hash_distances,
    likeness,
    mirrored,
    signs,
)
from radiomics_screen.imaging.reading import read_image
from radiomics_screen.imaging.threads import single_threaded
from radiomics_screen.imaging.volume import to_volume

if TYPE_CHECKING:
    import pandas as pd

#: In how many of its 143 bits two hashes may differ, and how alike the details have to be. Both were
#: measured on breast ultrasound, see docs/explanation/duplicates.md.
MOST_BITS, LEAST_LIKENESS = 43, 0.75

_TILE = 1024  # hashes compared with as many others at a time: what stays near the processor
_PAIRS_AT_A_TIME = 256
_FILES_AT_A_TIME = 16

#: The fingerprint of a file, or why there is none.
_Seen = Fingerprint | str


class _Match(NamedTuple):
    """Two images that look alike, by their places."""

    first: int
    second: int
    distance: int
    likeness: float
    mirrored: str


@dataclass(frozen=True)
class Pair:
    """Two cases of different patients whose images look alike.

    Attributes
    ----------
    first, second
        Names of the cases, in the order of the table.
    first_group, second_group
        Whose they are.
    distance
        In how many of 143 bits the hashes of the images differ.
    likeness
        Correlation of their finer detail; 1 is the same.
    mirrored
        How the second is mirrored: "", "left-right", "up-down" or "left-right and up-down".
    """

    first: str
    second: str
    first_group: str
    second_group: str
    distance: int
    likeness: float
    mirrored: str


@dataclass(frozen=True)
class NearDuplicates:
    """What was found among the images of a table.

    Attributes
    ----------
    pairs
        The most alike first.
    compared
        Number of cases whose image was looked at.
    unreadable
        The others: name of the case, and why.
    """

    pairs: tuple[Pair, ...]
    compared: int
    unreadable: tuple[tuple[str, str], ...]

    def frame(self) -> pd.DataFrame:
        """Return the pairs as a table, one row a pair."""
        import pandas as pd

        columns = [field.name for field in fields(Pair)]
        return pd.DataFrame([asdict(pair) for pair in self.pairs], columns=columns)


def near_duplicates(
    frame: pd.DataFrame,
    groups: ArrayLike,
    *,
    jobs: int | None = None,
    progress: ProgressCallback | None = None,
    time_limit: float | None = None,
) -> NearDuplicates:
    """Find pairs of cases of different patients whose images look alike.

    Parameters
    ----------
    frame
        Table with the columns ``case_id`` and ``image``, a path, as ``extract`` writes it.
    groups
        Whose case each row is, shape (rows,). Pairs within a group are not looked for.
    jobs, progress, time_limit
        As in :func:`~radiomics_screen.extraction.run.extract_cohort`; they concern the reading of images. One
        that takes longer, or whose process dies, counts as not readable.

    Raises
    ------
    TableError
        If a column is missing, or a row is nobody's.
    """
    cases, images, owners = _columns(frame, groups)
    seen = _fingerprints(images, jobs, progress, checked_time_limit(time_limit))
    readable = np.array([n for n, found in enumerate(seen) if isinstance(found, Fingerprint)], dtype=np.intp)
    unreadable = tuple(
        (case, found) for case, found in zip(cases, seen, strict=True) if isinstance(found, str)
    )
    looks = [found for found in seen if isinstance(found, Fingerprint)]
    _, codes = np.unique(owners, return_inverse=True)
    pairs = []
    for match in _alike(looks, codes[readable]):
        a, b = readable[match.first], readable[match.second]
        pairs.append(Pair(cases[a], cases[b], owners[a], owners[b], *match[2:]))
    pairs.sort(key=lambda pair: (-pair.likeness, pair.distance))
    return NearDuplicates(tuple(pairs), len(looks), unreadable)


def _columns(frame: pd.DataFrame, groups: ArrayLike) -> tuple[list[str], list[str], list[str]]:
    """Return the name, the image and the patient of each row."""
    import pandas as pd

    if absent := [name for name in ("case_id", "image") if name not in frame]:
        raise TableError(
            f"the table has no column {' and no column '.join(absent)}: its images are not known"
        )
    owners = pd.Series(np.asarray(groups, dtype=object))
    if len(owners) != len(frame):
        raise TableError(f"{len(owners)} patients were given for {len(frame)} rows: give one for each row")
    if (nobody := owners.isna() | (owners.astype(str) == "")).any():
        case = frame["case_id"].iloc[int(np.argmax(nobody))]
        raise TableError(f"{nobody.sum()} rows have no patient, such as case {case}: name one, or drop them")
    cases, images = (frame[name].fillna("").astype(str).tolist() for name in ("case_id", "image"))
    return cases, images, owners.astype(str).tolist()


# --- reading ------------------------------------------------------------------------------------


def _fingerprints(
    images: Sequence[str], jobs: int | None, progress: ProgressCallback | None, time_limit: float | None
) -> list[_Seen]:
    """Return what each row's image looks like, or why it cannot be seen; each file is read once."""
    rows: dict[str, int] = {}
    for path in images:
        rows[path] = rows.get(path, 0) + 1
    paths = list(rows)
    bunches = [paths[n : n + _FILES_AT_A_TIME] for n in range(0, len(paths), _FILES_AT_A_TIME)]
    seen: dict[str, _Seen] = {}
    state = RunProgress(len(images), 0, 0, 0)
    if progress:
        progress(state)
    with closing(_looked_at(bunches, jobs, time_limit)) as coming:
        for path, found in coming:
            seen[path] = found
            failed = state.failed + (rows[path] if isinstance(found, str) else 0)
            state = RunProgress(len(images), state.done + rows[path], failed, 0)
            if progress:
                progress(state)
    return [seen[path] for path in images]


def _looked_at(
    bunches: Sequence[list[str]], jobs: int | None, time_limit: float | None
) -> Generator[tuple[str, _Seen]]:
    """Yield what has come of files, as it comes; where a process died, its files are read one by one."""
    executor = executor_for(jobs, limited=time_limit is not None)
    work = partial(_look, time_limit=time_limit, home=os.getpid())
    with closing(executor.run(work, bunches)) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, Finished):
                yield from outcome.results
            elif isinstance(outcome, Cancelled):
                yield from ((path, f"not read: {outcome.reason}") for path in bunches[outcome.piece])
            else:
                for path in bunches[outcome.piece]:
                    yield path, _looked_at_alone(executor, work, path, time_limit)


_Work = Callable[[list[str]], list[tuple[str, _Seen]]]


def _looked_at_alone(executor: Executor, work: _Work, path: str, time_limit: float | None) -> _Seen:
    outcome = executor.run_isolated(work, [path])
    if isinstance(outcome, Finished):
        ((_, found),) = outcome.results
        return found
    if isinstance(outcome, Cancelled):
        return f"not read: {outcome.reason}"
    return f"{path}: {cause_of_death('read this image', outcome, time_limit)}"


def _look(paths: Sequence[str], time_limit: float | None, home: int) -> list[tuple[str, _Seen]]:
    with single_threaded():
        return list(each_within(time_limit, map(_look_at, paths), home))


def _look_at(path: str) -> tuple[str, _Seen]:
    attempt = CaseResult("" if path else "the row names no image")
    found = attempt.make(_fingerprint_of, path)
    return path, attempt.error if found is None else found


def _fingerprint_of(path: str) -> Fingerprint:
    try:
        return fingerprint(to_volume(read_image(path)).array)
    except ReadError as error:
        raise error if path in str(error) else ReadError(f"{path}: {error}") from error


# --- comparing ----------------------------------------------------------------------------------


def _alike(looks: Sequence[Fingerprint], codes: NDArray[np.intp]) -> Iterator[_Match]:
    """Yield the pairs of different patients that look alike; `codes` tell patients apart, shape (n,)."""
    if len(looks) < 2:
        return
    hashes = signs(np.stack([look.bits for look in looks]))
    details = np.stack([look.detail for look in looks])
    for first, second, distances in _candidates(hashes, codes):
        for start in range(0, len(first), _PAIRS_AT_A_TIME):
            chosen = slice(start, start + _PAIRS_AT_A_TIME)
            a, b = first[chosen], second[chosen]
            turned = mirrored([part[a] for part in hashes], [part[b] for part in hashes])
            found = likeness(details[a], details[b], turned)
            for n in np.flatnonzero(found >= LEAST_LIKENESS):
                distance, way = int(distances[chosen][n]), MIRRORED[turned[n]]
                yield _Match(int(a[n]), int(b[n]), distance, float(found[n]), way)


def _candidates(
    hashes: Sequence[NDArray[np.float32]], codes: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]]:
    """Yield the pairs of different patients whose hashes are near, tile by tile of all pairs."""
    starts = range(0, len(codes), _TILE)
    tiles = [[part[n : n + _TILE] for part in hashes] for n in starts]
    for i, first in zip(starts, tiles, strict=True):
        for j, second in zip(starts, tiles, strict=True):
            if j < i:
                continue
            distances = hash_distances(first, second)
            a, b = np.divmod(np.flatnonzero(distances <= MOST_BITS), distances.shape[1])
            wanted = (codes[a + i] != codes[b + j]) & (a + i < b + j)
            a, b = a[wanted], b[wanted]
            yield a + i, b + j, distances[a, b]
