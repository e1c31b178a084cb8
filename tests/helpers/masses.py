"""Drawn masses of one slice, for the tests of the breast family."""

from __future__ import annotations

from collections.abc import Callable
from math import pi

import numpy as np

from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.features.breast import breast
from radiomics_screen.features.mask import bounding_box
from radiomics_screen.features.region import Region, cut_region

#: Of an angle from the horizontal, clockwise on the screen, the length of the radius.
Outline = Callable[[np.ndarray], np.ndarray]

SIZE = 260
MIDDLE = 130.3


def drawn(outline: Outline, radius: float = 50.0, *, turned: float = 0.0, size: int = SIZE) -> np.ndarray:
    """A mask of the pixels within an outline round a point off the grid, turned by an angle."""
    y, x = np.indices((size, size)) - MIDDLE * size / SIZE
    return np.hypot(y, x) < radius * outline(np.arctan2(y, x) - turned)


def disc(angle: np.ndarray) -> np.ndarray:
    return np.ones_like(angle)


def ellipse(major: float, minor: float) -> Outline:
    return lambda angle: 1 / np.hypot(np.cos(angle) / major, np.sin(angle) / minor)


def flower(petals: int, height: float = 0.2) -> Outline:
    return lambda angle: 1 + height * np.cos(petals * angle)


def star(points: int, valley: float = 0.5) -> Outline:
    """Straight lines between points at radius 1 and valleys nearer to the middle."""

    def radius(angle: np.ndarray) -> np.ndarray:
        from_point = np.abs(np.mod(angle + pi / points, 2 * pi / points) - pi / points)
        y, x = valley * np.sin(pi / points), valley * np.cos(pi / points)
        return y / (y * np.cos(from_point) + (1 - x) * np.sin(from_point))

    return radius


def speckled(
    mask: np.ndarray, *, inside: float = 60.0, outside: float = 120.0, noise: float = 10.0
) -> np.ndarray:
    """An image of noise, darker in the mask."""
    random = np.random.default_rng(5)
    return np.where(mask, inside, outside) + random.normal(0, noise, mask.shape)


def mass(
    mask: np.ndarray, image: np.ndarray | None = None, spacing_mm: tuple[float, float] = (1.0, 1.0)
) -> Region:
    """A region of one slice that knows the image round it."""
    image = speckled(mask) if image is None else image
    box = bounding_box(mask[np.newaxis])
    return cut_region(
        image[np.newaxis][box],
        mask[np.newaxis][box],
        (1.0, *spacing_mm),
        flat_axis=0,
        planar=True,
        surroundings=(image[np.newaxis], box),
    )


def described(
    mask: np.ndarray, image: np.ndarray | None = None, spacing_mm: tuple[float, float] = (1.0, 1.0)
) -> dict[str, float]:
    """The family's values of a mass, whatever it remarks."""
    with collect_remarks():
        return breast(mass(mask, image, spacing_mm))
