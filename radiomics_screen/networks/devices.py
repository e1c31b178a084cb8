"""Where and in how many threads torch computes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from radiomics_screen.core.errors import ModelError


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch compute in `count` threads of the CPU while the block runs.

    The number belongs to the calling thread, so that folds side by side do not change each other's.
    """
    before = torch.get_num_threads()  # asked first: only then has this thread a number of its own
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def repeatable(device: str) -> Iterator[None]:
    """Let convolutions on a GPU take ways that give the same sums again, even where others are faster."""
    if device == "cpu":
        yield
        return
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield


def check_device(device: str) -> None:
    """Raise a ModelError where a GPU is asked for and torch finds none."""
    if device != "cpu" and not torch.cuda.is_available():
        raise ModelError(
            f"device '{device}' cannot be used: PyTorch {torch.__version__} finds no GPU; use 'cpu'"
        )
