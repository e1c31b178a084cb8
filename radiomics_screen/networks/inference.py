"""What a network says of crops, and how well it ranks them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import rankdata
from torch import Tensor

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.networks.augment import mirrored
from radiomics_screen.networks.network import CropNetwork

Crops = npt.NDArray[np.uint8]

_SHOWN = 16  # crops that a network looks at at a time: more of them do not fit the caches of a CPU


def log_odds(network: CropNetwork, crops: Crops, *, mirror: bool) -> FloatArray:
    """Return the network's log-odds, shape (rows,).

    It looks at one crop at a time: a row is answered alone as it is among others, to the last bit, and on
    a CPU larger batches would hardly be faster.

    Parameters
    ----------
    network
        On the device where it is to compute.
    crops
        Shape (rows, 2, height, width).
    mirror
        Whether to take the mean over each crop and its mirror image.
    """
    found = np.empty(len(crops))
    with torch.inference_mode():
        for row in range(len(crops)):
            shown = batch_of(network, crops[row : row + 1])
            if mirror:
                shown = torch.cat([shown, mirrored(shown)])
            found[row] = network(shown).double().mean().item()
    return found


def batch_of(network: CropNetwork, crops: Crops) -> Tensor:
    """Return crops between 0 and 1 where the network is, shape (n, 2, height, width)."""
    return torch.from_numpy(np.ascontiguousarray(crops)).to(network.head.weight.device).float() / 255


def area_under_curve(outcome: npt.NDArray[np.int64], scores: FloatArray) -> float:
    """Return the area under the ROC curve from the ranks (Mann and Whitney 1947)."""
    positives = int(outcome.sum())
    ranks = rankdata(scores)[outcome == 1].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * (len(outcome) - positives)))


def pooled_of(network: CropNetwork, crops: Crops, turned: bool = False) -> list[Tensor]:
    """Return the pooled maps of crops, or of their mirror images, in parts of shape (n, channels)."""
    parts = (batch_of(network, crops[start : start + _SHOWN]) for start in range(0, len(crops), _SHOWN))
    return [network.pooled(mirrored(part) if turned else part) for part in parts]
