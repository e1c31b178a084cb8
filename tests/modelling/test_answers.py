"""One pass over arrays says, bit for bit, what the pipeline says of a table."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.modelling.bundle.model_inputs import InputRows
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.data.values import number_array, numbers_of, texts_of
from radiomics_screen.modelling.steps import STEPS, PlainStep
from radiomics_screen.modelling.steps.chain import array_chain, names_after
from radiomics_screen.modelling.steps.combat import ComBat
from radiomics_screen.modelling.steps.constant import ConstantFilter
from radiomics_screen.modelling.steps.correlation import CorrelationFilter
from radiomics_screen.modelling.steps.duplicate import DuplicateFilter
from radiomics_screen.modelling.steps.encode import ClinicalEncoder
from radiomics_screen.modelling.steps.impute import MedianImputer
from radiomics_screen.modelling.steps.mrmr import MRMR
from radiomics_screen.modelling.steps.reduce import EmbeddingReducer
from radiomics_screen.modelling.steps.variance import VarianceFilter
from radiomics_screen.modelling.training.pipeline import build_pipeline

ROWS = 60
TEXTS = ("sex", "scanner")


def table(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Columns of every kind: features with holes, copies and constants, an embedding, texts, a number."""
    random = np.random.default_rng(seed)
    made = pd.DataFrame(
        random.normal(5, 2, size=(rows, 7)), columns=[f"original_firstorder_F{n}" for n in range(7)]
    )
    made["original_firstorder_F0"] += 3 * (np.arange(rows) % 2)
    made["original_glcm_Again"] = made["original_firstorder_F1"]
    made["original_glcm_Bent"] = np.exp(made["original_firstorder_F2"])
    made["original_glcm_Constant"] = 1.0
    made.loc[::7, "original_firstorder_F3"] = np.nan
    for number in range(6):
        made[f"original_embedding_{number:03d}"] = random.normal(size=rows)
    made.loc[5, "original_embedding_002"] = np.nan
    made["age"] = random.integers(30, 80, rows).astype(float)
    made.loc[::9, "age"] = np.nan
    made["sex"] = np.where(random.random(rows) < 0.5, "F", "M").astype(object)
    made.loc[::11, "sex"] = ""
    made["scanner"] = random.choice(["A", "B", "C"], rows).astype(object)
    return made


def outcome(rows: int = ROWS) -> np.ndarray:
    return np.arange(rows) % 2


def as_arrays(frame: pd.DataFrame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    numbers = frame.assign(**dict.fromkeys(TEXTS, np.nan)).to_numpy(np.float64)
    return np.asfortranarray(numbers), {name: texts_of(frame[name]) for name in TEXTS}


def chain(*steps: PlainStep) -> list[tuple[str, PlainStep]]:
    return [(one.step_name, one) for one in steps]


PREPARED = [
    ComBat("scanner"), ClinicalEncoder(["age", "sex"]), EmbeddingReducer("pca", 2), MedianImputer(),
]  # fmt: skip
CHAINS = {
    "all": [*PREPARED, ConstantFilter(), DuplicateFilter(), CorrelationFilter()],
    "selected": [*PREPARED, VarianceFilter(), MRMR(k=4)],
    "scaled": [
        ComBat("scanner", reference_batch="A"), ClinicalEncoder(["age", "sex"], scale=True), MedianImputer(),
    ],
    "no indicators": [ComBat("scanner"), ClinicalEncoder(["age", "sex"], indicators=False), MedianImputer()],
    "pls": [ComBat("scanner"), ClinicalEncoder(), EmbeddingReducer("pls", 2), MedianImputer()],
}  # fmt: skip


@pytest.mark.parametrize("steps", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("rows", [slice(None), slice(5, 6), slice(0, 0)], ids=["all", "one", "none"])
def test_steps_say_the_same_on_arrays_as_on_tables(steps: list[PlainStep], rows: slice) -> None:
    fitted = Pipeline(chain(*copy.deepcopy(steps)))
    fitted.fit(table(), outcome())
    on_arrays = array_chain(fitted.steps, list(table().columns))
    assert on_arrays is not None
    new = table(seed=1)
    new.loc[[3, 5], "scanner"] = ["D", ""]
    new.loc[5, ["sex", "age"]] = ["X", np.nan]
    new = new.iloc[rows]
    with collect_remarks() as remarks:
        found = on_arrays(*as_arrays(new))
    if not len(new):
        assert found.shape == (0, len(names_after(fitted)))
        return
    with collect_remarks() as expected_remarks:
        expected = np.asarray(fitted.transform(new))
    assert found.tobytes("C") == expected.tobytes("C")
    assert found.strides == expected.strides, "sums depend on the order in memory"
    assert remarks == expected_remarks


def test_each_step_that_is_fitted_on_numbers_alone_keeps_its_bits() -> None:
    """Every registered step says the same on arrays, or says that it needs a table."""
    frame = table()[[name for name in table() if name.startswith("original_firstorder")]].fillna(1.0)
    for name in STEPS:
        if name in ("apart", "combat", "encode", "reproducible", "reduce"):
            continue  # they need columns of their own, see above
        options = {"boruta": {"rounds": 10, "trees": 10}}.get(name, {})
        with collect_remarks():
            fitted = STEPS[name](**options).fit(frame, outcome())  # type: ignore[attr-defined]
        transform = fitted.array_transform(list(frame))
        assert transform is not None, name
        found = transform(np.asfortranarray(frame.to_numpy()), {})
        np.testing.assert_array_equal(found, np.asarray(fitted.transform(frame)), err_msg=name)


def test_what_an_imputation_refuses_in_a_table_it_refuses_in_an_array() -> None:
    fitted = MedianImputer().fit(np.array([[1.0, 2.0], [3.0, np.nan]]))
    transform = fitted.array_transform(["a", "b"])
    assert transform is not None
    with pytest.raises(ValueError, match="infinity"):
        transform(np.array([[np.inf, 1.0]]), {})


def test_a_step_that_needs_a_table_sends_all_of_them_there() -> None:
    class Doubled(MedianImputer):
        def array_transform(self, names: Any) -> None:
            return None

    steps = [("impute", Doubled().fit(np.ones((2, 2))))]
    assert array_chain(steps, ["a", "b"]) is None
    covariates = ComBat("scanner", covariates=["age"]).fit(table())
    assert covariates.array_transform(list(table())) is None


@pytest.mark.parametrize("classifier", ["xgboost", "logistic", "forest", "svm", "stack", "late"])
def test_classifiers_say_the_same_of_arrays(classifier: str) -> None:
    """Probability and contributions of what the arrays become are those of what the table becomes."""
    options = {"xgboost": {"n_estimators": 10}, "forest": {"n_estimators": 10}}.get(classifier, {})
    pipeline = Pipeline(
        [
            *chain(*copy.deepcopy(CHAINS["all"])),
            *build_pipeline(classifier=classifier, hyperparameters=options).steps[-1:],
        ]
    )
    steps = Pipeline(pipeline.steps[:-1])
    values = steps.fit_transform(table(), outcome())
    estimator = pipeline.steps[-1][1]
    told = {"names": names_after(steps)} if classifier == "late" else {}
    estimator.fit(values, outcome(), **told)
    on_arrays = array_chain(steps.steps, list(table().columns))
    assert on_arrays is not None
    new = table(seed=2)
    expected, found = steps.transform(new), on_arrays(*as_arrays(new))
    kind = CLASSIFIERS[classifier]
    np.testing.assert_array_equal(estimator.predict_proba(found), estimator.predict_proba(expected))
    np.testing.assert_array_equal(
        kind.contributions(estimator, found), kind.contributions(estimator, np.asarray(expected))
    )


# --- numbers of a table -------------------------------------------------------------------------


def test_numbers_are_read_alike_from_every_type_of_column() -> None:
    frame = pd.DataFrame(
        {
            "whole": [1, 2, 2**53 + 1],
            "short": np.array([0.1, np.nan, 2], dtype=np.float32),
            "long": [0.1, np.nan, np.inf],
            "truth": [True, False, True],
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "text": ["1.5", None, " 2 "],
            "mixed": pd.Series([1, "2", None], dtype=object),
        }
    )
    names = ["mixed", "long", "whole", "text", "truth", "nullable", "short"]
    found = number_array(frame, names, np.array(list("abc"), dtype=object))
    for place, name in enumerate(names):
        one_by_one = pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
        np.testing.assert_array_equal(found[:, place], one_by_one, err_msg=name)
    assert found.flags.f_contiguous
    assert list(numbers_of(frame, names, np.array(list("abc"), dtype=object))) == names
    with pytest.raises(ModelError, match="feature 'text' of case b is 'x', which is no number"):
        number_array(frame.assign(text=["1", "x", "2"]), names, np.array(list("abc"), dtype=object))
    with pytest.raises(ModelError, match="no column 'gone'"):
        number_array(frame, ["gone"], np.array(list("abc"), dtype=object))


# --- a model's answers --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted_table() -> pd.DataFrame:
    from tests.helpers.tables import small_table

    return small_table()


@pytest.fixture(scope="module")
def model(fitted_table: pd.DataFrame) -> Any:
    from radiomics_screen.modelling import fit
    from tests.helpers.tables import ASKED, FAST

    return fit(fitted_table, **ASKED, **FAST, threshold=0.4, recalibrate="platt")


def test_an_answer_is_what_each_question_alone_returns(model: Any, fitted_table: pd.DataFrame) -> None:
    some = fitted_table.head(9)
    answers = model.answer(some, error_rate=0.2, reasons=3)
    assert len(answers) == 9
    np.testing.assert_array_equal(answers.probability, model.predict_probability(some))
    np.testing.assert_array_equal(answers.label, model.classify(answers.probability))
    np.testing.assert_array_equal(answers.sets, model.prediction_sets(answers.probability, 0.2))
    np.testing.assert_array_equal(answers.unusual, model.unusual(some))
    np.testing.assert_array_equal(answers.unlearned, model.unlearned(some))
    assert answers.reasons == model.reasons(some, 3) == model.strongest(some, 3)
    assert model.answer(some, reasons=0).reasons == [[]] * 9
    nobody = model.answer(fitted_table.iloc[:0])
    assert (len(nobody), nobody.reasons) == (0, [])


def test_rows_are_read_once_and_can_be_asked_again(model: Any, fitted_table: pd.DataFrame) -> None:
    rows = model.inputs.read(fitted_table)
    assert isinstance(rows, InputRows)
    chosen = np.arange(len(rows)) % 3 == 0
    np.testing.assert_array_equal(
        model.answer(rows.take(chosen)).probability, model.predict_probability(fitted_table[chosen])
    )
    pd.testing.assert_frame_equal(rows.frame(), fitted_table[model.features], check_dtype=False)
    broken = fitted_table.head(3).assign(**{model.kept[0]: [1.0, np.inf, 2.0]})
    with pytest.raises(ModelError, match=r"infinite or beyond 3\.4e38: .* \(case 0001\)"):
        model.answer(model.inputs.read(broken))


def test_a_model_that_has_answered_can_be_copied_and_sent(model: Any, fitted_table: pd.DataFrame) -> None:
    expected = model.predict_probability(fitted_table)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(other.predict_probability(fitted_table), expected)


def test_a_notebook_shows_a_model_with_nothing_that_could_run(model: Any) -> None:
    from dataclasses import replace

    shown = model._repr_html_()
    assert "finding = bad, otherwise good" in shown
    hostile = replace(model, card=model.card.model_copy(update={"target": "<script>alert(1)</script>"}))
    assert "<script>" not in hostile._repr_html_()
    assert "&lt;script&gt;" in hostile._repr_html_()
