"""Report and model card of models that look at crops of lesions: heat maps, and words that fit."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'radiomics-screen[cnn]'")

from radiomics_screen.core.errors import ModelError  # noqa: E402
from radiomics_screen.modelling import Model, fit  # noqa: E402
from radiomics_screen.modelling.classifiers.shared import crop_networks  # noqa: E402
from radiomics_screen.modelling.data.crop_column import Crops, as_column  # noqa: E402
from radiomics_screen.networks import load_backbone as backbone  # noqa: E402
from radiomics_screen.report import write_fit_report, write_model_card  # noqa: E402
from radiomics_screen.report.figures.heat_maps import Heat, _levels, _palette, heat_of  # noqa: E402
from radiomics_screen.report.figures.lesion_pictures import picture_of_crop, png  # noqa: E402
from radiomics_screen.report.sections.controls import controls_intro  # noqa: E402
from radiomics_screen.report.sections.headline import inputs_text  # noqa: E402
from radiomics_screen.report.sections.montage import montage_of  # noqa: E402
from radiomics_screen.report.sections.out_of_fold import out_of_fold  # noqa: E402
from radiomics_screen.report.wording.crop_models import cut_text  # noqa: E402
from tests.helpers.cnn_examples import SmallBackbone, crops_of  # noqa: E402
from tests.helpers.figures import not_rendered  # noqa: E402
from tests.helpers.summaries import findings  # noqa: E402
from tests.helpers.tables import ASKED  # noqa: E402

EDGE = 64
OPTIONS = {"margin": 0.25, "square": True, "background": "keep", "size": EDGE, "intensities": None, "axis": 0}
NETWORK = {"epochs": 0, "head_epochs": 2, "head_rate": 0.03}
FAST: dict[str, Any] = {"splits": 2, "repeats": 1, "resamples": 50, "device": "cpu"}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Rows with images, masks, crops, two features and the patient's age."""
    crops, outcome, patients = crops_of(40)
    crops = crops.repeat(2, axis=2).repeat(2, axis=3)
    folder, random = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    paths: dict[str, list[str]] = {"image": [], "mask": []}
    for number, crop in enumerate(crops):
        for name, pixels in zip(paths, crop, strict=True):
            paths[name].append(str(folder / f"{number}_{name}.png"))
            Path(paths[name][-1]).write_bytes(png(pixels))
    return pd.DataFrame(
        {
            "case_id": [f"c{number}" for number in range(len(crops))],
            "patient_id": patients,
            "finding": np.where(outcome == 1, "bad", "good"),
            **paths,
            "age": random.integers(30, 80, len(crops)),
            "original_firstorder_Mean": random.normal(size=len(crops)) + outcome,
            "original_firstorder_Range": random.normal(size=len(crops)),
        }
    ).assign(crop=as_column(crops))


@pytest.fixture(scope="module")
def small() -> Iterator[None]:
    """Put a small backbone in the place of the default one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backbone, "load_backbone", lambda name: SmallBackbone())
        yield


@pytest.fixture(scope="module")
def network(small: None, table: pd.DataFrame) -> Model:
    """A network on crops alone."""
    bare = table.drop(columns=["crop", "age", "original_firstorder_Mean", "original_firstorder_Range"])
    given = Crops(table["crop"], OPTIONS)
    return fit(bare, **ASKED, **FAST, classifier="cnn", hyperparameters=NETWORK, crops=given)


@pytest.fixture(scope="module")
def late(small: None, table: pd.DataFrame) -> Model:
    """Late fusion of features and a network."""
    options = {
        "apart": False,
        "inner_folds": 2,
        "members": {"numbers": ["logistic"]},
        "options": {"crop": {"cnn": NETWORK}},
    }
    return fit(
        table.drop(columns=["crop", "age"]), **ASKED, **FAST, classifier="late", hyperparameters=options,
        crops=Crops(table["crop"], OPTIONS),
    )  # fmt: skip


@pytest.fixture(params=["network", "late"])
def model(request: pytest.FixtureRequest) -> Model:
    found: Model = request.getfixturevalue(request.param)
    return found


def written(model: Model, folder: Path, **options: Any) -> str:
    """Return a report without its figures; its heat maps are there."""
    with not_rendered():
        write_fit_report(model, folder / "r.html", resamples=50, **options)
    return (folder / "r.html").read_text(encoding="utf-8")


def card_of(model: Model, folder: Path) -> str:
    write_model_card(model, folder / "m.card.md")
    return (folder / "m.card.md").read_text(encoding="utf-8")


def without_torch(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(crop_networks, "find_spec", lambda name: None)


# --- heat maps in the montage -------------------------------------------------------------------


def test_each_case_of_the_montage_has_its_crop_under_a_heat_map(model: Model, table: pd.DataFrame) -> None:
    found = montage_of(model, table, out_of_fold(model))
    assert found.heat is not None
    assert found.heat.network is not None
    for title, _, tiles in found.kinds:
        called = title.partition("called ")[2].replace("so", title.partition(",")[0])
        for tile in tiles:
            assert tile.picture is not None
            assert tile.heat is not None
            layers = 1 if tile.heat_remark else 2
            assert tile.heat.count("data:image/png;base64,") == layers
            alt = f"Crop of case {tile.case} with the outline of the lesion, under a heat map of the places"
            assert f'aria-label="{alt} that speak for {called}"' in tile.heat


def test_a_heat_map_is_that_of_the_network(model: Model, table: pd.DataFrame) -> None:
    heat = heat_of(model, table)
    assert heat is not None
    assert heat.network is not None
    crop = table["crop"].iloc[0]
    for positive in (True, False):
        expected = heat.network.heat_maps(crop[np.newaxis], positive=positive)[0]
        svg, remark = heat.over(crop, "x", positive=positive)
        layers = re.findall(r"base64,([^\"]+)", svg)
        assert (remark != "") == (len(layers) == 1) == (expected.max() == 0)
        if remark:
            continue
        drawn = pixels_of(base64.b64decode(layers[1]))
        assert abs(drawn / 63 - expected).max() <= 0.5 / 63 + 1e-6


def pixels_of(content: bytes) -> np.ndarray:
    """Return the pixels of a PNG that :func:`png` made, in the shape that its header says."""
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    at = content.index(b"IDAT")
    lines = zlib.decompress(content[at + 4 : at + 4 + int.from_bytes(content[at - 4 : at], "big")])
    steps = np.frombuffer(lines, np.uint8).reshape(height, width + 1)[:, 1:]
    return np.add.accumulate(steps, axis=1, dtype=np.uint8)


def test_the_palette_grows_lighter_and_less_transparent() -> None:
    palette = _palette().astype(float)
    lightness = palette[:, :3] @ (0.2126, 0.7152, 0.0722)  # ITU-R BT.709
    assert (np.diff(lightness) > 0).all()
    assert (np.diff(palette[:, 3]) >= 0).all()
    assert palette[0, 3] == 0
    assert palette[-1, 3] < 255  # the crop is seen under the hottest place
    assert palette[:, :3].max(axis=0)[1] < 150  # far from the yellow of the outline


def test_a_palette_is_read_as_colours(tmp_path: Path) -> None:
    from PIL import Image

    pixels = np.arange(64, dtype=np.uint8).reshape(4, 16)
    (tmp_path / "p.png").write_bytes(png(pixels, _palette()))
    found = np.asarray(Image.open(tmp_path / "p.png").convert("RGBA"))
    np.testing.assert_array_equal(found, _palette()[pixels])


def test_a_large_crop_and_its_heat_become_smaller_alike() -> None:
    crop = np.zeros((2, 400, 400), np.uint8)
    crop[:, 100:300, 100:200] = 255
    picture = picture_of_crop(crop)
    assert picture.pixels.shape == (192, 192)
    np.testing.assert_allclose(picture.outlines[0].min(axis=0), (48, 48), atol=1)
    levels = _levels(crop[0].astype(np.float32) / 255, picture.pixels.shape)
    assert levels.shape == (192, 192)
    assert (levels[60:130, 60:90] == 63).all()
    assert (levels[150:] == 0).all()


def test_a_place_that_says_nothing_has_no_colour_and_a_remark(network: Model, table: pd.DataFrame) -> None:
    class Silent:
        def heat_maps(self, crops: np.ndarray, *, positive: bool) -> np.ndarray:
            return np.zeros((1, *crops.shape[2:]), np.float32)

    heat: Any = Heat(Silent(), "")  # type: ignore[arg-type]
    svg, remark = heat.over(table["crop"].iloc[0], "x", positive=True)
    assert svg.count("<image") == 1
    assert remark == "no place of the crop speaks for this call"


# --- why there are none -------------------------------------------------------------------------


def test_a_report_without_torch_says_so(
    model: Model, table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch)
    text = written(model, tmp_path, table=table)
    assert "No heat maps are shown: the classifier &#39;cnn&#39; needs torch and safetensors" in text
    assert "speak for" not in text
    assert text.count('class="lesion"') >= 4  # the pictures are there


def test_a_table_without_crops_gives_a_report_that_says_so(
    model: Model, table: pd.DataFrame, tmp_path: Path
) -> None:
    text = written(model, tmp_path, table=table.drop(columns="crop"))
    assert "No heat maps are shown: the table has no column &#39;crop&#39;" in text
    assert text.count('class="lesion"') >= 4
    assert ("What moves the model is not shown" in text) == (model.card.classifier == "late")
    alone = montage_of(model, None, out_of_fold(model))
    assert alone.kinds == []


def test_crops_are_shown_where_images_are_missing(network: Model, table: pd.DataFrame) -> None:
    bare = montage_of(network, table.drop(columns=["image", "mask"]), out_of_fold(network))
    tiles = [tile for *_, tiles in bare.kinds for tile in tiles]
    assert tiles
    assert all(tile.heat is not None and tile.picture is None and not tile.problem for tile in tiles)
    lost = montage_of(network, table.assign(image="nowhere.png"), out_of_fold(network))
    tiles = [tile for *_, tiles in lost.kinds for tile in tiles]
    assert all(tile.heat is not None and "nowhere.png" in tile.problem for tile in tiles)


def test_a_case_without_its_crop_leaves_the_others(network: Model, table: pd.DataFrame) -> None:
    folds = out_of_fold(network)
    gone = montage_of(network, table, folds).kinds[0][2][0].case
    cells = zip(table["case_id"], table["crop"], strict=True)
    crops = as_column(None if case == gone else crop for case, crop in cells)
    found = montage_of(network, table.assign(crop=crops), folds)
    without = [tile for *_, tiles in found.kinds for tile in tiles if tile.heat is None]
    assert [(tile.case, tile.heat_remark) for tile in without] == [
        (gone, "no heat map: there is no crop of its lesion")
    ]


def test_crops_of_another_size_are_remarked(network: Model, table: pd.DataFrame) -> None:
    heat = heat_of(network, table)
    assert heat is not None
    with pytest.raises(ModelError, match="trained with 64 x 64"):
        heat.over(np.zeros((2, 32, 32), np.uint8), "x", positive=True)


def test_one_value_for_the_whole_crop_is_no_map(
    network: Model, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network.pipeline[-1], "crop_shape_", (32, 32))
    heat = heat_of(network, table)
    assert heat is not None
    assert heat.network is None
    assert "of crops of 32 x 32 pixels" in heat.text


# --- words --------------------------------------------------------------------------------------


def test_a_caption_says_what_a_heat_map_is_and_is_not(
    network: Model, late: Model, table: pd.DataFrame, tmp_path: Path
) -> None:
    text = written(network, tmp_path, table=table)
    for said in ("Selvaraju et al. 2017", "not why", "2 x 2 values", "fitted on all rows", "mask, too"):
        assert said in text
    assert "one member of the model" not in text
    assert "one member of the model" in written(late, tmp_path, table=table)
    assert "<script" not in text
    assert not re.findall(r'(?:href|src)="(?!data:|#)', text)  # one file, which loads nothing
    assert written(network, tmp_path, table=table) == text


def test_a_network_alone_has_no_features(network: Model, table: pd.DataFrame, tmp_path: Path) -> None:
    text = written(network, tmp_path, table=table)
    assert 'id="features"' not in text
    for said in (
        "Learned from crops of the lesions by a network, without radiomic features.",
        "none: a network learned from crops of the lesions: 64 x 64 pixels, a square round the lesion",
        "no features are extracted",
        "there are none to choose",
        "How inputs and probabilities were prepared",
    ):
        assert said in text
    for unsaid in ("correlation limit", "Robust features", "selection of features", "input: 1"):
        assert unsaid not in text
    card = card_of(network, tmp_path)
    assert "| Input | crops of the lesions: 64 x 64 pixels" in card
    assert "| Settings of the extraction | no features are extracted |" in card
    assert "Heat maps say where its network looks, not why." in card
    for unsaid in ("1 features", "Missing values", "Robust features", "not known"):
        assert unsaid not in card


def test_features_beside_crops_are_counted_without_them(
    late: Model, table: pd.DataFrame, tmp_path: Path
) -> None:
    text = written(late, tmp_path, table=table)
    assert "Learned from radiomic features and crops of the lesions: these figures are not of" in text
    assert "input: 2 left; after all steps: 2 left; and crops of the lesions: 64 x 64 pixels" in text
    assert "&#39;crop&#39; is what the network says of the lesion&#39;s crop" in text
    assert "Grey: not measured" not in text
    card = card_of(late, tmp_path)
    assert "| Input | 2 features, of which 2 reach the classifier; and crops of the lesions: 64 x 64" in card
    assert "cnn (epochs 0, head\\_epochs 2" in card


def test_an_embedding_is_told(network: Model, tmp_path: Path) -> None:
    summary = {**network.evaluation.summary, "embedding": {"method": "pca", "components": 32, "of": 1280}}
    card = card_of(replace(network, evaluation=replace(network.evaluation, summary=summary)), tmp_path)
    assert "| Embedding | 1280 columns became 32 principal components, learned inside each fold |" in card
    assert "Embedding" not in card_of(network, tmp_path)


def test_how_crops_are_cut_in_words() -> None:
    other = {
        "size": 96,
        "square": False,
        "margin": 0,
        "background": "mask",
        "intensities": [-9, 300],
        "axis": 2,
    }
    assert cut_text(other) == (
        "96 x 96 pixels, the lesion's box, stretched to a square, a margin of 0 of the lesion's longer side, "
        "what lies round the lesion is hidden, grey values from -9 to 300, slices across x"
    )
    assert cut_text({}) == "it is not known how they are cut"


def test_inputs_in_words() -> None:
    said = inputs_text(findings(clinical=["age"]), crops=True)
    assert "radiomic features, the clinical variable age and crops of the lesions: these figures are" in said
    said = inputs_text(findings(clinical=["age"]), crops=True, features=False)
    assert "Learned from the clinical variable age and crops of the lesions: these figures are not" in said


def test_controls_of_networks_say_how_their_aucs_differ() -> None:
    asked = [{"name": "background", "title": "Background", "verdict": "passed", "text": "It falls."}]
    counts = {"rows_read": 8, "rows": 8, "positives": 3, "negatives": 5, "patients": 8, "missing_values": 0}
    twice = {"column": None, "splits": 5, "repeats": 2, "stratified": True, "seed": 0}
    with_features, without = ({**counts, "features": number} for number in (3, 0))
    beside = controls_intro(findings(controls=asked, cohort=with_features, clinical=["age"]))
    assert "of the radiomic features without clinical columns and crops. Those of what a network" in beside
    assert controls_intro(findings(controls=asked, cohort=without)) == ""
    alone = controls_intro(findings(controls=asked, cohort=without, fold_design=twice, clinical=["age"]))
    assert "AUCs are here of the first repeat only; the crops without clinical columns. So" in alone
