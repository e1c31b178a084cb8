"""Kernels compiled before worker processes start, so that these only load them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from radiomics_screen.cohort.cases import Case
from radiomics_screen.core import kernels
from radiomics_screen.core.leftovers import scratch_folder
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.extraction.measuring.case import extract_case
from radiomics_screen.extraction.running.case_keys import digest_of
from radiomics_screen.imaging.sources import open_image
from radiomics_screen.settings.settings import Settings

_EDGE = 16
#: What could keep the tiny region from being measured; no kernel depends on it.
_UNBOUND = {
    "label_channel": None,
    "minimumROIDimensions": 1,
    "minimumROISize": None,
    "resegmentRange": None,
    "outlier_sigma": None,
    "bin_origin": "multiples",
    "discretization": "bins",
    "resampledPixelSpacing": None,
}
#: The ring that is the lesion itself.
_LESION = {"inner": None, "outer": 0.0}


def compile_kernels(settings: Settings) -> None:
    """Have every kernel that the settings need compiled and kept on disk.

    A tiny region goes the way of every case, once as a volume and once in 2-D. A mark beside the kept
    kernels tells later runs that there is nothing to do. Where no folder can be written to, nothing is
    done: each process compiles for itself then.
    """
    folder = kernels.cache_folder()
    if folder is None or (mark := folder / f"radiomics_screen-{_needs(settings)}.compiled").exists():
        return
    try:
        with scratch_folder("radiomics-screen-") as place:
            _read_pictures(Path(place))
            rows = [extract_case(case, bare(settings)) for case in tiny_cases(Path(place))]
        if any(row.status == "ok" for row in rows):  # a volume may not fit the settings, or a plane
            mark.touch()
    except OSError:  # no place for the images, or for the mark: the next run tries again
        return


def _needs(settings: Settings) -> str:
    """Return the digest of everything that decides which kernels are called, and of the kernels."""
    image_types = [f"{image.name} {dict(image.overrides)}" for image in settings.image_types]
    families = [f"{name} {features}" for name, features in settings.wanted.items()]
    regions = [_needs(of_region) for of_region in settings.of_regions.values()]
    return digest_of(
        [*image_types, "families", *families, "regions", *regions, "kernels", *kernels.identity()]
    )


def bare(settings: Settings) -> Settings:
    """Return the settings without what could make a region unfit to be measured.

    Regions beyond the lesion are as large as it is.
    """
    regions = tuple(replace(region, ring={**region.ring, **_LESION}) for region in settings.regions)
    unbound = {**settings.setting, **_UNBOUND}
    return replace(settings, preprocessing=(), setting=unbound, regions=regions, embedding=None)


def tiny_cases(folder: Path) -> Iterator[Case]:
    """Write images of noise with a ball and with a disc that does not touch the border."""
    for shape in ((_EDGE, _EDGE, _EDGE), (_EDGE, _EDGE)):
        noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        places = np.indices(shape) - (_EDGE - 1) / 2
        ball = (np.square(places).sum(axis=0) < (_EDGE / 3) ** 2).astype(np.uint8)
        ending = "mha" if len(shape) == 3 else "png"  # which has a kernel of its own
        image, mask = folder / f"image{len(shape)}.{ending}", folder / f"mask{len(shape)}.{ending}"
        sitk.WriteImage(sitk.GetImageFromArray(noise), image)
        sitk.WriteImage(sitk.GetImageFromArray(ball), mask)
        yield Case("tiny", None, image, mask, label=1, line=0, carried={})


def _read_pictures(folder: Path) -> None:
    """Read a colour PNG and a JPEG: kernels follow their bytes and codes."""
    colours = np.random.default_rng(0).integers(0, 256, (_EDGE, _EDGE, 3), dtype=np.uint8)
    image = sitk.GetImageFromArray(colours, isVector=True)
    with collect_remarks():
        for ending in ("png", "jpg"):
            sitk.WriteImage(image, folder / f"colours.{ending}")
            open_image(folder / f"colours.{ending}")
