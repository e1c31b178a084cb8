"""RadiomicsTransformer keeps scikit-learn's contract and gives the numbers of extract."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

from radiomics_screen import RadiomicsTransformer, ScreenWarning, extract
from radiomics_screen.cohort.cases import Case, read_cohort
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.core.errors import CohortError, RegionError, SettingsError

SETTINGS = {"featureClass": {"firstorder": None, "glcm": ["Contrast"]}}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory):
    return read_cohort(make_sample(tmp_path_factory.mktemp("sample"), patients=12))


def lesion(seed: int, size: int = 5) -> tuple[np.ndarray, np.ndarray]:
    image = np.random.default_rng(seed).normal(100, 20, (9, 11))
    mask = np.zeros((9, 11), np.uint8)
    mask[2 : 2 + size, 3 : 3 + size] = 1
    return image, mask


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_values_are_those_of_extract(cohort, n_jobs) -> None:
    made = RadiomicsTransformer(SETTINGS, n_jobs=n_jobs)
    found = made.fit_transform(cohort.cases)
    expected = [extract(case.image, case.mask, SETTINGS, label=case.label) for case in cohort.cases]
    assert list(made.get_feature_names_out()) == list(expected[0])
    np.testing.assert_array_equal(found, [list(values.values()) for values in expected])
    np.testing.assert_array_equal(made.transform(cohort.cases[3:4]), found[3:4])


def test_pairs_frames_and_cases_are_the_same(cohort) -> None:
    pairs = [(case.image, case.mask) for case in cohort.cases[:3]]
    frame = pd.DataFrame(pairs, columns=["image", "mask"]).assign(label=[None, 255, np.nan])
    made = RadiomicsTransformer(SETTINGS).set_output(transform="pandas").fit(pairs)
    first = made.transform(pairs)
    assert list(first.columns) == list(made.get_feature_names_out())
    pd.testing.assert_frame_equal(made.transform(frame), first)
    pd.testing.assert_frame_equal(made.transform(np.array(pairs, dtype=object)), first)


def test_it_works_inside_a_cross_validation(cohort) -> None:
    outcome = np.array([case.carried["pathology"] == "malignant" for case in cohort.cases])
    pipeline = make_pipeline(
        RadiomicsTransformer(SETTINGS), SimpleImputer(), StandardScaler(), LogisticRegression()
    )
    lesions = np.array([(str(c.image), str(c.mask)) for c in cohort.cases], dtype=object)
    scores = cross_val_score(pipeline, lesions, outcome, cv=2, scoring="roc_auc", error_score="raise")
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()


def test_a_lesion_that_fails_is_named_or_becomes_nan() -> None:
    lesions = [lesion(0), (lesion(1)[0], np.zeros((9, 11), np.uint8)), lesion(2)]
    with pytest.raises(RegionError, match="lesion 1: "):
        RadiomicsTransformer(SETTINGS).fit_transform(lesions)
    made = RadiomicsTransformer(SETTINGS, on_failure="nan")
    with pytest.warns(ScreenWarning, match="lesion 1 could not be measured"):
        found = made.fit_transform(lesions)
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[[0, 2]]).all()
    with pytest.warns(ScreenWarning, match="lesion 0 could not be measured"):
        assert made.fit(lesions[1:]).feature_names_ == list(extract(*lesions[2], SETTINGS))


def test_a_failed_fit_leaves_it_unfitted() -> None:
    empty = (lesion(0)[0], np.zeros((9, 11), np.uint8))
    for fit in (RadiomicsTransformer.fit, RadiomicsTransformer.fit_transform):
        made = RadiomicsTransformer(SETTINGS)
        with pytest.raises(RegionError):
            fit(made, [empty])
        with pytest.raises(NotFittedError):
            made.transform([lesion(0)])


def test_a_case_with_a_problem_fails_as_any_lesion_does() -> None:
    case = Case("c1", None, Path("x.png"), Path("y.png"), None, 2, {}, "there is no image x.png")
    with pytest.raises(CohortError, match=r"lesion 1: case c1: there is no image x\.png"):
        RadiomicsTransformer(SETTINGS).fit_transform([lesion(0), case])
    with pytest.warns(ScreenWarning, match="lesion 1 could not be measured: case c1"):
        found = RadiomicsTransformer(SETTINGS, on_failure="nan").fit_transform([lesion(0), case])
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


def test_wrong_input_is_named() -> None:
    with pytest.raises(SettingsError, match="on_failure is 'skip'"):
        RadiomicsTransformer(on_failure="skip").fit([lesion(0)])
    with pytest.raises(CohortError, match="there are no lesions"):
        RadiomicsTransformer().fit([])
    with pytest.raises(CohortError, match="lesion 0 is int"):
        RadiomicsTransformer().fit([1])
    with pytest.raises(CohortError, match="no column 'mask'"):
        RadiomicsTransformer().fit(pd.DataFrame({"image": ["a.png"]}))
    with pytest.raises(CohortError, match=r"not 'cases\.csv'"):
        RadiomicsTransformer().fit("cases.csv")
    with pytest.raises(NotFittedError):
        RadiomicsTransformer().transform([lesion(0)])


def test_it_is_cloned_and_pickled() -> None:
    made = RadiomicsTransformer(SETTINGS, label=1, on_failure="nan").fit([lesion(0)])
    assert clone(made).get_params() == made.get_params()
    again = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(again.transform([lesion(3)]), made.transform([lesion(3)]))


@pytest.mark.parametrize(
    "check",
    [  # those that hand no matrix of numbers to the estimator: it takes lesions
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_get_params_invariance",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_valid_tag_types",
    ],
)
def test_it_passes_the_checks_of_scikit_learn_that_apply(check: str) -> None:
    getattr(estimator_checks, check)("RadiomicsTransformer", RadiomicsTransformer())


def test_the_guide_runs_as_written(tmp_path, monkeypatch) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "scikit-learn.md"
    code = "".join(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(code.replace("n_jobs=2", "n_jobs=1"), str(page), "exec"), names)
    assert names["scores"].shape == (4,)
    assert names["table"].shape[0] == len(names["lesions"])
