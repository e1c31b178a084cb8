"""A network that turns crops of lesions into log-odds: a backbone, the mean over its maps, one line."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from radiomics_screen.networks.backbone import Backbone
from radiomics_screen.networks.training_options import Inputs


class CropNetwork(nn.Module):
    """Backbone, average pooling, dropout and a linear head with one output.

    The backbone is always in evaluation mode: its batch normalisation keeps the means and variances of
    the images that it was trained with. So an answer depends on no other crop, few crops in a batch do
    no harm, and nothing is drawn but by the generator that is handed in.

    Parameters
    ----------
    backbone
        Trained on other images, as a rule.
    inputs
        ``"image"`` shows it the grey values alone, ``"image+mask"`` puts the mask in the place of the
        third colour.
    dropout
        Part of the channels that is left out at random while training.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone, inputs: Inputs, dropout: float) -> None:
        super().__init__()
        self.backbone = backbone
        self.inputs = inputs
        self.dropout = dropout
        self.head = nn.Linear(backbone.channels, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("mean", torch.tensor(backbone.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(backbone.std).view(1, 3, 1, 1), persistent=False)
        nn.utils.convert_conv2d_weight_memory_format(self, torch.channels_last)  # a third faster on a CPU
        self.train(False)

    def train(self, mode: bool = True) -> CropNetwork:
        """Set the mode of the head alone; the backbone stays as it is when it answers."""
        super().train(mode)
        self.backbone.eval()
        return self

    def colours(self, crops: Tensor) -> Tensor:
        """Return what the backbone is given, shape (n, 3, height, width), for crops between 0 and 1."""
        image, mask = crops[:, :1], crops[:, 1:2]
        third = mask if self.inputs == "image+mask" else image
        coloured = (torch.cat([image, image, third], dim=1) - self.mean) / self.std
        return coloured.contiguous(memory_format=torch.channels_last)

    def maps(self, crops: Tensor) -> Tensor:
        """Return the backbone's last maps, shape (n, channels, height', width')."""
        return self.backbone.maps(self.colours(crops))

    def pooled(self, crops: Tensor) -> Tensor:
        """Return the mean of each of the last maps, shape (n, channels)."""
        return self.maps(crops).mean(dim=(2, 3))

    def answer(self, pooled: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return log-odds, shape (n,), from :meth:`pooled`; with a generator, channels are dropped out."""
        if generator is not None and self.dropout > 0:
            kept = torch.rand(pooled.shape, generator=generator) >= self.dropout
            pooled = pooled * kept.to(pooled.device, pooled.dtype) / (1 - self.dropout)
        return self.head(pooled).squeeze(1)

    def forward(self, crops: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return log-odds, shape (n,), for crops between 0 and 1 of shape (n, 2, height, width)."""
        return self.answer(self.pooled(crops), generator)

    def unfreeze(self, blocks: int) -> list[nn.Parameter]:
        """Let the last `blocks` stages of the backbone learn, and no others; return their parameters."""
        self.backbone.requires_grad_(False)
        stages = self.backbone.stages()
        learning = list(_parameters(stages[max(len(stages) - blocks, 0) :]))
        for parameter in learning:
            parameter.requires_grad_(True)
        return learning


def _parameters(stages: list[nn.Module]) -> Iterator[nn.Parameter]:
    for stage in stages:
        yield from stage.parameters()
