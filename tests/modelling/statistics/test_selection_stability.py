"""The stability of selections: by its definition, by hand, and by simulation."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.selection_stability import selection_stability

NAMES = [f"f{number}" for number in range(10)]


def sets_of(chosen: np.ndarray) -> list[set[str]]:
    return [{NAMES[j] for j in np.flatnonzero(row)} for row in chosen]


def test_figures_of_a_small_case_worked_out_by_hand():
    """Shares 1, 1/2 of two features out of four in {a, b}, {a}: index 1 - 2 (1/4 (1/4)) / (3/8 5/8)."""
    found = selection_stability([["a", "b"], ["a"]], ["a", "b", "c", "d"])
    assert found.index == pytest.approx(1 - 2 * (0.25 / 4) / (0.375 * 0.625))
    assert found.frequency.to_dict() == {"a": 1.0, "b": 0.5, "c": 0.0, "d": 0.0}
    assert found.jaccard.tolist() == [[1.0, 0.5], [0.5, 1.0]]
    assert found.sizes == (2, 1)


def test_for_sets_of_one_size_it_is_the_mean_of_kunchevas_index():
    """Kuncheva 2007: (shared - k²/d) / (k - k²/d), averaged over pairs (Nogueira et al., theorem 7)."""
    random = np.random.default_rng(0)
    sets = [set(random.choice(NAMES[:7], 4, replace=False)) for _ in range(6)]
    pairs = [(len(a & b) - 1.6) / (4 - 1.6) for a, b in combinations(sets, 2)]
    assert selection_stability(sets, NAMES).index == pytest.approx(np.mean(pairs))


def test_the_interval_is_that_of_the_authors_program():
    """Their Python program of 2017 (github.com/nogueirs/JMLR2018), 95 %."""
    rows = ["1110000000", "1101000000", "1110100000", "1010010000", "1100001001"]
    found = selection_stability(sets_of(np.array([[int(c) for c in row] for row in rows])), NAMES)
    assert (found.index, found.low, found.high) == pytest.approx(AUTHORS, abs=1e-12)


AUTHORS = (0.3315508021390373, 0.14969533699360743, 0.5134062672844673)


def test_equal_selections_are_stable_and_say_nothing_of_their_spread():
    found = selection_stability([["f1", "f3"]] * 5, NAMES)
    assert found.index == 1
    assert np.isnan([found.low, found.high]).all()


@pytest.mark.parametrize("sets", [[[], [], []], [NAMES, NAMES]])
def test_nothing_or_everything_has_no_index(sets):
    found = selection_stability(sets, NAMES)
    assert np.isnan([found.index, found.low, found.high]).all()
    assert np.isnan(found.jaccard).all() == (not sets[0])


def test_random_selections_are_not_stable_and_the_interval_holds_the_truth():
    """Features drawn on their own, each with its probability: the index of the population is known."""
    random = np.random.default_rng(4)
    for chances in (np.full(10, 0.3), np.linspace(0.05, 0.95, 10)):
        share = chances.mean()
        truth = 1 - np.mean(chances * (1 - chances)) / (share * (1 - share))
        held = []
        for _ in range(300):
            found = selection_stability(sets_of(random.random((25, 10)) < chances), NAMES)
            held.append(found.low <= truth <= found.high)
        assert 0.9 < np.mean(held) < 0.99


@pytest.mark.parametrize(
    ("sets", "names", "message"),
    [
        ([["f1"]], NAMES, "at least two selections, not 1"),
        ([["f1"], ["g1"]], NAMES, "'g1' was selected but is not among the features"),
        ([["f1"], ["f1"]], [], "needs the names"),
        ([["f1"], ["f1"]], ["f1", "f1"], "named twice"),
    ],
)
def test_what_has_no_stability_is_said(sets, names, message):
    with pytest.raises(ModelError, match=message):
        selection_stability(sets, names)


def test_the_confidence_is_checked():
    with pytest.raises(ModelError, match="confidence is 95"):
        selection_stability([["f1"], ["f2"]], NAMES, confidence=95)
