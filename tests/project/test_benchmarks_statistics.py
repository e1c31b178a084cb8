"""The statistics beside others: what counts as a difference, and that the tables need no other package."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from benchmarks.statistical import agreeing, calibrating, others, simulated
from benchmarks.statistical.findings import Finding, Peers, by_hand, largest_difference
from benchmarks.statistical.samples import ALL, ovarian
from benchmarks.statistical.simulated import Simulated
from benchmarks.statistics import document, told
from tests.helpers.scripts import script_help


def test_differences_are_absolute_and_a_missing_value_is_no_match() -> None:
    assert largest_difference([1, 2, np.nan], [1, 2.5, np.nan]) == 0.5
    assert largest_difference([np.inf, 1], [np.inf, 1]) == 0
    assert largest_difference([1, np.nan], [1, 2]) == np.inf
    assert largest_difference([1, 2], [1]) == np.inf
    assert largest_difference([], []) == 0


def test_a_difference_needs_a_reason_that_is_large_enough() -> None:
    assert by_hand("a", "b", [([1.0], [1.0 + 1e-12])]).explained
    assert not by_hand("a", "b", [([1.0], [1.0]), ([1.0], [1.01])]).explained
    assert by_hand("a", "b", [([1.0], [1.01])], remark="rounded", allowed=0.02).explained


def test_tables_name_what_is_missing_and_what_has_no_reason() -> None:
    found = [
        Finding("`icc`", "pingouin", "25x5", None, "pingouin is not installed"),
        Finding("`holm`", "statsmodels 0.15.0", "3 tests", 0.25),
    ]
    text = document(found, [Simulated("interval holds", "60 rows", 0.95, 0.94, 0.01, 500)])
    assert "| `icc` | pingouin | 25x5 | not there | pingouin is not installed |" in text
    assert "| `holm` | statsmodels 0.15.0 | 3 tests | 0.2 | no known reason. |" in text
    assert "| interval holds | 60 rows | 0.950 | 0.940 | 0.0100 | 500 |" in text
    assert "Simulations" not in document(found, [])
    assert told(Finding("a", "b", "c", float("inf"))) == "one has no value"


def test_data_sets_are_what_they_are_called() -> None:
    sizes = {s.name: (len(s.outcome), int(s.outcome.sum()), len(np.unique(s.patients))) for s in ALL}
    assert sizes["12 rows, 4 positive"] == (12, 4, 12)
    assert sizes["400 rows, 15 positive"] == (400, 15, 400)
    assert sizes["60 patients, 1 to 4 rows"][2] == 60
    assert [len(np.unique(s.scores[0])) <= 11 for s in ALL] == [False, True, False, False, False, True]
    assert (len(ovarian().outcome), int(ovarian().outcome.sum())) == (43, 31)


@pytest.mark.parametrize("topic", [agreeing, calibrating, others])
def test_without_other_packages_the_rest_is_compared(topic: ModuleType) -> None:
    with Peers([]) as peers:
        found = list(topic.findings(peers))
    missing = [one for one in found if one.difference is None]
    assert len(found) > len(missing) > 0
    assert all("is not installed" in one.remark for one in missing)
    assert [one for one in found if not one.explained] == []


def test_a_package_is_asked_in_the_first_interpreter_that_has_it() -> None:
    case = {"outcome": [0, 1, 0, 1], "probability": [0.1, 0.2, 0.3, 0.4], "new": [0.0, 0.25, 0.9]}
    with Peers([sys.executable]) as peers:
        values, version = peers.ask("scikit-learn", "isotonic", case)
        missing = peers.compare("`icc`", "pingouin", "icc", "none", [([0.5], {"table": [[1, 2]]})])
    assert values == pytest.approx([0.0, 0.5, 1.0])
    assert version[0].isdigit()
    assert missing.difference is None or missing.difference == np.inf


def test_simulations_of_few_draws_give_parts() -> None:
    found = list(simulated.findings(0.001))
    assert len(found) > 15
    assert all(0 <= one.found <= 1 and one.draws == 2 for one in found)


def test_the_script_explains_itself() -> None:
    assert "python -m benchmarks.statistics" in script_help("benchmarks.statistics")
