"""mRMR: against plain loops and other programs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.feature_selection import f_classif
from sklearn.metrics import mutual_info_score

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.steps.mrmr import MRMR, correlation_ratio, mutual_information
from tests.helpers.outcomes import linear


def test_f_statistics_are_those_of_scikit_learn():
    values, outcome = linear()
    units = np.geomspace(1e-20, 1e20, 30)
    step = MRMR(k=3).fit((values + 100) * units, outcome)
    np.testing.assert_allclose(step.relevance_, f_classif(values, outcome)[0], rtol=1e-9)
    ratio = correlation_ratio(np.column_stack([outcome, outcome * 0.0 + 0.1, -outcome]), outcome)
    np.testing.assert_allclose(ratio, [1, 0, 1], atol=1e-12)


def test_mutual_information_is_that_of_the_binned_columns():
    random = np.random.default_rng(1)
    values, outcome = linear(rows=103)
    values[:, 0] = random.integers(0, 3, 103)
    found = mutual_information(values, outcome, 10)
    for column in range(1, 30):
        bins = (10 * np.argsort(np.argsort(values[:, column])) + 5) // 103
        assert found[column] == pytest.approx(mutual_info_score(bins, outcome), abs=1e-12)
    assert found[0] == pytest.approx(mutual_info_score(values[:, 0], outcome), abs=1e-12)
    np.testing.assert_array_equal(mutual_information(np.exp(values), outcome, 10), found)


@pytest.mark.parametrize("relevance", ["f", "mutual information"])
@pytest.mark.parametrize("form", ["quotient", "difference"])
def test_columns_are_taken_as_in_a_plain_loop(relevance, form):
    values, outcome = linear(columns=15)
    values[:, 10] = 2 * values[:, 0] + 0.01 * values[:, 10]
    step = MRMR(k=8, relevance=relevance, form=form).fit(values, outcome)
    rho = np.abs(spearmanr(values).statistic)
    f = f_classif(values, outcome)[0]
    if relevance == "f":
        worth = f if form == "quotient" else np.sqrt(f / (f + 198))
    else:
        share = np.bincount(outcome) / 200
        entropy = -(share * np.log(share)).sum()
        worth = mutual_information(values, outcome, 10) / (1 if form == "quotient" else entropy)
    taken = [int(np.argmax(worth))]
    while len(taken) < 8:
        scores = {}
        for j in set(range(15)) - set(taken):
            redundancy = np.mean([rho[j, other] for other in taken])
            floor = np.sqrt(2 / (np.pi * 199))
            scores[j] = worth[j] / max(redundancy, floor) if form == "quotient" else worth[j] - redundancy
        taken.append(max(scores, key=scores.get))
    assert step.order_.tolist() == taken
    assert step.get_support(indices=True).tolist() == sorted(taken)


def test_copies_of_the_best_column_are_not_all_taken():
    values, outcome = linear(rows=400)
    copies = values[:, [0]] + 0.05 * np.random.default_rng(2).normal(size=(400, 6))
    table = np.hstack([copies, values[:, 1:]])
    for form in ("quotient", "difference"):
        kept = MRMR(k=4, form=form).fit(table, outcome).get_support()
        assert kept[:6].sum() == 1
        assert kept[6:9].sum() == 3


def test_information_sees_what_is_not_monotone():
    random = np.random.default_rng(3)
    values = random.normal(size=(500, 20))
    outcome = (np.abs(values[:, 7]) > 0.7).astype(int)
    assert MRMR(k=1, relevance="mutual information").fit(values, outcome).order_.tolist() == [7]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k is 0"),
        ({"relevance": "t"}, "relevance is 't'"),
        ({"form": "ratio"}, "form is 'ratio'"),
        ({"bins": 1}, "bins is 1"),
    ],
)
def test_options_of_mrmr_are_checked(options, message):
    with pytest.raises(ModelError, match=message):
        MRMR(**options).fit(*linear())
