"""Networks of torchvision, of timm, and TorchScript files, as backbones."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from radiomics_screen.core.errors import SettingsError, did_you_mean
from radiomics_screen.networks.backbone import IMAGENET, Backbone, Chain, channels_of
from radiomics_screen.networks.weights import load_into, read_weights

#: Children with which a network of torchvision ends after its last maps, and side branches for training.
_AFTER_MAPS = ("avgpool", "classifier", "fc", "head", "heads")
_BESIDE = ("aux1", "aux2", "AuxLogits")
#: The same in networks of timm.
_TIMM_AFTER_MAPS = ("global_pool", "fc_norm", "head_drop", "head", "fc", "classifier", "flatten")

_Named = list[tuple[str, nn.Module]]


def from_torchvision(name: str, weights: Path) -> Backbone:
    """Build a classification network of torchvision up to its last maps.

    Its inputs are normalised as ImageNet's are. Networks whose parts do not follow one another (vision
    transformers) are refused; timm has them.

    Raises
    ------
    SettingsError
        There is no such network, it has no maps, or the weights do not fit.
    """
    from torchvision import models

    full = f"torchvision/{name}"
    known = models.list_models(module=models)
    if name not in known:
        raise SettingsError(f"model {full}: torchvision has no such network{did_you_mean(name, known)}")
    options: dict[str, Any] = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    network = models.get_model(name, weights=None, **options)
    parts = _before(network, _AFTER_MAPS)
    _fill(network, [part for part, _ in parts], weights)
    modules = _spread(parts)
    if isinstance(network, models.DenseNet):
        modules.append(("relu", nn.ReLU()))
    kind = _Swin if isinstance(network, models.SwinTransformer) else Chain
    chain = kind(full, modules, 0, *IMAGENET)
    chain.channels = channels_of(full, chain)
    return chain


class _Swin(Chain):
    """Swin transformer of torchvision: all stages but the last part give (n, height, width, channels)."""

    def as_maps(self, output: Tensor, layer: str = "") -> Tensor:
        return super().as_maps(output.permute(0, 3, 1, 2) if layer else output, layer)


def from_timm(name: str, weights: Path) -> Backbone:
    """Build a network of timm up to its last maps; the tokens of a transformer are laid out as maps.

    Inputs are normalised as the network's own configuration says.

    Raises
    ------
    SettingsError
        There is no such network, it has no maps, or the weights do not fit.
    """
    import timm

    full = f"timm/{name}"
    if ":" in name or "/" in name or not timm.is_model(name.partition(".")[0]):
        hint = did_you_mean(name, timm.list_models())
        raise SettingsError(f"model {full}: timm has no such network{hint}")
    try:
        network = timm.create_model(name, pretrained=False)
    except (RuntimeError, ValueError) as error:
        raise SettingsError(f"model {full}: timm does not make it ({error})") from error
    parts = _before(network, _TIMM_AFTER_MAPS)
    _fill(network, [part for part, _ in parts], weights)
    backbone = _Timm(full, network, _spread(parts))
    backbone.channels = channels_of(full, backbone)
    return backbone


class _Timm(Backbone):
    def __init__(self, name: str, network: Any, parts: _Named) -> None:
        about = network.pretrained_cfg
        super().__init__(name, 0, tuple(about["mean"]), tuple(about["std"]))
        self.network = network
        self._parts = [part for part, _ in parts]

    def maps(self, x: Tensor) -> Tensor:
        return self.as_maps(self.network.forward_features(x))

    def named_stages(self) -> _Named:
        modules = [(part, self.network.get_submodule(part)) for part in self._parts]
        return [(part, module) for part, module in modules if next(module.parameters(), None) is not None]

    def as_maps(self, output: Tensor, layer: str = "") -> Tensor:
        if isinstance(output, Tensor) and output.ndim == 4 and _channels_last(self.network):
            return output.permute(0, 3, 1, 2)
        if isinstance(output, Tensor) and output.ndim == 3:
            return super().as_maps(self._tokens_as_maps(output), layer)
        return super().as_maps(output, layer)

    def _tokens_as_maps(self, tokens: Tensor) -> Tensor:
        """Lay tokens (n, tokens, channels) out as one row; what is no patch of the picture is left out."""
        patches = tokens[:, getattr(self.network, "num_prefix_tokens", 0) :]
        return patches.transpose(1, 2)[:, :, None, :]


def _channels_last(network: Any) -> bool:
    return str(getattr(network, "output_fmt", "NCHW")).endswith("NHWC")


def from_script(path: Path) -> Backbone:
    """Read a TorchScript module, which gives maps or vectors.

    Raises
    ------
    SettingsError
        It is none, or does not take a picture of three colours.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # the deprecation of TorchScript concerns whoever saves a file, not its reader
            module = torch.jit.load(path, map_location="cpu")
    except (RuntimeError, ValueError, OSError) as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        raise SettingsError(
            f"model {path}: is no TorchScript module ({reason}); a file of weights is named as `weights`, "
            "and its architecture as `model`"
        ) from error
    backbone = _Script(str(path), module)
    backbone.channels = channels_of(str(path), backbone)
    return backbone


class _Script(Backbone):
    def __init__(self, name: str, module: nn.Module) -> None:
        super().__init__(name, 0, *IMAGENET)
        self.module = module

    def maps(self, x: Tensor) -> Tensor:
        return self.as_maps(self.module(x))


def _before(network: nn.Module, ends: tuple[str, ...]) -> _Named:
    """Return the children of a network before the first that comes after its last maps."""
    parts: _Named = []
    for name, child in network.named_children():
        if name in ends:
            break
        if name not in _BESIDE:
            parts.append((name, child))
    return parts


def _spread(parts: _Named) -> _Named:
    """Put the members of a sequence in its place: ("features.0", ...), ("features.1", ...)."""
    spread: _Named = []
    for name, part in parts:
        if isinstance(part, nn.Sequential | nn.ModuleList):
            spread += [(f"{name}.{n}", inner) for n, inner in part.named_children()]
        else:
            spread.append((name, part))
    return spread


def _fill(network: nn.Module, needed: list[str], weights: Path) -> None:
    """Load the weights; those of the children that are needed have to be there."""
    wanted = {name for name in network.state_dict() if name.partition(".")[0] in needed}
    load_into(network, wanted, read_weights(weights), weights)
