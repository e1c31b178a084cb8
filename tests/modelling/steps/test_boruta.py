"""Boruta: what matters is confirmed, noise is not, and patients are kept together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import ScreenWarning, collect_remarks
from radiomics_screen.modelling.steps.boruta import BorutaSelector, _surprise, shuffled
from tests.helpers.outcomes import linear


@pytest.mark.parametrize("importance", ["forest", "xgboost"])
def test_all_columns_that_matter_are_confirmed_and_noise_is_not(importance):
    values, outcome = linear(rows=300, columns=12, informative=3)
    values[:, 3] = values[:, 0] + 0.3 * values[:, 3]  # redundant, but it matters
    step = BorutaSelector(importance=importance, trees=30, rounds=25).fit(values, outcome)
    assert step.confirmed_[:3].all()
    assert not step.confirmed_[4:].any()
    assert not step.tentative_[:3].any()
    assert step.hits_[:3].min() > step.hits_[4:].max()
    if importance == "forest":
        assert step.confirmed_[3]


def test_a_seed_gives_the_same_and_another_seed_other_hits():
    values, outcome = linear(rows=100, columns=8)
    hits = [
        BorutaSelector(rounds=12, trees=10, seed=s).fit(values, outcome).hits_.tolist() for s in (0, 0, 1)
    ]
    assert hits[0] == hits[1] != hits[2]


def test_of_noise_the_nearest_column_is_kept_with_a_note():
    random = np.random.default_rng(0)
    step = BorutaSelector(rounds=12, trees=10)
    with pytest.warns(ScreenWarning, match="no feature does better than shuffled ones"):
        step.fit(random.normal(size=(80, 10)), np.arange(80) % 2)
    assert not step.confirmed_.any()
    assert step.get_support(indices=True).tolist() == [np.argmax(step.hits_)]


def test_the_test_is_the_binomial_one():
    for hits in range(13):
        expected = binomtest(hits, 12, 0.5).pvalue
        assert _surprise(np.array([hits]), 12)[0] == pytest.approx(expected, rel=1e-12)


def test_shadows_are_shuffled_and_keep_patients_together():
    random = np.random.default_rng(0)
    groups = random.permutation(np.repeat(np.arange(30), 3))
    values = np.column_stack([groups * 1.0, -groups, random.normal(size=90)])
    found = shuffled(values, groups, np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(found, axis=0), np.sort(values, axis=0))
    assert all(len(set(found[groups == g, 0])) == 1 for g in range(30))
    assert len(set(zip(found[:, 0], found[:, 1], strict=True))) > 25  # each column on its own
    assert (found[:, 0] != values[:, 0]).mean() > 0.8
    uneven = random.integers(0, 12, 90)
    np.testing.assert_array_equal(
        np.sort(shuffled(values, uneven, np.random.default_rng(1)), axis=0), np.sort(values, axis=0)
    )


def test_what_only_tells_patients_apart_is_not_confirmed_when_patients_are_given():
    """A number drawn for each patient, of whom each has six rows and one outcome."""
    found = {True: 0, False: 0}
    for seed in range(3):
        random = np.random.default_rng(seed)
        patients = np.repeat(np.arange(20), 6)
        outcome = random.permutation(np.arange(20) % 2)[patients]
        values = np.hstack([random.normal(size=(20, 4))[patients], random.normal(size=(120, 4))])
        for given in found:
            step = BorutaSelector(rounds=14, trees=15, alpha=0.2)
            with collect_remarks():
                step.fit(values, outcome, groups=patients if given else None)
            found[given] += int(step.confirmed_.sum())
    assert found[False] >= 6
    assert found[True] <= 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"importance": "gain"}, "importance is 'gain'"),
        ({"rounds": 0}, "rounds is 0"),
        ({"alpha": 1}, "alpha is 1"),
        ({"percentile": 0}, "percentile is 0"),
    ],
)
def test_options_of_boruta_are_checked(options, message):
    with pytest.raises(ModelError, match=message):
        BorutaSelector(**options).fit(*linear())


def test_features_that_never_vary_are_refused():
    with pytest.raises(ModelError, match="none of them varies"):
        BorutaSelector().fit(np.ones((20, 3)), np.arange(20) % 2)
