"""Trained networks in a safetensors file, which holds numbers and never code.

Its tensors are named ``<number of the network>.<name in the network>``; beside them stand, as JSON in the
file's header, the facts that whoever saved them gave.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from radiomics_screen.core.errors import ModelError
from radiomics_screen.networks.network import CropNetwork

_FACTS = "radiomics_screen"  # key of the facts in the header


def save_networks(path: Path, networks: Sequence[CropNetwork], facts: Mapping[str, Any]) -> None:
    """Write all weights of the networks, those of their backbones too.

    Parameters
    ----------
    path
        Of the file; one that is there is replaced.
    networks
        One or more.
    facts
        Plain JSON values.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    tensors = {
        f"{number}.{name}": tensor.detach().cpu().contiguous()
        for number, network in enumerate(networks)
        for name, tensor in network.state_dict().items()
    }
    text = json.dumps(dict(facts), allow_nan=False, sort_keys=True)
    try:
        # not save_file, which lets nobody but the owner read
        path.write_bytes(save(tensors, metadata={_FACTS: text}))
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} cannot be written ({error})") from None


def read_facts(path: Path) -> dict[str, Any]:
    """Return the facts beside the weights, for the caller to check.

    Raises
    ------
    ModelError
        If the file is no safetensors file, or holds none.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})[_FACTS])
    except KeyError:
        raise ModelError(f"{path} does not hold a network of this program") from None
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {error}") from None
    if not isinstance(facts, dict):
        raise ModelError(f"{path} is damaged: what stands beside the weights is no list of facts")
    return facts


def load_networks(path: Path, count: int, build: Callable[[], CropNetwork]) -> list[CropNetwork]:
    """Return the networks that :func:`save_networks` wrote.

    Parameters
    ----------
    path
        Of the file.
    count
        How many there should be.
    build
        Makes a network of the right shape, whatever its weights.

    Raises
    ------
    ModelError
        If a tensor is missing, too many, of another shape or type, or not finite.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dictionary
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} is damaged: {error}") from None
    networks = []
    for number in range(count):
        network = build()
        wanted = network.state_dict()
        network.load_state_dict(
            {name: _taken(path, tensors, f"{number}.{name}", wanted[name]) for name in wanted}
        )
        network.requires_grad_(False)
        networks.append(network)
    if tensors:
        raise ModelError(f"{path} does not fit: it has a tensor '{min(tensors)}' that the network has not")
    return networks


def _taken(path: Path, tensors: dict[str, Tensor], name: str, like: Tensor) -> Tensor:
    tensor = tensors.pop(name, None)
    if tensor is None:
        raise ModelError(f"{path} does not fit: it has no tensor '{name}'")
    if tensor.shape != like.shape or tensor.dtype != like.dtype:
        raise ModelError(
            f"{path} does not fit: tensor '{name}' is {tensor.dtype} of shape {tuple(tensor.shape)}, "
            f"expected {like.dtype} of {tuple(like.shape)}"
        )
    if not torch.isfinite(tensor).all():
        raise ModelError(f"{path} is damaged: tensor '{name}' is not finite")
    return tensor
