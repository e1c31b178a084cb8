"""Clinical variables as numbers."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.modelling.steps import step_from_dict
from radiomics_screen.modelling.steps.encode import ClinicalEncoder

FEATURE = "original_glcm_Contrast"


def cohort() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sex": ["F", "M", None, "F", " M"],
            FEATURE: [0.5, np.nan, 0.25, 4.0, 1.0],
            "age": [40, 50, np.nan, 70, 60],
            "side": ["left", "right", "left", "left", "right"],
            "birads": [3, 4, 4, 5, 2],
            "smoker": [True, False, True, True, False],
            "empty": [np.nan] * 5,
        },
        index=list("abcde"),
    )


EXPECTED = pd.DataFrame(
    {
        "sex=F": [1.0, 0, 0, 1, 0],
        "sex=M": [0.0, 1, 0, 0, 1],
        "sex missing": [0.0, 0, 1, 0, 0],
        FEATURE: [0.5, np.nan, 0.25, 4.0, 1.0],
        "age": [40.0, 50, 55, 70, 60],
        "age missing": [0.0, 0, 1, 0, 0],
        "side=left": [1.0, 0, 1, 1, 0],
        "side=right": [0.0, 1, 0, 0, 1],
        "birads": [3.0, 4, 4, 5, 2],
        "smoker": [1.0, 0, 1, 1, 0],
    },
    index=list("abcde"),
)


def test_texts_become_levels_numbers_are_filled_and_features_pass():
    step = ClinicalEncoder().fit(cohort())
    pd.testing.assert_frame_equal(step.transform(cohort()), EXPECTED)
    assert list(step.get_feature_names_out()) == list(EXPECTED)


def test_without_indicators_a_missing_value_leaves_no_trace():
    found = ClinicalEncoder(indicators=False).fit(cohort()).transform(cohort())
    pd.testing.assert_frame_equal(found, EXPECTED.drop(columns=["sex missing", "age missing"]))


def test_scaling_is_of_the_numbers_only_and_after_filling():
    found = ClinicalEncoder(scale=True).fit(cohort()).transform(cohort())
    filled = EXPECTED["age"]
    np.testing.assert_allclose(found["age"], (filled - filled.mean()) / filled.std(ddof=0), rtol=1e-15)
    levels = ["sex=F", "sex missing", "age missing", "side=left", FEATURE]
    pd.testing.assert_frame_equal(found[levels], EXPECTED[levels])


def test_nothing_is_learned_from_new_rows():
    step = ClinicalEncoder().fit(cohort())
    new = cohort().iloc[:2].assign(sex=["X", "F"], age=[np.nan, 99], side=["both", None], empty=[1.0, 2.0])
    with collect_remarks() as notes:
        found = step.transform(new)
    assert notes == [
        "'sex' is X in 1 rows, which was not learned: counted as no level",
        "'side' is both in 1 rows, which was not learned: counted as no level",
    ]
    assert found.iloc[0].drop(FEATURE).to_dict() == {
        "sex=F": 0, "sex=M": 0, "sex missing": 0, "age": 55, "age missing": 1,
        "side=left": 0, "side=right": 0, "birads": 3, "smoker": 1,
    }  # fmt: skip
    # Side was never missing: no column says so, and none is invented.
    assert found.iloc[1][["side=left", "side=right"]].tolist() == [0, 0]
    pd.testing.assert_frame_equal(step.transform(cohort()), EXPECTED)


def test_a_level_is_compared_as_text():
    step = ClinicalEncoder().fit(pd.DataFrame({"grade": ["1", "2", "x"]}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = step.transform(pd.DataFrame({"grade": [1.0, 2.0]}))
    assert found.to_numpy().tolist() == [[1, 0, 0], [0, 1, 0]]


def test_named_columns_only_are_turned():
    table = cohort()[["sex", "birads"]].assign(id=list("uvwxy"))
    found = ClinicalEncoder(columns=["sex"]).fit(table).transform(table)
    assert list(found) == ["sex=F", "sex=M", "sex missing", "birads", "id"]
    by_prefix = ClinicalEncoder(prefixes=["bi", "id"]).fit(table).transform(table)
    pd.testing.assert_frame_equal(by_prefix, found)


@pytest.mark.parametrize("options", [{}, {"scale": True, "indicators": False}, {"columns": ["sex", "age"]}])
def test_it_comes_back_from_json_to_the_bit(options):
    names = list(cohort())
    table = cohort().assign(age=np.array([40.1, 1 / 3, np.nan, 2e-300, 1e30]))
    step = ClinicalEncoder(**options).fit(table)
    back = step_from_dict(json.loads(json.dumps(step.to_dict(names), allow_nan=False)), names)
    pd.testing.assert_frame_equal(back.transform(cohort()), step.transform(cohort()), check_exact=True)
    assert back.get_params() == step.get_params()
    assert list(back.get_feature_names_out(names)) == list(step.get_feature_names_out(names))


def test_a_damaged_number_is_refused():
    written = ClinicalEncoder().fit(cohort()).to_dict(list(cohort()))
    written["coding"]["age"]["median"] = float("nan")
    with pytest.raises(ModelError, match="'age' is not finite"):
        step_from_dict(written, list(cohort()))


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (cohort(), {"columns": ["agee"]}, "no column 'agee' \\(to encode\\): did you mean 'age'"),
        (
            pd.DataFrame({"id": [f"p{n}" for n in range(30)]}),
            {},
            "'id' has 30 different texts .* more than 20",
        ),
        (pd.DataFrame({"a": ["x"], "a=x": [1.0]}), {}, "two columns would be named 'a=x'"),
        (pd.DataFrame({"a": [1.0, np.inf]}), {}, "'a' holds a value that is infinite"),
        (pd.DataFrame({"a": [np.nan, np.nan]}), {}, "none of the clinical columns has a value"),
    ],
)
def test_what_cannot_be_encoded_is_said(table, options, message):
    with pytest.raises(ModelError, match=message):
        ClinicalEncoder(**options).fit(table)


def test_a_number_that_became_a_text_is_refused():
    step = ClinicalEncoder().fit(cohort())
    with pytest.raises(ModelError, match="'age' holds 'old', which is no number"):
        step.transform(cohort().assign(age="old"))
