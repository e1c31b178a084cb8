"""The embedding of lesions: what the settings say of it, the crop of a lesion, and the network."""

from __future__ import annotations

import pickle
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.column_names import EMBEDDING
from radiomics_screen.core.options import options_of
from radiomics_screen.core.timing import timed
from radiomics_screen.extraction.measuring.preparing import marked, on_image
from radiomics_screen.imaging.crop import crop_lesion, crop_region
from radiomics_screen.imaging.roi import Roi
from radiomics_screen.networks.embedding_options import embedding, path_or_none
from radiomics_screen.networks.requirements import files_of_model, require_torch
from radiomics_screen.settings.settings import Settings

if TYPE_CHECKING:
    from radiomics_screen.networks.embedding import Embedder

#: Of a lesion: shape (2, size, size).
Crop = NDArray[np.uint8]


def require_embedder(settings: Settings) -> None:
    """Make sure, before any work, that the network that the settings ask for can be made.

    Raises
    ------
    SettingsError
        Saying what is missing.
    """
    if settings.embedding is not None:
        embedder_of(settings)


def embedded_files(settings: Settings) -> list[Path]:
    """Return the files that the vectors depend on: the weights, or the model itself.

    Raises
    ------
    SettingsError
        One is not there, or torch is not.
    """
    if settings.embedding is None:
        return []
    require_torch("embedding")
    options = settings.embedding
    return files_of_model(options["model"], path_or_none(options["weights"]))


def crop_of(image: sitk.Image, roi: Roi, settings: Settings) -> Crop:
    """Cut a region out of an image on which all steps of ``preprocessing`` are done."""
    assert settings.embedding is not None
    return crop_region(
        image,
        on_image(image, roi, settings),
        **{name: settings.embedding[name] for name in options_of(crop_lesion)},
    )


def crop_of_label(image: sitk.Image, mask: sitk.Image, settings: Settings, label: int | None) -> Crop:
    """Cut the region of a label out of an image on which all steps of ``preprocessing`` are done."""
    return crop_of(image, marked(mask, settings, label), settings)


def embedded(image: sitk.Image, mask: sitk.Image, settings: Settings, label: int | None) -> dict[str, float]:
    """Embed one lesion of an image on which all steps of ``preprocessing`` are done: ``{column: value}``.

    There is nothing where the settings ask for no embedding.
    """
    if settings.embedding is None:
        return {}
    crop = crop_of_label(image, mask, settings, label)
    return named(embed(crop[np.newaxis], settings)[0])


@timed("embedding")
def embed(crops: NDArray[np.uint8], settings: Settings) -> NDArray[np.float32]:
    """Return the vectors of crops, shape (crops, numbers)."""
    return embedder_of(settings)(crops)


def named(vector: NDArray[np.float32]) -> dict[str, float]:
    """Return a vector by column: ``{"original_embedding_0001": value, ...}``."""
    return {f"original_{EMBEDDING}_{n:04d}": float(value) for n, value in enumerate(vector, start=1)}


def embedder_of(settings: Settings) -> Embedder:
    """Return the network of the settings; a process makes it once."""
    assert settings.embedding is not None
    require_torch("embedding")
    return _embedder(pickle.dumps({name: settings.embedding[name] for name in options_of(embedding)}))


@lru_cache(maxsize=1)
def _embedder(options: bytes) -> Embedder:
    from radiomics_screen.networks.embedding import Embedder

    chosen: dict[str, Any] = pickle.loads(options)
    return Embedder(**chosen)
