"""Crops in, vectors out: what a network that was trained on other pictures sees in a lesion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from radiomics_screen.core.errors import SettingsError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.networks.backbone import Colours
from radiomics_screen.networks.devices import repeatable, torch_threads
from radiomics_screen.networks.embedding_options import Device, Pooling, path_or_none
from radiomics_screen.networks.load_backbone import load_backbone

_POOLED: dict[str, Callable[[Tensor], Tensor]] = {
    "average": lambda maps: maps.mean(dim=(2, 3)),
    "max": lambda maps: maps.amax(dim=(2, 3)),
    "average+max": lambda maps: torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1),
}


class Embedder:
    """A network that turns crops into vectors; the options are those of :func:`embedding_options.embedding`.

    Every batch has the same shape, filled up with zeros where crops are missing, and one thread computes:
    so the vector of a crop is the same to the last bit whichever crops are beside it and however many.
    Another batch size may change the last digits.

    Raises
    ------
    SettingsError
        The model, its weights, the layer or the device is not there.
    """

    def __init__(
        self,
        *,
        model: str,
        weights: str | None,
        layer: str | None,
        pooling: Pooling,
        mean: Colours | None,
        std: Colours | None,
        device: Device,
        batch: int,
    ) -> None:
        self.device = _device(device)
        backbone = load_backbone(model, path_or_none(weights))
        if layer is not None:
            backbone.stage_named(layer)
        # the order of numbers in memory that convolutions on a CPU are quickest with
        self._backbone = backbone.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._layer = layer
        self._pooled = _POOLED[pooling]
        self._mean, self._std = (
            torch.tensor(colours, device=self.device).view(1, 3, 1, 1)
            for colours in (mean or backbone.mean, std or backbone.std)
        )
        self.batch = batch

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the vectors of crops.

        Parameters
        ----------
        crops
            Shape (n, channels, size, size); the first channel is shown to the network, as grey.

        Returns
        -------
        Shape (n, features).

        Raises
        ------
        MemoryError
            Not even one crop fits in the device's memory.
        """
        vectors: list[NDArray[np.float32]] = []
        done = 0
        with torch_threads(1), repeatable(self.device), torch.inference_mode():
            while done < len(crops):
                try:
                    with _memory_errors():
                        vectors.append(self._vectors(crops[done : done + self.batch]))
                except MemoryError:
                    self._halve()
                    continue
                done += len(vectors[-1])
        return np.concatenate(vectors) if vectors else np.empty((0, 0), np.float32)

    def _vectors(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the vectors of no more crops than a batch holds."""
        whole = np.zeros((self.batch, 1, *crops.shape[2:]), np.uint8)
        whole[: len(crops)] = crops[:, :1]
        grey = torch.from_numpy(whole).to(self.device).float() / 255
        colours = ((grey - self._mean) / self._std).contiguous(memory_format=torch.channels_last)
        maps = self._backbone.maps_of(colours, self._layer)
        return self._pooled(maps)[: len(crops)].float().cpu().numpy()

    def _halve(self) -> None:
        if self.batch == 1:
            raise MemoryError
        self.batch //= 2
        if self.device == "cuda":
            torch.cuda.empty_cache()
        add_remark(
            f"embedding: the memory of the device does not suffice; batches are of {self.batch} from here on"
        )


def _device(asked: Device) -> str:
    there = torch.cuda.is_available() if asked != "cpu" else False
    if asked == "cuda" and not there:
        raise SettingsError("embedding.device: there is no GPU that torch can use; set it to cpu or auto")
    return "cuda" if there else "cpu"


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Raise a MemoryError where torch says in its own ways that memory does not suffice."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MemoryError from error
    except RuntimeError as error:
        if "not enough memory" in str(error):  # the CPU's allocator
            raise MemoryError from error
        raise
