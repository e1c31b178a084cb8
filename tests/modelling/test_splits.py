"""Folds that keep patients whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.data.splits import Split, column_splits, grouped_splits


def cohort(patients: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes and patients of one to three rows each; a few patients have rows of both classes."""
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(patients), random.integers(1, 4, patients))
    outcome = (random.random(patients) < 0.4)[owner].astype(np.int64)
    outcome[random.random(len(owner)) < 0.05] ^= 1
    order = random.permutation(len(owner))
    return outcome[order], np.array([f"p{number}" for number in owner[order]], dtype=object)


def check_laws(found: list[Split], groups: np.ndarray) -> None:
    for repeat in {split.repeat for split in found}:
        tested = np.concatenate([split.test for split in found if split.repeat == repeat])
        assert sorted(tested) == list(range(len(groups)))
    for split in found:
        assert not set(groups[split.train]) & set(groups[split.test])
        assert sorted([*split.train, *split.test]) == list(range(len(groups)))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), splits=st.integers(2, 5), repeats=st.integers(1, 3))
def test_a_patient_is_on_one_side_and_each_row_is_tested_once_a_repeat(seed, splits, repeats):
    outcome, groups = cohort(seed=seed)
    found = grouped_splits(outcome, groups, splits=splits, repeats=repeats, seed=seed)
    assert [(s.repeat, s.fold) for s in found] == [
        (repeat, str(fold)) for repeat in range(1, repeats + 1) for fold in range(1, splits + 1)
    ]
    check_laws(found, groups)


def test_folds_have_about_the_same_part_of_positives():
    outcome, groups = cohort(400)
    parts = [outcome[split.test].mean() for split in grouped_splits(outcome, groups, repeats=2)]
    assert max(parts) - min(parts) < 0.03


def test_seed_decides_and_repeats_differ():
    outcome, groups = cohort()

    def tests(**options: int) -> list[tuple[int, ...]]:
        return [tuple(split.test) for split in grouped_splits(outcome, groups, **options)]

    assert tests(seed=1) == tests(seed=1)
    assert tests(seed=1) != tests(seed=2)
    assert len(set(tests(splits=2, repeats=4))) == 8


@pytest.mark.parametrize(
    ("outcome", "patients", "cause"),
    [
        ([0, 1] * 4, "aabbccdd", "4 patients cannot be divided into 5 folds"),
        ([1] * 9 + [0] * 21, range(30), "9 positive rows of 9 patients: too few for 5 folds"),
        ([1] * 20 + [0] * 20, [0] * 20 + list(range(1, 21)), "20 positive rows of 1 patients"),
        ([0] * 4 + [1] * 30, range(34), "4 negative rows"),
    ],
)
def test_too_few_patients_are_refused(outcome, patients, cause):
    with pytest.raises(ModelError, match=cause):
        grouped_splits(np.array(outcome), np.array([str(p) for p in patients], dtype=object))


@pytest.mark.parametrize("seed", range(30))
def test_the_smallest_cohorts_that_are_taken_can_be_divided(seed):
    outcome = np.array([1] * 10 + [0] * 10)
    groups = np.array([str(number // 2) for number in range(20)], dtype=object)
    check_laws(grouped_splits(outcome, groups, splits=5, repeats=3, seed=seed), groups)


# --- given folds --------------------------------------------------------------------------------


def test_given_folds_are_taken_in_their_natural_order():
    folds = np.array(["10", "2", "x", "1"] * 4, dtype=object)
    groups = np.array([f"{fold}-{number // 8}" for number, fold in enumerate(folds)], dtype=object)
    outcome = np.array([0] * 8 + [1] * 8)
    found = column_splits(outcome, groups, folds)
    assert [split.fold for split in found] == ["1", "2", "10", "x"]
    check_laws(found, groups)
    assert folds[found[2].test].tolist() == ["10"] * 4


def test_a_patient_in_two_folds_is_named():
    groups = np.array(list("aabbcc"), dtype=object)
    folds = np.array(["1", "2", "2", "2", "1", "1"], dtype=object)
    with pytest.raises(ModelError, match=r"1 patients are in more than one fold \(a in 1, 2\)"):
        column_splits(np.array([0, 1, 0, 1, 0, 1]), groups, folds)


def test_a_fold_with_one_class_is_refused():
    groups = np.array(list("abcdef"), dtype=object)
    folds = np.array(["1", "1", "2", "2", "3", "3"], dtype=object)
    with pytest.raises(ModelError, match="fold '2' has negative rows only; merge it"):
        column_splits(np.array([0, 1, 0, 0, 0, 1]), groups, folds)
    with pytest.raises(ModelError, match="the rows outside fold '1' has positive rows only"):
        column_splits(np.array([0, 1, 1, 1, 1, 1]), groups, folds)


def test_one_fold_is_not_enough():
    with pytest.raises(ModelError, match="all rows are in one fold"):
        column_splits(
            np.array([0, 1]), np.array(["a", "b"], dtype=object), np.array(["1", "1"], dtype=object)
        )
