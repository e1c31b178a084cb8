"""What all steps share that choose features by the outcome."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.modelling.data.splits import inner_splits
from radiomics_screen.modelling.steps import step_from_dict
from radiomics_screen.modelling.steps.boruta import BorutaSelector
from radiomics_screen.modelling.steps.elasticnet import ElasticNetSelector
from radiomics_screen.modelling.steps.mrmr import MRMR
from tests.helpers.outcomes import linear

QUICK = (
    MRMR(k=2),
    MRMR(k=2, relevance="mutual information", form="difference"),
    ElasticNetSelector(strengths=5, least=0.1),
    BorutaSelector(rounds=2, trees=4, tentative=True),
    BorutaSelector(rounds=2, trees=4, tentative=True, importance="xgboost"),
)


@parametrize_with_checks([QUICK[0], *QUICK[2:4]])
@pytest.mark.filterwarnings("ignore::radiomics_screen.core.remarks.ScreenWarning")
def test_selectors_keep_the_estimator_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("step", QUICK, ids=str)
def test_ugly_tables_are_selected_from(step):
    """Constant, doubled and huge columns, and fewer rows than columns."""
    values, outcome = linear(rows=24, columns=40)
    values[:, 5] = 0.1
    values[:, 6] = values[:, 0]
    values[:, 7] = outcome * 3e38
    values[:, 8] = values[:, 1] * 1e-300
    with collect_remarks():
        kept = step.fit(values, outcome).get_support()
        again = step.fit(values, np.where(outcome, "malignant", "benign")).get_support()
    assert 1 <= kept.sum() < 40
    assert not kept[5]
    np.testing.assert_array_equal(kept, again)


@pytest.mark.parametrize("step", QUICK, ids=str)
def test_two_classes_are_needed(step):
    values, _ = linear()
    for outcome, count in ((np.ones(200), 1), (np.arange(200) % 3, 3)):
        with pytest.raises(ModelError, match=f"the outcome has {count} values in the 200 training rows"):
            step.fit(values, outcome)


@pytest.mark.parametrize("step", QUICK, ids=str)
def test_selections_come_back_from_json(step):
    values, outcome = linear()
    names = [f"f{number}" for number in range(30)]
    table = pd.DataFrame(values, columns=names)
    with collect_remarks():
        fitted = step.fit(table, outcome)
    back = step_from_dict(json.loads(json.dumps(fitted.to_dict(names), allow_nan=False)), names)
    np.testing.assert_array_equal(back.transform(values), fitted.transform(table))
    assert back.get_params() == fitted.get_params()


def test_patients_are_handed_on_by_the_pipeline():
    values, outcome = linear(rows=120)
    patients = np.repeat([f"p{n}" for n in range(60)], 2)
    step = ElasticNetSelector(strengths=6)
    pipeline = Pipeline([("scale", StandardScaler()), ("elasticnet", step)])
    pipeline.fit(values, outcome, elasticnet__groups=patients)
    alone = ElasticNetSelector(strengths=6).fit(
        StandardScaler().fit_transform(values), outcome, groups=patients
    )
    np.testing.assert_array_equal(pipeline[-1].weights_, alone.weights_)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        step.fit(values, outcome, groups=patients[:-1])


def test_inner_folds_keep_patients_whole_and_are_as_many_as_there_are():
    random = np.random.default_rng(0)
    groups = random.permutation(100) % 40
    outcome = (groups < 3).astype(int)
    seen = []
    for train, test in inner_splits(outcome, groups, 5, seed=1):
        assert not set(groups[train]) & set(groups[test])
        seen.extend(test)
    assert sorted(seen) == list(range(100))
    assert len(inner_splits(outcome, groups, 5, seed=1)) == 3
    with pytest.raises(ModelError, match="100 rows of 40 patients cannot be divided again"):
        inner_splits((groups < 1).astype(int), groups, 5, seed=1)
