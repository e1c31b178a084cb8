"""What the IBSI calls the image types."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from radiomics_screen.core.options import summary_of


@dataclass(frozen=True)
class ImageFacts:
    """Name in words and code of the IBSI ("" where it has no such filter) of an image type."""

    title: str
    code: str = ""


IMAGE_TYPES: dict[str, ImageFacts] = {
    "Original": ImageFacts("The image itself"),
    "Mean": ImageFacts("Mean filter", "S60F"),
    "LaplacianOfGaussian": ImageFacts("Laplacian of Gaussian", "L6PA"),
    "Laws": ImageFacts("Laws kernels", "JTXT"),
    "Gabor": ImageFacts("Gabor filter", "Q88H"),
    "SeparableWavelet": ImageFacts("Separable wavelet", "25BO"),
    "Simoncelli": ImageFacts("Simoncelli's non-separable wavelet", "PRT7"),
    "RieszLaplacianOfGaussian": ImageFacts("Riesz transform of a Laplacian of Gaussian", "AYRS"),
    "RieszSimoncelli": ImageFacts("Riesz transform of Simoncelli's wavelet", "AYRS"),
    "LoG": ImageFacts("Laplacian of Gaussian, pyradiomics'"),
    "Wavelet": ImageFacts("Wavelet, pyradiomics'"),
    "Gradient": ImageFacts("Gradient magnitude"),
    "Square": ImageFacts("Square"),
    "SquareRoot": ImageFacts("Square root"),
    "Logarithm": ImageFacts("Logarithm"),
    "Exponential": ImageFacts("Exponential"),
    "LBP2D": ImageFacts("Local binary pattern in slices"),
    "LBP3D": ImageFacts("Local binary pattern on a sphere"),
}


def _summary(function: Callable[..., Any]) -> str:
    """Return the first line of the docstring, without what marks it as Python's."""
    return summary_of(function).removeprefix("Yield ").replace("``", "")


def listed_images(filters: Iterable[tuple[str, Callable[..., Any]]]) -> list[dict[str, Any]]:
    """Return name, title, code and summary of image types, given as in the register of filters."""
    return [
        {"name": name, **vars(IMAGE_TYPES.get(name, ImageFacts(""))), "summary": _summary(function)}
        for name, function in filters
    ]
