"""Training on crops: what is learned, again and after a break, and where a network looks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'radiomics-screen[cnn]'")

from radiomics_screen.core.errors import ModelError  # noqa: E402
from radiomics_screen.core.remarks import collect_remarks  # noqa: E402
from radiomics_screen.networks.augment import mirrored  # noqa: E402
from radiomics_screen.networks.devices import check_device, torch_threads  # noqa: E402
from radiomics_screen.networks.gradcam import grad_cam  # noqa: E402
from radiomics_screen.networks.inference import area_under_curve, batch_of, log_odds  # noqa: E402
from radiomics_screen.networks.network import CropNetwork  # noqa: E402
from radiomics_screen.networks.training import Trained, train  # noqa: E402
from radiomics_screen.networks.training_options import Epoch, TrainingOptions  # noqa: E402
from tests.helpers.cnn_examples import SmallBackbone, crops_of  # noqa: E402

FAST = TrainingOptions(blocks=2, epochs=4, patience=4, rate=0.01, head_rate=0.03, batch=8, dropout=0.1)
LEARNED, HELD = np.arange(44), np.arange(44, 60)


def trained(options: TrainingOptions = FAST, **more: Any) -> Trained:
    crops, outcome, _ = crops_of()
    return train(SmallBackbone(), crops, outcome, LEARNED, HELD, options, **more)


def weights_of(found: Trained) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in found.network.state_dict().items()}


def assert_same(one: Trained, other: Trained) -> None:
    assert one.history == other.history
    assert one.best == other.best
    np.testing.assert_array_equal(one.unseen, other.unseen)
    for name, values in weights_of(one).items():
        np.testing.assert_array_equal(weights_of(other)[name], values, err_msg=name)


# --- what is learned ----------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", ["image", "image+mask"])
def test_bright_and_dark_lesions_are_told_apart(inputs):
    found = trained(replace(FAST, inputs=inputs, epochs=8, patience=8))
    unseen, outcome, _ = crops_of(seed=1)
    assert roc_auc_score(outcome, log_odds(found.network, unseen, mirror=True)) > 0.95
    assert found.history[found.best].inner_loss < np.log(2)


def test_the_best_round_is_kept_and_judged_on_the_rows_held_back():
    crops, outcome, _ = crops_of()
    for stop_on in ("loss", "auc"):
        found = trained(replace(FAST, stop_on=stop_on, rate=0.05, epochs=6, patience=6))
        kept = found.history[found.best]
        answers = log_odds(found.network, crops[HELD], mirror=True)
        np.testing.assert_array_equal(answers, found.unseen)
        assert kept.inner_auc == pytest.approx(roc_auc_score(outcome[HELD], answers))
        assert kept.inner_loss == pytest.approx(log_loss(outcome[HELD], 1 / (1 + np.exp(-answers))))
        if stop_on == "loss":
            assert kept.inner_loss == min(epoch.inner_loss for epoch in found.history)
        else:
            assert kept.inner_auc == max(epoch.inner_auc for epoch in found.history)


def test_it_stops_when_nothing_gets_better():
    told: list[Epoch] = []
    found = trained(replace(FAST, epochs=50, patience=2, rate=1e-9, head_rate=1e-9), progress=told.append)
    assert tuple(told) == found.history
    assert len(told) < 50
    assert told[-1].number == found.best + 2
    assert [epoch.number for epoch in told] == list(range(len(told)))
    assert {epoch.of for epoch in told} == {50}


def test_only_the_last_stages_and_the_head_learn():
    before, after = SmallBackbone().state_dict(), weights_of(trained(replace(FAST, blocks=1)))
    same = {n: np.array_equal(after[f"backbone.{n}"], tensor.numpy()) for n, tensor in before.items()}
    assert {name for name, kept in same.items() if not kept} == {"second.weight", "second.bias"}
    alone = trained(replace(FAST, blocks=0))
    assert len(alone.history) == 1
    after = weights_of(alone)
    assert all(np.array_equal(after[f"backbone.{n}"], tensor.numpy()) for n, tensor in before.items())
    assert np.abs(after["head.weight"]).max() > 0


def test_a_network_that_learns_still_normalises_as_it_did():
    """The statistics of the backbone's normalisation stay; an answer depends on no other crop."""
    after = weights_of(trained())
    np.testing.assert_array_equal(after["backbone.normal.running_mean"], 0)
    assert not np.array_equal(after["backbone.normal.weight"], np.ones(8))
    network = trained().network.train()
    assert network.training
    assert not network.backbone.training


def test_weights_are_averaged_over_the_last_rounds():
    """Over very many rounds they hardly leave where they began; over none they are the last ones."""
    begun = SmallBackbone().state_dict()["second.weight"].numpy()
    moved = []
    for rounds in (1e6, 1.0, 0.0):
        found = trained(replace(FAST, averaged_epochs=rounds, stop_on="auc", head_epochs=1, head_rate=1e-6))
        moved.append(np.abs(weights_of(found)["backbone.second.weight"] - begun).max() if found.best else 0)
    assert moved[0] < 1e-5
    assert moved[0] < moved[1] < moved[2]


def test_balanced_classes_count_the_same():
    """Without anything to tell them apart, the answer is the part of positives, or one half."""
    crops, outcome, _ = crops_of()
    crops[:] = crops[0]
    rows = np.concatenate([np.flatnonzero(outcome == 0)[:24], np.flatnonzero(outcome == 1)[:8]])
    options = replace(FAST, blocks=0, head_epochs=150, weight_decay=0.0, dropout=0.0)
    for balanced, expected in ((False, 0.25), (True, 0.5)):
        found = train(
            SmallBackbone(), crops, outcome, rows, HELD, replace(options, balanced=balanced)
        ).network
        probability = 1 / (1 + np.exp(-log_odds(found, crops[:1], mirror=False)[0]))
        assert probability == pytest.approx(expected, abs=0.03)


def test_rates_that_are_too_large_are_named():
    with pytest.raises(ModelError, match=r"went astray in round \d+ .*smaller learning rate than 1e\+30"):
        trained(replace(FAST, rate=1e30, head_rate=1.0))


# --- again, and after a break -------------------------------------------------------------------


def test_the_same_for_a_seed_and_otherwise_for_another():
    assert_same(trained(seed=3), trained(seed=3))
    assert not np.array_equal(trained(seed=3).unseen, trained(seed=4).unseen)


def test_others_draws_do_not_matter():
    first = trained()
    torch.manual_seed(99)
    assert_same(first, trained(progress=lambda epoch: torch.rand(3)))


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_training_goes_on_where_it_was_cut_off(after, tmp_path):
    def die(epoch: Epoch) -> None:
        if epoch.number == after:
            raise Killed

    with pytest.raises(Killed):
        trained(progress=die, checkpoints=tmp_path)
    told: list[int] = []
    found = trained(progress=lambda epoch: told.append(epoch.number), checkpoints=tmp_path)
    assert told == list(range(after + 1, 5))
    assert_same(found, trained())


def test_a_finished_training_is_not_repeated(tmp_path):
    first = trained(checkpoints=tmp_path)
    told: list[Epoch] = []
    assert_same(trained(progress=told.append, checkpoints=tmp_path), first)
    assert told == []
    trained(progress=told.append, checkpoints=tmp_path, seed=1)
    trained(replace(FAST, dropout=0.2), progress=told.append, checkpoints=tmp_path)
    assert [epoch.number for epoch in told].count(0) == 2
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("damage", ["cut short", "empty", "another byte"])
def test_a_damaged_checkpoint_is_told_and_the_training_starts_anew(damage, tmp_path):
    first = trained(checkpoints=tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    changed = whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:]
    path.write_bytes({"cut short": whole[: len(whole) // 2], "empty": b"", "another byte": changed}[damage])
    with collect_remarks() as notes:
        assert_same(trained(checkpoints=tmp_path), first)
    (note,) = notes
    assert path.name in note
    assert "starts again" in note


def test_a_checkpoint_never_runs_code(tmp_path):
    import hashlib
    import pickle

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path(tmp_path / "ran").touch, ())

    trained(checkpoints=tmp_path)
    (path,) = tmp_path.iterdir()
    content = pickle.dumps(Evil(), protocol=2)
    path.write_bytes(hashlib.sha256(content).hexdigest().encode() + content)
    with collect_remarks() as notes:
        trained(checkpoints=tmp_path)
    assert len(notes) == 1
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match=r"file/in cannot be made"):
        trained(checkpoints=tmp_path / "file" / "in")


# --- answers ------------------------------------------------------------------------------------


def test_an_answer_is_the_mean_over_the_crop_and_its_mirror_image():
    crops, _, _ = crops_of(10)
    network = trained().network
    one, other = (log_odds(network, part, mirror=False) for part in (crops, crops[..., ::-1]))
    np.testing.assert_allclose(log_odds(network, crops, mirror=True), (one + other) / 2, atol=1e-6)
    assert torch.equal(mirrored(batch_of(network, crops)), batch_of(network, crops[..., ::-1]))


def test_a_crop_is_answered_alone_as_among_others():
    crops, _, _ = crops_of(10)
    network = trained().network
    alone = [log_odds(network, crop[np.newaxis], mirror=True)[0] for crop in crops]
    np.testing.assert_array_equal(log_odds(network, crops, mirror=True), alone)
    assert log_odds(network, crops[:0], mirror=True).shape == (0,)


def test_what_the_backbone_is_shown():
    crops, _, _ = crops_of(2)
    shown = torch.from_numpy(crops).float() / 255
    grey = CropNetwork(SmallBackbone(), "image", 0.0).colours(shown)
    marked = CropNetwork(SmallBackbone(), "image+mask", 0.0).colours(shown)
    for colour in range(3):
        torch.testing.assert_close(grey[:, colour], 2 * shown[:, 0] - 1)
    torch.testing.assert_close(marked[:, :2], grey[:, :2])
    torch.testing.assert_close(marked[:, 2], 2 * shown[:, 1] - 1)


def test_the_area_is_that_of_scikit_learn():
    chance = np.random.default_rng(0)
    outcome, scores = chance.integers(0, 2, 80), chance.integers(0, 9, 80).astype(float)
    assert area_under_curve(outcome, scores) == pytest.approx(roc_auc_score(outcome, scores), abs=1e-12)


# --- where it looks -----------------------------------------------------------------------------


class Corner(SmallBackbone):
    """One map is the grey values themselves, a quarter as fine; the other is empty."""

    def __init__(self) -> None:
        super().__init__()
        self.channels = 2

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        grey = torch.nn.functional.avg_pool2d(x[:, :1], 4)
        return torch.cat([grey + 1, torch.zeros_like(grey)], dim=1)


def test_the_map_of_attention_lies_on_what_speaks_for_the_class():
    crop = np.zeros((2, 32, 32), dtype=np.uint8)
    crop[0, 4:12, 20:28] = 200
    network = CropNetwork(Corner(), "image", 0.0)
    with torch.no_grad():
        network.head.weight.copy_(torch.tensor([[2.0, -5.0]]))
    found = grad_cam(network, crop)
    assert found.shape == (32, 32)
    assert found.dtype == np.float32
    assert found.min() == 0
    assert found.max() == 1
    assert found[5:11, 21:27].min() > 0.5
    assert found[20:].max() == 0
    assert grad_cam(network, crop, positive=False).max() == 0  # nothing speaks against
    with torch.no_grad():
        network.head.weight.neg_()
    np.testing.assert_allclose(grad_cam(network, crop, positive=False), found, atol=1e-6)


def test_a_trained_network_looks_at_the_lesion():
    crops, outcome, _ = crops_of(seed=2)
    network = trained(replace(FAST, epochs=8, patience=8)).network
    inside = []
    for crop in crops[outcome == 1][:12]:
        found = grad_cam(network, crop)
        inside.append(found[crop[1] > 0].mean() - found[crop[1] == 0].mean())
    assert np.mean(inside) > 0.1


# --- where it computes --------------------------------------------------------------------------


def test_the_number_of_threads_is_put_back():
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_a_gpu_that_is_not_there_is_refused():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ModelError, match="finds no GPU"):
        check_device("cuda")
    check_device("cpu")
