"""Weights from files: numbers only, never code that a file might hold."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from radiomics_screen.core.errors import SettingsError

#: Names under which a file may hold its weights among other things.
_HELD_AS = ("state_dict", "model")


def read_weights(path: Path) -> Mapping[str, Tensor]:
    """Return the tensors of a safetensors file, or of a state dict that ``torch.save`` wrote, by name.

    Raises
    ------
    SettingsError
        The file is not there, is neither, or holds other things than tensors.
    """
    if not path.is_file():
        raise SettingsError(f"{path}: there is no such file of weights; check the path")
    found = _safetensors(path) if path.suffix == ".safetensors" else _state_dict(path)
    if not found or not all(isinstance(value, Tensor) for value in found.values()):
        raise SettingsError(
            f"{path}: holds no weights by name; save model.state_dict() or a safetensors file"
        )
    return found


def _safetensors(path: Path) -> Mapping[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise SettingsError(f"{path}: is no safetensors file, or a damaged one ({error})") from error


def _state_dict(path: Path) -> Mapping[str, Any]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise SettingsError(
            f"{path}: holds more than weights, or is damaged, and is not read, since it might run code; "
            "save model.state_dict() or a safetensors file"
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise SettingsError(f"{path}: cannot be read as weights ({_first_line(error)})") from error
    for name in _HELD_AS:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    return found if isinstance(found, Mapping) else {}


def load_into(model: nn.Module, wanted: set[str], weights: Mapping[str, Tensor], path: Path) -> None:
    """Give a model the weights of a file.

    Parameters
    ----------
    model
        Built as the weights need it.
    wanted
        Names of the tensors that have to be there, of the right shape; others of the model's may be
        missing or of another shape, such as those of a classifier for other classes.
    weights
        Tensors by name.
    path
        Of the file, for messages.

    Raises
    ------
    SettingsError
        A tensor is missing, of another shape, not finite, or one that the model has not.
    """
    known = model.state_dict()
    if missing := sorted(wanted - weights.keys()):
        raise SettingsError(
            f"{path}: the weights of another model: no '{missing[0]}' ({len(missing)} missing)"
        )
    if strange := sorted(weights.keys() - known.keys()):
        raise SettingsError(
            f"{path}: the weights of another model: '{strange[0]}' has no place ({len(strange)} such)"
        )
    for name in sorted(wanted):
        if weights[name].shape != known[name].shape:
            raise SettingsError(
                f"{path}: the weights of another model: '{name}' is of shape {tuple(weights[name].shape)}, "
                f"expected {tuple(known[name].shape)}"
            )
        if not torch.isfinite(weights[name]).all():
            raise SettingsError(f"{path}: '{name}' holds values that are not finite")
    # taken out of a state dict and not into a new one: it knows the version of its modules
    fitting = model.state_dict()
    fitting.update({name: value for name, value in weights.items() if value.shape == known[name].shape})
    model.load_state_dict(fitting)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
