"""Late fusion: blocks, weights, files, and what it is not shown."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.base import clone

from radiomics_screen.core.errors import ModelError, ScreenError
from radiomics_screen.modelling import fit, load_model
from radiomics_screen.modelling.arguments import AUTO, candidates_of
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import ClassifierKind
from radiomics_screen.modelling.classifiers.shared.fusion import log_odds_of
from radiomics_screen.modelling.data.blocks import block_named, places_by_block
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.from_table import prepare
from radiomics_screen.modelling.data.splits import inner_splits
from radiomics_screen.modelling.options.groups import Preparation
from radiomics_screen.modelling.training.learning import learn
from radiomics_screen.modelling.training.plan import Plan
from radiomics_screen.modelling.training.tuning import search
from tests.helpers.tables import ASKED, small_table

NAMES = [
    "original_embedding_pca01",
    "original_firstorder_Mean",
    "age",
    "original_embedding_pca02",
    "rim.original_glcm_Contrast",
    "original_glcm_Contrast",
]
BLOCKS = {"clinical": [2], "embedding": [0, 3], "radiomics": [1, 5], "rim": [4]}
QUICK: dict[str, Any] = {
    "members": {"radiomics": ["logistic", "xgboost"], "rim": ["logistic"]},
    "inner_folds": 3,
}
QUICK["options"] = {"radiomics": {"xgboost": {"n_estimators": 5}}}


def rows_of(count: int = 160, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Six columns of which the first, the third and the last tell the outcome."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(count, 6))
    chance = expit(2 * values[:, 0] + values[:, 2] + values[:, 5])
    return values, (random.random(count) < chance).astype(np.int64)


def built(**options: Any) -> Any:
    return CLASSIFIERS["late"].build(seed=0, **{**QUICK, **options})


def dataset(values: np.ndarray, outcome: np.ndarray) -> Dataset:
    features = tuple(name for name in NAMES if name != "age")
    table = pd.DataFrame(values, columns=NAMES).assign(
        target=outcome, patient=[f"p{row // 2:04d}" for row in range(len(values))]
    )
    return prepare(table, features, target="target", group="patient", clinical=["age"])


# --- blocks and weights -------------------------------------------------------------------------


def test_columns_come_in_the_blocks_of_their_names():
    assert places_by_block(map(block_named, NAMES)) == BLOCKS
    values, outcome = rows_of()
    fitted = built().fit(values, outcome, names=NAMES)
    assert fitted.blocks_ == BLOCKS
    expected = [
        "clinical/logistic",
        "embedding/logistic",
        "radiomics/logistic",
        "radiomics/xgboost",
        "rim/logistic",
    ]
    assert list(fitted.fitted_) == expected
    assert [fitted.fitted_[name].n_features_in_ for name in expected] == [1, 2, 2, 2, 1]


def test_it_is_a_weighted_sum_of_classifiers_that_see_one_block():
    values, outcome = rows_of()
    fitted = built().fit(values, outcome, names=NAMES)
    said = []
    for member in fitted.fitted_:
        block, name = member.split("/")
        options = QUICK["options"].get(block, {}).get(name, {})
        alone = CLASSIFIERS[name].build(seed=0, **options).fit(values[:, BLOCKS[block]], outcome)
        said.append(log_odds_of(alone.predict_proba(values[:, BLOCKS[block]])[:, 1]))
    expected = np.stack(said, axis=1) @ fitted.weights_ + fitted.intercept_
    np.testing.assert_allclose(fitted.decision_function(values), expected, atol=1e-9)
    assert fitted.weights_.min() >= 0


def test_weights_go_to_the_blocks_that_tell_the_outcome():
    values, outcome = rows_of(1500)
    logistic = {block: ["logistic"] for block in BLOCKS}
    fitted = built(members=logistic, options=None).fit(values, outcome, names=NAMES)
    weights = dict(zip(fitted.blocks_, fitted.weights_, strict=True))
    assert min(weights[block] for block in ("clinical", "embedding", "radiomics")) > 0.7
    assert weights["rim"] < 0.5  # noise, whose log-odds hardly differ from row to row


def test_weights_are_learned_from_rows_that_the_members_have_not_seen():
    """A block of noise that a member learns by heart gets hardly any weight."""
    random = np.random.default_rng(0)
    outcome = np.arange(200) % 2
    values = np.hstack([random.normal(size=(200, 60)), random.normal(size=(200, 1)) + 1.5 * outcome[:, None]])
    names = [f"original_embedding_{number}" for number in range(60)] + ["original_firstorder_Mean"]
    members = {"radiomics": ["logistic"], "embedding": ["xgboost"]}
    fitted = built(members=members, options=None).fit(values, outcome, names=names)
    by_heart = fitted.fitted_["embedding/xgboost"].predict(values[:, :60])
    assert (by_heart == outcome).mean() > 0.95
    assert fitted.weights_[0] < 0.25 < 0.6 < fitted.weights_[1]


def test_one_member_is_that_classifier():
    values, outcome = rows_of()
    alone = CLASSIFIERS["logistic"].build(seed=0).fit(values, outcome)
    for names, members in [(None, {"all": ["logistic"]}), ([f"c{n}" for n in range(6)], None)]:
        fitted = built(members=members, options=None).fit(values, outcome, names=names)
        np.testing.assert_allclose(fitted.predict_proba(values), alone.predict_proba(values), atol=1e-12)
        assert fitted.weights_.tolist() == [1.0]


def test_patients_stay_whole_where_weights_are_learned(monkeypatch):
    values, outcome = rows_of(120)
    owners = np.repeat(np.arange(60), 2).astype(str)
    outcome = np.repeat(outcome[::2], 2)
    seen = []
    module = "radiomics_screen.modelling.classifiers.shared.fusion.inner_splits"
    monkeypatch.setattr(module, lambda y, g, n, s: seen.append(g) or inner_splits(y, g, n, s))
    built().fit(values, outcome, groups=owners, names=NAMES)
    np.testing.assert_array_equal(seen[0], owners)


class _Pictures:
    """A classifier of cells that are arrays: their mean is the log-odds."""

    def fit(self, X: Any, y: Any) -> Any:
        assert X.dtype == object
        assert X.shape[1] == 1
        self.n_features_in_, self.classes_ = 1, np.array([0, 1])
        return self

    def predict_proba(self, X: Any) -> Any:
        positive = expit(np.array([cell.mean() for cell in X[:, 0]]))
        return np.stack([1 - positive, positive], axis=1)


def test_columns_that_are_no_numbers_reach_the_classifier_of_their_block(monkeypatch):
    class Kind(ClassifierKind):
        build = staticmethod(lambda *, seed=0, device="cpu": _Pictures())
        save = load = input_count = None  # type: ignore[assignment]

        def contributions(self, estimator: Any, values: Any) -> Any:
            return np.stack([logit(estimator.predict_proba(values)[:, 1]), np.zeros(len(values))], axis=1)

    Kind.__abstractmethods__ = frozenset()
    known = CLASSIFIERS["logistic"]
    found = {"pictures": Kind(), "logistic": known}
    for place in ("late", "shared.fusion"):
        monkeypatch.setattr(f"radiomics_screen.modelling.classifiers.{place}.CLASSIFIERS", found)
    values, outcome = rows_of(80)
    frame = pd.DataFrame(values[:, :2], columns=["original_firstorder_Mean", "original_glcm_Contrast"])
    cells = np.empty(80, dtype=object)
    cells[:] = [np.full((2, 3), value) for value in values[:, 0]]
    frame["wing.original_pixels_crop"] = cells
    made = built(members={"radiomics": ["logistic"], "wing": ["pictures"]}, options=None)
    made.fit(frame, outcome, names=list(frame.columns))
    said = made.decision_function(frame)
    contributions = made.contributions(np.asarray(frame))
    np.testing.assert_allclose(contributions.sum(axis=1), said, atol=1e-9)
    assert made.weights_[1] > 0
    assert np.abs(contributions[:, 2] - made.weights_[1] * values[:, 0]).max() < 1e-9


# --- contributions and files --------------------------------------------------------------------


def test_contributions_are_those_of_the_blocks_and_add_up():
    values, outcome = rows_of()
    kind, fitted = CLASSIFIERS["late"], built().fit(values, outcome, names=NAMES)
    found = kind.contributions(fitted, values)
    np.testing.assert_allclose(found.sum(axis=1), fitted.decision_function(values), atol=1e-9)
    assert np.ptp(found[:, -1]) == 0
    other = values.copy()
    other[:, BLOCKS["embedding"]] = 0
    changed = kind.contributions(fitted, other)
    rest = [place for block, places in BLOCKS.items() if block != "embedding" for place in places]
    np.testing.assert_allclose(changed[:, rest], found[:, rest], atol=1e-12)


def test_a_folder_of_files_brings_it_back_to_the_last_bit(tmp_path):
    values, outcome = rows_of()
    kind, fitted = CLASSIFIERS["late"], built().fit(values, outcome, names=NAMES)
    kind.save(fitted, tmp_path / "late.json")
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [
        "late-clinical-logistic.json", "late-embedding-logistic.json", "late-radiomics-logistic.json",
        "late-radiomics-xgboost.json", "late-rim-logistic.json", "late.json",
    ]  # fmt: skip
    assert all(kind.owns(name) for name in files)
    assert not kind.owns("notes.txt")
    back = kind.load(tmp_path / "late.json", clone(built()))
    assert kind.input_count(back) == 6
    np.testing.assert_array_equal(back.predict_proba(values), fitted.predict_proba(values))
    np.testing.assert_array_equal(kind.contributions(back, values), kind.contributions(fitted, values))


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda c: c["blocks"]["clinical"].append(0), "do not hold each column once"),
        (lambda c: c["blocks"].update(rim=[7]), "do not hold each column once"),
        (lambda c: c["blocks"].update({"../rim": c["blocks"].pop("rim")}), "blocks"),
        (lambda c: c["members"].pop(), "its members are not"),
        (lambda c: c["members"].append(c["members"][-1]), "its members are not"),
        (lambda c: c["members"][0].update(sha256="0" * 64), "late-clinical-logistic.json is missing, or not"),
        (lambda c: c["members"][0].update(weight=-1.0), "greater than or equal to 0"),
        (lambda c: [one.update(weight=0.0) for one in c["members"]], "no member has any weight"),
        (lambda c: c["blocks"].update(clinical=[1], radiomics=[2, 5]), None),
        (lambda c: c["blocks"].update(clinical=[1, 2], radiomics=[5]), "does not expect 2 features"),
    ],
)
def test_a_damaged_file_is_refused(change, cause, tmp_path):
    values, outcome = rows_of(80)
    kind = CLASSIFIERS["late"]
    kind.save(built().fit(values, outcome, names=NAMES), tmp_path / "late.json")
    content = json.loads((tmp_path / "late.json").read_text())
    change(content)
    (tmp_path / "late.json").write_text(json.dumps(content))
    if cause is None:  # which columns are whose, the folder's hashes and its probe tell
        assert np.isfinite(kind.load(tmp_path / "late.json", built()).predict_proba(values)).all()
        return
    with pytest.raises(ModelError, match=cause):
        kind.load(tmp_path / "late.json", built())


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"members": {"rim": []}}, "classifiers of block 'rim' are none; name one or more"),
        ({"members": {"rim": ["svm", "svm"]}}, "name one or more different ones"),
        ({"members": {"rim": ["stack"]}}, "none of them a stack or late fusion"),
        ({"members": {"rim": ["late"]}}, "none of them a stack or late fusion"),
        ({"members": {"rim": ["forrest"]}}, "did you mean 'forest'"),
        ({"options": {"embedding": {"svm": {}}}}, "'svm', which is not a classifier of block 'embedding'"),
        ({"options": {"clinical": {"logistic": {"C": 1}}}}, "unknown hyperparameter 'C'"),
    ],
)
def test_what_cannot_be_fused_is_refused(options, cause):
    with pytest.raises(ScreenError, match=cause):
        CLASSIFIERS["late"].build(**options)


def test_late_fusion_is_no_member_of_a_stack():
    with pytest.raises(ModelError, match="none of them a stack or late fusion"):
        CLASSIFIERS["stack"].build(members=["late", "svm"])


def test_as_many_names_as_columns():
    values, outcome = rows_of()
    with pytest.raises(ModelError, match="5 names are given for 6 columns"):
        built().fit(values, outcome, names=NAMES[:5])


# --- in a fit -----------------------------------------------------------------------------------


def fused_table(effect: float = 1.0, patients: int = 80) -> pd.DataFrame:
    """Radiomics, an embedding that tells more, and an age."""
    random = np.random.default_rng(2)
    table = small_table(patients, effect=effect, features=4)
    bad = (table["finding"] == "bad").to_numpy()
    deep = random.normal(size=(len(table), 12))
    deep[:, :6] += 0.8 * bad[:, None]
    names = [f"original_embedding_{number:04d}" for number in range(12)]
    table = pd.concat([table, pd.DataFrame(deep, columns=names)], axis=1)
    return table.assign(age=random.normal(60, 9, len(table)).round())


FEW: dict[str, Any] = {
    "splits": 3,
    "repeats": 1,
    "resamples": 20,
    "controls": False,
    "device": "cpu",
    "inner_folds": 2,
}
LATE = {"members": {"radiomics": ["logistic"]}, "inner_folds": 2}


def test_through_a_fit_and_a_folder(tmp_path):
    table = fused_table()
    model = fit(
        table, **ASKED, **FEW, classifier="late", hyperparameters=LATE, clinical=["age"], components=4
    )
    assert set(model.pipeline[-1].blocks_) == {"clinical", "embedding", "radiomics"}
    model.save(tmp_path / "model")
    model.save(tmp_path / "model")  # over its own files
    back = load_model(tmp_path / "model")
    np.testing.assert_array_equal(back.predict_probability(table), model.predict_probability(table))
    pd.testing.assert_frame_equal(back.contributions(table), model.contributions(table))
    assert model.evaluation.figure("auc").value > 0.8
    (tmp_path / "model" / "late-rim-logistic.json").write_text("{}")
    model.save(tmp_path / "model")
    assert not (tmp_path / "model" / "late-rim-logistic.json").exists()


def test_inner_folds_choose_between_early_and_late():
    """Late fusion is tried once, with the settings that are given, and judged on the same inner folds."""
    values, outcome = rows_of(120)
    rows = dataset(values, outcome)
    given = {"late": QUICK, "stack": {"members": ["logistic", "svm"]}}
    plan = Plan(
        preparation=Preparation(correlation=1, embedding="none"), candidates=("stack", "late"),
        hyperparameters=given, trials=5, inner_folds=3,
    )  # fmt: skip
    found = search(plan, rows)
    assert list(found.by_classifier) == ["stack", "late"]
    assert found.trials == 5
    alone = search(
        Plan(preparation=plan.preparation, candidates=("late",), hyperparameters=given, inner_folds=3), rows
    )
    assert alone.best.auc == found.by_classifier["late"]
    assert alone.best.hyperparameters["members"] == QUICK["members"]
    assert alone.trials == 1
    learned = learn(plan, rows)
    assert learned.classifier == max(found.by_classifier, key=lambda name: found.by_classifier[name])


def test_the_unseen_probabilities_are_of_pipelines_that_know_the_blocks():
    values, outcome = rows_of(120)
    rows = dataset(values, outcome)
    preparation = Preparation(correlation=1, embedding="none")
    given = {"late": QUICK}
    found = search(Plan(preparation, ("late",), given, inner_folds=3, recalibrate="platt"), rows).best
    expected = np.full(len(outcome), np.nan)
    for train, test in inner_splits(rows.outcome, rows.groups, 3, 0):
        alone = learn(Plan(preparation, ("late",), given), rows.take(train))
        assert len(alone.pipeline[-1].blocks_) == 4
        expected[test] = alone.probability(rows.inputs.iloc[test])
    np.testing.assert_array_equal(found.unseen, expected)


def test_auto_fuses_late_where_an_embedding_stands_beside_others():
    assert candidates_of("auto", {}, BLOCKS)[0] == (*AUTO, "late")
    assert candidates_of("auto", {}, map(block_named, [NAMES[0], NAMES[3]]))[0] == AUTO
    assert candidates_of("auto", {}, map(block_named, [NAMES[1], NAMES[2]]))[0] == AUTO
    assert candidates_of(["svm"], {}, BLOCKS)[0] == ("svm",)


def test_nothing_of_the_rows_tested_on_is_looked_at():
    """Other outcomes and values there leave what the fold chose and learned as it was."""
    table = fused_table(patients=40)
    table["official"] = table["official"] % 2 + 1
    tested = (table["official"] == 1).to_numpy()
    other = table.copy()
    other.loc[tested, "finding"] = np.where(table.loc[tested, "finding"] == "bad", "good", "bad")
    models = []
    for one in (table, other):
        options = {**FEW, "folds": "official", "hyperparameters": {"late": LATE}}
        del options["splits"], options["repeats"]
        models.append(
            fit(
                one,
                **ASKED,
                **options,
                classifier=["logistic", "late"],
                clinical=["age"],
                embedding="pls",
                components=2,
                at_sensitivity=0.9,
                recalibrate="platt",
            )
        )
    first, second = (one.evaluation.summary["folds"][0] for one in models)
    assert first["choice"] == second["choice"]
    assert set(first["choice"]["inner_auc_by_classifier"]) == {"logistic", "late"}
    said = [one.evaluation.predictions for one in models]
    mine = said[0]["fold"] == "1"
    np.testing.assert_array_equal(said[0].loc[mine, "probability"], said[1].loc[mine, "probability"])
    assert not np.array_equal(said[0].loc[~mine, "probability"], said[1].loc[~mine, "probability"])
