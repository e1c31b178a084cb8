"""Training that goes on where it was cut off: one file for each training, under the digest of what it is of.

A file begins with the SHA-256 of the rest, which is a dictionary of tensors, numbers and lists in torch's
own format; it is read with ``weights_only``, so that reading never runs code.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import add_remark

_DIGEST = 64  # hexadecimal digits

State = dict[str, Any]


class Checkpoint:
    """The place of one training's state.

    Parameters
    ----------
    folder
        Made where it is missing.
    name
        Digest of what is trained, from :func:`digest_of`.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.training"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ModelError(f"the folder of checkpoints {folder} cannot be made: {error.strerror}") from None

    def write(self, state: State) -> None:
        """Put `state` in the place of the one before, whole or not at all.

        Raises
        ------
        ModelError
            If it cannot be written.
        """
        held = io.BytesIO()
        torch.save(state, held)
        content = held.getvalue()
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                file.write(hashlib.sha256(content).hexdigest().encode())
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise ModelError(f"the checkpoint {self.path} cannot be written ({error.strerror})") from None

    def read(self) -> State | None:
        """Return the last state; None where there is none, or it is damaged, which is noted."""
        if not self.path.exists():
            return None
        try:
            return self._sound()
        except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError) as error:
            cause = (str(error).splitlines() or [""])[0]
            add_remark(f"the checkpoint {self.path} cannot be used ({cause}); this training starts again")
            return None

    def _sound(self) -> State:
        whole = self.path.read_bytes()
        digest, content = whole[:_DIGEST], whole[_DIGEST:]
        if hashlib.sha256(content).hexdigest().encode() != digest:
            raise ValueError("its content is not what was written")
        state = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        if not isinstance(state, dict):
            raise ValueError("it holds no state")
        return state


def digest_of(
    arrays: Sequence[npt.NDArray[Any]], facts: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> str:
    """Return the SHA-256, as 64 hexadecimal digits, of everything that a training follows from.

    Parameters
    ----------
    arrays
        Crops, outcomes and rows, always in the same order.
    facts
        Plain JSON values: options, seed, device.
    weights
        That training starts from.
    """
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for array in [*arrays, *(weights[name].detach().cpu().numpy() for name in sorted(weights))]:
        digest.update(f"\n{array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
