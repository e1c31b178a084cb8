"""An embedding's columns become few: against scikit-learn, on rows without one, and learned in the fold."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from radiomics_screen.core.column_names import block_of, is_feature
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.modelling import fit, load_model
from radiomics_screen.modelling.data.dataset import Columns
from radiomics_screen.modelling.data.from_table import prepare
from radiomics_screen.modelling.options.groups import Preparation
from radiomics_screen.modelling.steps import STEPS, step_from_dict
from radiomics_screen.modelling.steps.reduce import EmbeddingReducer, is_embedding
from radiomics_screen.modelling.training.pipeline import fitted
from radiomics_screen.modelling.training.preparation_steps import preparation_steps
from tests.helpers.tables import ASKED, FAST, small_table

OTHERS = ["original_firstorder_Mean", "age"]


def embedding(rows: int, columns: int, seed: int = 0, stem: str = "original_embedding_") -> pd.DataFrame:
    """Columns on different scales that three hidden numbers make most of."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(rows, 3)) * [3.0, 2.0, 1.0]
    values = hidden @ random.normal(size=(3, columns)) + 0.3 * random.normal(size=(rows, columns))
    values = values * 10.0 ** random.integers(-2, 3, columns) + 5.0
    return pd.DataFrame(values, columns=[f"{stem}{number:04d}" for number in range(columns)])


def with_others(frame: pd.DataFrame) -> pd.DataFrame:
    rows = len(frame)
    beside = pd.DataFrame(
        {"original_firstorder_Mean": np.arange(rows) * 1.0, "age": ["old", "young"] * (rows // 2)}
    )
    return pd.concat([beside[OTHERS[:1]], frame, beside[OTHERS[1:]]], axis=1)


def outcome_of(frame: pd.DataFrame, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=len(frame))
    column = frame.iloc[:, 0].to_numpy()
    return ((column - column.mean()) / column.std() + noise > 0).astype(np.int64)


# --- against other implementations --------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns"), [(40, 17), (18, 60), (30, 30)])
def test_principal_components_are_those_of_scikit_learn(rows, columns):
    """By the products of the columns and by those of the rows, with the same signs."""
    learned, new = embedding(rows, columns), embedding(12, columns, seed=9)
    found = EmbeddingReducer("pca", 5).fit(learned)
    scaler = StandardScaler().fit(learned.to_numpy())
    other = PCA(5, svd_solver="full").fit(scaler.transform(learned.to_numpy()))
    axes = other.components_
    signs = np.sign(axes[np.arange(5), np.abs(axes).argmax(axis=1)])
    for frame in (learned, new):
        expected = other.transform(scaler.transform(frame.to_numpy())) * signs
        np.testing.assert_allclose(found.transform(frame), expected, atol=1e-8)


def test_partial_least_squares_is_that_of_scikit_learn():
    learned, new = embedding(40, 17), embedding(12, 17, seed=9)
    outcome = outcome_of(learned)
    found = EmbeddingReducer("pls", 4).fit(learned, outcome)
    scaler = StandardScaler().fit(learned.to_numpy())
    other = PLSRegression(4, scale=False).fit(scaler.transform(learned.to_numpy()), outcome)
    expected = other.transform(scaler.transform(new.to_numpy()))
    scores = found.transform(new).to_numpy()
    signs = np.sign((scores * expected).sum(axis=0))
    np.testing.assert_allclose(scores, expected * signs, atol=1e-8)


@pytest.mark.parametrize("part", [0.5, 0.8, 0.99])
def test_a_part_of_the_variance_is_held_by_as_few_as_can_be(part):
    learned = embedding(50, 20)
    scores = EmbeddingReducer("pca", part).fit(learned).transform(learned).to_numpy()
    held = scores.var(axis=0)[np.newaxis].cumsum() / 20  # each standardised column has a variance of 1
    assert held[-1] >= part - 1e-9
    assert len(held) == 1 or held[-2] < part
    other = PCA(part, svd_solver="full").fit(StandardScaler().fit_transform(learned.to_numpy()))
    assert len(held) == other.n_components_


def test_supervised_components_are_found_where_the_spread_says_nothing():
    random = np.random.default_rng(0)
    outcome = np.arange(200) % 2
    shared = random.normal(size=(200, 1)) * 3
    values = np.hstack(
        [shared + random.normal(size=(200, 20)), random.normal(size=(200, 5)) + 2 * outcome[:, None]]
    )
    frame = pd.DataFrame(values, columns=[f"original_embedding_{n}" for n in range(25)])
    first = {
        method: EmbeddingReducer(method, 1).fit(frame, outcome).transform(frame).to_numpy()[:, 0]
        for method in ("pca", "pls")
    }
    alike = {method: abs(np.corrcoef(score, outcome)[0, 1]) for method, score in first.items()}
    assert alike["pls"] > 0.7 > 0.3 > alike["pca"]


# --- columns and rows ---------------------------------------------------------------------------


def test_other_columns_pass_and_scores_are_features_of_their_block():
    frame = with_others(
        pd.concat([embedding(30, 6), embedding(30, 5, 1, "rim.original_embedding_e")], axis=1)
    )
    found = EmbeddingReducer("pca", 2).fit(frame)
    names = list(found.get_feature_names_out())
    scores = ["original_embedding_pca01", "original_embedding_pca02"]
    assert names == [*OTHERS, *scores, *(f"rim.{name}" for name in scores)]
    assert all(is_feature(name) and is_embedding(name) for name in names[2:])
    assert [block_of(name) for name in names[2:]] == ["embedding"] * 2 + ["rim"] * 2
    turned = found.transform(frame)
    assert list(turned.columns) == names
    pd.testing.assert_frame_equal(turned[OTHERS], frame[OTHERS])
    alone = EmbeddingReducer("pca", 2).fit(frame.filter(like="rim."))
    np.testing.assert_array_equal(turned.iloc[:, 4:], alone.transform(frame.filter(like="rim.")))


def test_rows_without_an_embedding_have_no_scores_and_are_not_learned_from():
    frame = embedding(30, 8)
    holed = frame.copy()
    holed.iloc[[3, 11]] = np.nan
    holed.iloc[20, 5] = np.nan
    lacking = [3, 11, 20]
    found = EmbeddingReducer("pca", 3).fit(holed)
    scores = found.transform(holed).to_numpy()
    assert np.isnan(scores[lacking]).all()
    assert np.isfinite(np.delete(scores, lacking, axis=0)).all()
    without = EmbeddingReducer("pca", 3).fit(frame.drop(index=lacking))
    np.testing.assert_array_equal(found.transform(frame), without.transform(frame))


def test_columns_without_any_value_or_without_spread_add_nothing():
    frame = embedding(30, 8)
    more = frame.assign(original_embedding_empty=np.nan, original_embedding_same=0.1)
    found = EmbeddingReducer("pca", 3).fit(more).transform(more)
    np.testing.assert_allclose(found, EmbeddingReducer("pca", 3).fit(frame).transform(frame), atol=1e-9)


def test_there_are_no_more_components_than_the_rows_allow():
    scores = EmbeddingReducer("pca", 32).fit(embedding(6, 40)).get_feature_names_out()
    assert list(scores) == [f"original_embedding_pca0{number}" for number in range(1, 6)]
    frame = with_others(pd.DataFrame(np.ones((10, 4)), columns=[f"original_embedding_{n}" for n in range(4)]))
    assert list(EmbeddingReducer("pca").fit(frame).get_feature_names_out()) == OTHERS
    with collect_remarks() as notes:
        few = with_others(embedding(10, 4))
        few.iloc[2:, 1:-1] = np.nan
        assert list(EmbeddingReducer("pca").fit(few).get_feature_names_out()) == OTHERS
    assert notes == ["2 rows have 'original_embedding': too few to learn components from, so it is left out"]
    assert (
        len(EmbeddingReducer("pca", 100).fit(embedding(120, 130)).get_feature_names_out()[0]) == 25
    )  # pca001


def test_a_row_is_answered_alone_as_among_others():
    frame = embedding(40, 300)
    found = EmbeddingReducer("pca", 6).fit(frame)
    alone = pd.concat([found.transform(frame.iloc[[row]]) for row in range(40)])
    np.testing.assert_array_equal(found.transform(frame), alone)


@pytest.mark.parametrize("method", ["pca", "pls"])
def test_json_brings_back_the_same_scores_to_the_last_bit(method):
    frame = with_others(embedding(30, 9))
    found = EmbeddingReducer(method, 3).fit(frame, outcome_of(embedding(30, 9)))
    written = json.loads(json.dumps(found.to_dict(list(frame.columns)), allow_nan=False))
    back = step_from_dict(written, list(frame.columns))
    pd.testing.assert_frame_equal(back.transform(frame), found.transform(frame), check_exact=True)
    assert list(back.get_feature_names_out()) == list(found.get_feature_names_out())
    assert STEPS["reduce"] is EmbeddingReducer
    assert clone(found).get_params() == {"method": method, "components": 3}


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda part: part["centre"].pop(), "are not finite, or not of its columns"),
        (lambda part: part["spread"].__setitem__(0, float("inf")), "are not finite"),
        (lambda part: part["weights"][1].pop(), "inhomogeneous"),
        (lambda part: part["columns"].__setitem__(0, "original_embedding_gone"), "there is no column"),
    ],
)
def test_a_damaged_step_is_refused(change, cause):
    frame = embedding(20, 5)
    written = EmbeddingReducer("pca", 2).fit(frame).to_dict(list(frame.columns))
    change(written["projections"][0])
    with pytest.raises((ModelError, ValueError), match=cause):
        step_from_dict(written, list(frame.columns))


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"method": "pka"}, "unknown reduction 'pka': did you mean 'pca'"),
        ({"components": 0}, "components is 0; it must be a whole number of 1 or more, or a part"),
        ({"components": 2.5}, "components is 2.5"),
        ({"method": "pls", "components": 0.9}, "components is 0.9; it must be a whole number of 1 or more$"),
    ],
)
def test_options_that_cannot_be_are_refused(options, cause):
    with pytest.raises(ModelError, match=cause):
        EmbeddingReducer(**options).fit(embedding(10, 4), np.arange(10) % 2)


def test_what_cannot_be_learned_is_said():
    with pytest.raises(ModelError, match="learns from the outcome, but none was given"):
        EmbeddingReducer("pls").fit(embedding(10, 4))
    with pytest.raises(ModelError, match="all there is to learn from, and gives no component"):
        EmbeddingReducer("pca").fit(embedding(10, 4) * 0)


# --- in the pipeline ----------------------------------------------------------------------------


def embedded_table(patients: int = 50, columns: int = 40) -> pd.DataFrame:
    table = small_table(patients)
    deep = embedding(len(table), columns)
    deep.iloc[5] = np.nan
    return pd.concat([table, deep], axis=1)


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, 32), ({"components": 3}, 3), ({"embedding": "pls"}, 4), ({"embedding": "none"}, 0)],
)
def test_only_an_embedding_is_reduced(options, expected):
    def reduced(*names: str) -> bool:
        steps = preparation_steps(Preparation(**options), Columns(names))
        return "reduce" in [name for name, _ in steps]

    assert not reduced("original_firstorder_Mean")
    assert reduced("original_firstorder_Mean", "original_embedding_0001") == (expected > 0)
    table = embedded_table()
    features = [name for name in table if is_feature(name)]
    rows = prepare(table, features, target="finding", positive="bad", group="patient_id")
    made = fitted(Pipeline(preparation_steps(Preparation(correlation=1, **options), rows.columns)), rows)
    names = made.get_feature_names_out()
    left = [name for name in names if is_embedding(name)]
    assert len(left) == (expected or 40)
    assert len(names) == len(left) + 8


@pytest.mark.parametrize("embedding_by", ["pca", "pls"])
def test_through_a_fit_and_a_folder(embedding_by, tmp_path):
    table = embedded_table()
    model = fit(table, **ASKED, **FAST, embedding=embedding_by, components=3, controls=False)
    told = model.evaluation.summary["embedding"]
    assert told == {"method": embedding_by, "components": 3, "of": 40}
    assert [name for name in model.kept if is_embedding(name)] == [
        f"original_embedding_{embedding_by}0{number}" for number in (1, 2, 3)
    ]
    model.save(tmp_path / "model")
    back = load_model(tmp_path / "model")
    np.testing.assert_array_equal(back.predict_probability(table), model.predict_probability(table))
    assert np.isfinite(back.predict_probability(table)).all()
    assert fit(small_table(), **ASKED, **FAST, controls=False).evaluation.summary["embedding"] is None


@pytest.mark.parametrize("embedding_by", ["pca", "pls"])
def test_components_are_learned_from_the_training_rows_alone(embedding_by):
    """Other values and other outcomes of the rows tested on leave the scores' weights as they were."""
    table = embedded_table()
    tested = (table["official"] == 1).to_numpy()
    other = table.copy()
    deep = [name for name in table if is_embedding(name)]
    other.loc[tested, deep] = 100 * np.random.default_rng(3).normal(size=(tested.sum(), len(deep)))
    other.loc[tested, "finding"] = np.where(other.loc[tested, "finding"] == "bad", "good", "bad")
    weights = []
    for one in (table, other):
        features = [name for name in one if is_feature(name)]
        rows = prepare(one, features, target="finding", positive="bad", group="patient_id")
        steps = preparation_steps(Preparation(embedding=embedding_by, components=3), rows.columns)
        made = fitted(Pipeline(steps), rows.take(~tested))
        weights.append(made.named_steps["reduce"].projections_[0].weights)
    np.testing.assert_array_equal(*weights)


def test_wrong_ways_to_reduce_are_told_before_the_work():
    with pytest.raises(ModelError, match=r"embedding is 'pcaa'; it must be .*: did you mean 'pca'"):
        fit(embedded_table(), **ASKED, embedding="pcaa")
    with pytest.raises(ModelError, match=r"components is -1"):
        fit(embedded_table(), **ASKED, components=-1)
