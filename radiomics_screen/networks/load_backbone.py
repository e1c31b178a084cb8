"""The networks by name: the default one that its package brings, others from files on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from radiomics_screen.networks import external_backbones
from radiomics_screen.networks.backbone import Backbone, Chain
from radiomics_screen.networks.requirements import (
    DEFAULT_MODEL,
    files_of_model,
    is_script,
    library_of,
    require_package,
)
from radiomics_screen.networks.weights import load_into, read_weights


def load_backbone(model: str = DEFAULT_MODEL, weights: Path | None = None) -> Backbone:
    """Make a network with its weights, in evaluation mode, on the CPU. Nothing is downloaded.

    Parameters
    ----------
    model
        "efficientnet-lite0"; "torchvision/<name>" or "timm/<name>"; or the path of a TorchScript file, a
        module that turns (n, 3, h, w) into maps or vectors, whose inputs are normalised as ImageNet's are.
    weights
        File with weights, of which no code is run (``weights_only``): needed for torchvision and timm, and
        in place of the ones that the package brings for the default network.

    Raises
    ------
    SettingsError
        There is no such model, or a package, a file or a weight is missing or does not fit.
    """
    files = files_of_model(model, weights)
    library, name = library_of(model)
    if is_script(model) or library:
        if is_script(model):
            backbone = external_backbones.from_script(files[0])
        else:
            build = {
                "torchvision": external_backbones.from_torchvision,
                "timm": external_backbones.from_timm,
            }[library]
            backbone = build(name, files[0])
    else:
        backbone = _efficientnet_lite0(files[0])
    return backbone.eval().requires_grad_(False)


def _efficientnet_lite0(weights: Path) -> Backbone:
    """Build EfficientNet-Lite0 (Tan and Le 2019, without squeeze and excitation, with ReLU6).

    Its weights are those of TensorFlow's release, whose inputs are (x / 255 - 0.5) / 0.5.
    """
    network = _unfilled()
    needed = {name for name in network.state_dict() if not name.startswith("_fc.")}
    load_into(network, needed, read_weights(weights), weights)
    return _chained(network)


def untrained_backbone() -> Backbone:
    """Return EfficientNet-Lite0 as :func:`load_backbone` makes it, but for its weights.

    A trained model brings its own: the file of weights trained on photographs is not needed.

    Raises
    ------
    SettingsError
        If the package that builds it is missing.
    """
    return _chained(_unfilled()).eval().requires_grad_(False)


def _unfilled() -> Any:
    require_package("efficientnet_lite_pytorch", DEFAULT_MODEL)
    from efficientnet_lite_pytorch import EfficientNet

    return EfficientNet.from_name(DEFAULT_MODEL)


def _chained(network: Any) -> Backbone:
    """Return EfficientNet-Lite0's parts one after the other."""
    parts = [
        ("stem", nn.Sequential(network._conv_stem, network._bn0, network._swish)),
        *((f"block{n:02d}", block) for n, block in enumerate(network._blocks, start=1)),
        ("head", nn.Sequential(network._conv_head, network._bn1, network._swish)),
    ]
    half = (0.5, 0.5, 0.5)
    return Chain(DEFAULT_MODEL, parts, network._conv_head.out_channels, half, half)
