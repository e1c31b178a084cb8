"""What may be said of an embedding: plain values, readable where torch is not installed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from radiomics_screen.core.options import Finite, Positive, PositiveInt
from radiomics_screen.networks.requirements import DEFAULT_MODEL, is_script

Pooling = Literal["average", "max", "average+max"]
Device = Literal["cpu", "cuda", "auto"]
Text = Annotated[str, Field(min_length=1)]


def embedding(
    *,
    model: Text = DEFAULT_MODEL,
    weights: Text | None = None,
    layer: Text | None = None,
    pooling: Pooling = "average",
    mean: tuple[Finite, Finite, Finite] | None = None,
    std: tuple[Positive, Positive, Positive] | None = None,
    device: Device = "cpu",
    batch: PositiveInt = 8,
) -> None:
    """Hold the options of what a network makes of crops, beside those of the crops.

    Parameters
    ----------
    model
        The network: efficientnet-lite0, torchvision/<name>, timm/<name>, or a TorchScript file (.pt, .ts,
        .torchscript) that makes maps or vectors; a relative path starts at the parameter file.
    weights
        File of weights for the network: a state dict that torch.save wrote, or safetensors; a relative
        path starts at the parameter file. Null takes those that efficientnet-lite0 comes with; the
        networks of torchvision and timm need one. Nothing is downloaded.
    layer
        Name of the stage whose maps are taken; null is the last one.
    pooling
        One number of each map: its average, its maximum, or both, the averages first.
    mean
        What is subtracted from each colour, between 0 and 1, before the network; null is what the model
        was trained with (a TorchScript file: ImageNet's).
    std
        What each colour is then divided by; null is what the model was trained with.
    device
        Where the network runs: cpu, cuda (an Nvidia GPU), or auto, a GPU where there is one. A GPU's values
        differ from a CPU's in their last digits.
    batch
        Crops that the network sees at a time, always as many: what is missing to a whole batch is filled
        up with zeros. It is halved where the memory of the device does not suffice.
    """


def file_options(model: str, weights: str | None) -> dict[str, str]:
    """Return those of the options ``model`` and ``weights`` that name a file, so that it can be found."""
    return {**({"model": model} if is_script(model) else {}), **({"weights": weights} if weights else {})}


def path_or_none(weights: str | None) -> Path | None:
    """Return the path of the weights, or None if none are given."""
    return None if weights is None else Path(weights)
