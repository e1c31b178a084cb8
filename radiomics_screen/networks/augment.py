"""Crops changed a little at random while a network is trained on them: what changes no diagnosis.

All draws come from one generator on the CPU, so that a seed means the same on every device.
"""

from __future__ import annotations

from math import pi

import torch
from torch import Tensor
from torch.nn import functional

from radiomics_screen.networks.training_options import Augmentation


def augmented(crops: Tensor, generator: torch.Generator, how: Augmentation) -> Tensor:
    """Return the crops changed at random, each in its own way.

    Image and mask of a crop are moved by one map; grey values change in the image alone.

    Parameters
    ----------
    crops
        Image and mask between 0 and 1, shape (n, 2, height, width).
    generator
        On the CPU.
    how
        The limits of the changes.
    """
    count = len(crops)
    draws = torch.rand(count, 7, generator=generator).to(crops.device)
    moved = _moved(crops, maps_of(draws[:, :5], how))
    image = moved[:, :1] ** torch.exp(_spread(draws[:, 5], how.gamma)).view(-1, 1, 1, 1)
    if how.speckle > 0:
        noise = torch.randn(count, 1, *crops.shape[2:], generator=generator).to(crops.device)
        image = image * (1 + (how.speckle * draws[:, 6]).view(-1, 1, 1, 1) * noise)
    return torch.cat([image.clamp(0, 1), moved[:, 1:]], dim=1)


def maps_of(draws: Tensor, how: Augmentation) -> Tensor:
    """Return affine maps from the new to the old place, shape (n, 2, 3), in half edges from the middle.

    Parameters
    ----------
    draws
        Between 0 and 1, shape (n, 5): flip, rotation, scale, shift to the right and down.
    how
        The limits.
    """
    mirror = torch.where(draws[:, 0] < how.flip, -1.0, 1.0)
    angle = _spread(draws[:, 1], how.rotation_degrees * pi / 180)
    factor = torch.exp(_spread(draws[:, 2], how.scale))
    cosine, sine = torch.cos(angle) * factor, torch.sin(angle) * factor
    right, down = _spread(draws[:, 3], 2 * how.shift), _spread(draws[:, 4], 2 * how.shift)
    rows = [mirror * cosine, -mirror * sine, right, sine, cosine, down]
    return torch.stack(rows, dim=1).view(-1, 2, 3)


def mirrored(crops: Tensor) -> Tensor:
    """Return the crops mirrored left to right, shape (n, channels, height, width)."""
    return crops.flip(3)


def _moved(crops: Tensor, maps: Tensor) -> Tensor:
    grid = functional.affine_grid(maps, list(crops.shape), align_corners=False)
    return functional.grid_sample(crops, grid, padding_mode="border", align_corners=False)


def _spread(draws: Tensor, limit: float) -> Tensor:
    return (2 * draws - 1) * limit
