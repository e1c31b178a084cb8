"""Small crops and a small backbone for the tests of networks; to be imported where torch is installed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from radiomics_screen.networks.backbone import Backbone

EDGE = 32


def crops_of(count: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return crops with a round lesion, their outcomes, and patients with two crops each.

    A positive lesion is bright, a negative one dark, in front of the same noise.
    """
    chance = np.random.default_rng(seed)
    outcome = np.repeat(chance.permutation(np.arange(count // 2) % 2), 2)
    rows, columns = np.mgrid[:EDGE, :EDGE]
    crops = np.zeros((count, 2, EDGE, EDGE), dtype=np.uint8)
    for crop, positive in zip(crops, outcome, strict=True):
        middle, radius = chance.uniform(12, 20, size=2), chance.uniform(6, 9)
        lesion = (rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 <= radius**2
        grey = chance.normal(110, 25, size=(EDGE, EDGE)) + lesion * (35 if positive else -35)
        crop[0], crop[1] = np.clip(grey, 0, 255).astype(np.uint8), lesion * 255
    return crops, outcome, np.repeat([f"p{number}" for number in range(count // 2)], 2)


class SmallBackbone(Backbone):
    """Two convolutions and a normalisation, each a stage, with weights that are always the same."""

    def __init__(self) -> None:
        super().__init__("small", 12, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.normal = nn.BatchNorm2d(8)
        self.second = nn.Conv2d(8, 12, 3, stride=2, padding=1)
        generator = torch.Generator().manual_seed(7)
        with torch.no_grad():
            for parameter in (*self.first.parameters(), *self.second.parameters()):
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)

    def maps(self, x: Tensor) -> Tensor:
        return torch.relu(self.second(torch.relu(self.normal(self.first(x)))))

    def named_stages(self) -> list[tuple[str, nn.Module]]:
        return [("first", self.first), ("normal", self.normal), ("second", self.second)]
