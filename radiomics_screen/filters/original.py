"""The image itself."""

from __future__ import annotations

from radiomics_screen.filters.registry import Box, Filtered, image_type
from radiomics_screen.imaging.volume import Volume


@image_type("Original", columns="original", local=True)
def original(volume: Volume, box: Box) -> Filtered:
    """Yield the image as it is, named "original"."""
    yield "original", volume.array[box]
