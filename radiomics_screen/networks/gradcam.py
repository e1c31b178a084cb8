"""Where a network looked: Grad-CAM heat maps.

Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
localization", ICCV 2017.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from radiomics_screen.networks.inference import Crops, batch_of
from radiomics_screen.networks.network import CropNetwork


def grad_cam(network: CropNetwork, crop: Crops, *, positive: bool = True) -> npt.NDArray[np.float32]:
    """Return how much each place of a crop speaks for a class.

    The last maps are added up, each with the mean over its places of the gradient of the log-odds; what
    is below 0 speaks for the other class and becomes 0 (equations 1 and 2 of the paper). The maps are
    coarse, 32 pixels of the crop a step for EfficientNet-Lite0, and drawn smoothly in between.

    Parameters
    ----------
    network
        Trained.
    crop
        Shape (2, height, width).
    positive
        For the positive class, or for the negative one.

    Returns
    -------
    Shape (height, width): 0 to 1, the place that says most; 0 everywhere where none speaks for the class.
    """
    with torch.no_grad():
        maps = network.maps(batch_of(network, crop[np.newaxis]))
    maps.requires_grad_(True)
    said = network.answer(maps.mean(dim=(2, 3))).sum() * (1 if positive else -1)
    (slopes,) = torch.autograd.grad(said, maps)
    with torch.no_grad():
        found = (slopes.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1, keepdim=True).clamp(min=0)
        drawn = functional.interpolate(found, size=crop.shape[1:], mode="bilinear", align_corners=False)
        most = drawn.max()
        return (drawn / most if most > 0 else drawn)[0, 0].cpu().numpy()
