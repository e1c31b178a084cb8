"""Networks as everything here sees them: pictures in, maps of features out, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from radiomics_screen.core.errors import SettingsError, did_you_mean

Colours = tuple[float, float, float]

#: Mean and standard deviation of ImageNet's colours, which most networks were trained with.
IMAGENET: tuple[Colours, Colours] = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

#: Edge of the picture on which it is tried what a network makes of one.
_TRIAL_EDGE = 224


class Backbone(nn.Module):
    """What every network is seen as.

    Attributes
    ----------
    name
        As it was asked for.
    channels
        Of the last maps.
    mean, std
        What is subtracted from inputs between 0 and 1, and what they are then divided by, a colour each.
    """

    def __init__(self, name: str, channels: int, mean: Colours, std: Colours) -> None:
        super().__init__()
        self.name = name
        self.channels = channels
        self.mean = mean
        self.std = std

    def maps(self, x: Tensor) -> Tensor:
        """Return the last maps, shape (n, channels, h', w'), for inputs (n, 3, h, w) after mean and std."""
        raise NotImplementedError

    def named_stages(self) -> list[tuple[str, nn.Module]]:
        """Return the parts that can learn, with their names, from input to output."""
        return []

    def stages(self) -> list[nn.Module]:
        """Return the parts that can learn, from input to output."""
        return [stage for _, stage in self.named_stages()]

    def maps_of(self, x: Tensor, layer: str | None) -> Tensor:
        """Return the maps that one stage gives, by its name; None stands for the last maps.

        Raises
        ------
        SettingsError
            There is no such stage, or what it gives are no maps.
        """
        if layer is None:
            return self.maps(x)
        seen: list[Tensor] = []
        hook = self.stage_named(layer).register_forward_hook(
            lambda module, inputs, output: seen.append(output)
        )
        try:
            self.maps(x)
        finally:
            hook.remove()
        return self.as_maps(seen[-1], layer)

    def stage_named(self, layer: str) -> nn.Module:
        """Return a stage by its name; a SettingsError where there is none."""
        stages = dict(self.named_stages())
        if layer not in stages:
            known = did_you_mean(layer, stages) or "; it is one TorchScript module: leave `layer` out"
            raise SettingsError(f"model {self.name}: it has no layer '{layer}'{known}")
        return stages[layer]

    def as_maps(self, output: Tensor, layer: str = "") -> Tensor:
        """Return what a network gave as maps (n, channels, h', w'); a vector becomes maps of one pixel."""
        if isinstance(output, Tensor) and output.ndim == 2:
            return output[:, :, None, None]
        if not isinstance(output, Tensor) or output.ndim != 4:
            what = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else type(output).__name__
            where = f"layer '{layer}' gives" if layer else "it gives"
            raise SettingsError(
                f"model {self.name}: {where} {what}, expected maps (n, channels, height, width)"
            )
        return output


class Chain(Backbone):
    """A network whose parts follow one another."""

    def __init__(
        self, name: str, parts: Sequence[tuple[str, nn.Module]], channels: int, mean: Colours, std: Colours
    ) -> None:
        super().__init__(name, channels, mean, std)
        self.part_names = tuple(part for part, _ in parts)
        self.parts = nn.ModuleList([module for _, module in parts])

    def maps(self, x: Tensor) -> Tensor:
        """Return the feature maps of the last part."""
        for part in self.parts:
            x = part(x)
        return self.as_maps(x)

    def named_stages(self) -> list[tuple[str, nn.Module]]:
        """Return pairs of name and part, for the parts that have parameters."""
        pairs = zip(self.part_names, self.parts, strict=True)
        return [(name, part) for name, part in pairs if next(part.parameters(), None) is not None]


def channels_of(name: str, backbone: Backbone) -> int:
    """Return how many maps a network makes, by trying it.

    Raises
    ------
    SettingsError
        It does not take a picture of three colours, or makes no maps of it.
    """
    backbone.eval()
    try:
        with torch.inference_mode():
            return int(backbone.maps(torch.zeros(1, 3, _TRIAL_EDGE, _TRIAL_EDGE)).shape[1])
    except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise SettingsError(
            f"model {name}: it makes no maps of a picture of 3 x {_TRIAL_EDGE} x {_TRIAL_EDGE} ({reason})"
        ) from error
