"""The default network before it has any weights: a trained model brings its own in its file."""

from __future__ import annotations

from torch import nn

from radiomics_screen.deep.backbone import Backbone, Chain
from radiomics_screen.deep.requirements import DEFAULT_MODEL, require_package


def untrained_backbone() -> Backbone:
    """Return EfficientNet-Lite0 as :func:`load_backbone` makes it, but for its weights.

    The file of weights trained on photographs is not needed.

    Raises
    ------
    SettingsError
        If the package that builds it is missing.
    """
    require_package("efficientnet_lite_pytorch", DEFAULT_MODEL)
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name(DEFAULT_MODEL)
    parts = [
        ("stem", nn.Sequential(network._conv_stem, network._bn0, network._swish)),
        *((f"block{n:02d}", block) for n, block in enumerate(network._blocks, start=1)),
        ("head", nn.Sequential(network._conv_head, network._bn1, network._swish)),
    ]
    half = (0.5, 0.5, 0.5)
    backbone = Chain(DEFAULT_MODEL, parts, network._conv_head.out_channels, half, half)
    return backbone.eval().requires_grad_(False)
