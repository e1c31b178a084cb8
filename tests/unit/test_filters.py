"""Filters: what is computed on the crop is what the whole image would have given there."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import pywt
import SimpleITK as sitk
from scipy import ndimage

from radiomics_screen.errors import RegionError
from radiomics_screen.filters import FILTERS
from radiomics_screen.filters.log import REACH_SIGMAS, log
from radiomics_screen.filters.registry import Box
from radiomics_screen.filters.wavelet import wavelet
from radiomics_screen.imaging.volume import Volume
from radiomics_screen.notes import collected_notes

SHAPES = [(7, 40, 33), (1, 31, 30), (24, 25, 26)]


def volume(shape: tuple[int, ...], dtype: str = "float64", planar: bool = False) -> Volume:
    random = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(random.normal(size=shape), 1.0) * 400 + 100
    return Volume(smooth.astype(dtype), (2.5, 0.8, 0.7), planar)


def boxes(shape: tuple[int, ...]) -> list[Box]:
    """A box inside, one at each end, and the whole image."""
    inside = tuple(slice(n // 2, n // 2 + max(1, n // 6)) for n in shape)
    low = tuple(slice(0, max(1, n // 6)) for n in shape)
    high = tuple(slice(n - max(1, n // 6), n) for n in shape)
    return [inside, low, high, tuple(slice(0, n) for n in shape)]  # type: ignore[list-item]


def wavelet_of_whole(image: Volume, name: str, level: int, start_level: int) -> dict[str, np.ndarray]:
    """The definition, on the whole image: odd axes lengthened, one level after the other."""
    shape = image.array.shape
    axes = (2, 1) if image.planar else (2, 1, 0)
    data = np.pad(image.array, [(0, n % 2) for n in shape], mode="wrap")
    crop = tuple(slice(0, n) for n in shape)
    bands = {}
    for step in range(start_level + level):
        (found,) = pywt.swtn(data, name, 1, axes=axes)
        data = found.pop("a" * len(axes))
        number = step - start_level + 1
        if number > 0:
            prefix = f"wavelet{number if number > 1 else ''}-"
            bands |= {prefix + k.replace("a", "L").replace("d", "H"): v[crop] for k, v in found.items()}
    bands[f"wavelet{level if level > 1 else ''}-" + "L" * len(axes)] = data[crop]
    return bands


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "level", "start_level"), [("coif1", 1, 0), ("db3", 2, 1), ("haar", 2, 0)])
@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_wavelet_bands_of_the_crop_are_those_of_the_image_to_the_bit(
    shape: tuple[int, int, int], name: str, level: int, start_level: int, dtype: str
) -> None:
    image = volume(shape, dtype, planar=shape[0] == 1)
    whole = wavelet_of_whole(image, name, level, start_level)
    for box in boxes(shape):
        found = dict(wavelet(image, box, wavelet=name, level=level, start_level=start_level))
        assert list(found) == list(whole)
        for band, values in found.items():
            assert np.array_equal(values, whole[band][box]), band


def test_wavelet_leaves_the_axis_across_the_slices_alone() -> None:
    image = volume((5, 16, 18))
    bands = dict(wavelet(image, boxes((5, 16, 18))[3], force2D=True, force2Ddimension=1))
    assert sorted(bands) == ["wavelet-HH", "wavelet-HL", "wavelet-LH", "wavelet-LL"]
    one_slice = Volume(image.array[:, 7:8], image.spacing_mm)
    alone = dict(
        wavelet(one_slice, (slice(0, 5), slice(0, 1), slice(0, 18)), force2D=True, force2Ddimension=1)
    )
    assert all(np.array_equal(bands[k][:, 7:8], alone[k]) for k in bands)


def log_of_whole(image: Volume, sigma: float) -> np.ndarray:
    array = image.array[0] if image.array.shape[0] == 1 else image.array
    whole = sitk.GetImageFromArray(array)
    whole.SetSpacing(image.spacing_mm[::-1][: array.ndim])
    response = sitk.LaplacianRecursiveGaussian(whole, sigma, True)
    return sitk.GetArrayFromImage(response).reshape(image.array.shape)


@pytest.mark.parametrize("shape", [(30, 90, 80), (1, 200, 150)])
@pytest.mark.parametrize("sigma", [0.6, 1.5])
def test_log_of_the_crop_is_that_of_the_image(shape: tuple[int, int, int], sigma: float) -> None:
    image = volume(shape, "int16")
    whole = log_of_whole(image, sigma)
    assert REACH_SIGMAS * sigma / 0.7 < shape[1] / 2, "the crop must be smaller than the image"
    for box in boxes(shape):
        ((name, response),) = log(image, box, sigma=(sigma,))
        assert name == f"log-sigma-{str(sigma).replace('.', '-')}-mm-{'2D' if shape[0] == 1 else '3D'}"
        assert response == pytest.approx(whole[box], abs=1e-6 * float(np.abs(whole).max()))


def test_log_names_are_those_of_the_parameter_file() -> None:
    image = volume((6, 20, 20))
    names = [name for name, _ in log(image, boxes((6, 20, 20))[0], sigma=(1, 2.0, 2.5))]
    assert names == ["log-sigma-1-mm-3D", "log-sigma-2-0-mm-3D", "log-sigma-2-5-mm-3D"]


def test_log_of_a_bright_blob_is_lowest_at_its_centre_and_at_its_size() -> None:
    grid = np.stack(np.meshgrid(*[np.arange(-20, 21)] * 3, indexing="ij"))
    blob = Volume(np.exp(-(grid**2).sum(axis=0) / (2 * 3.0**2)), (1.0, 1.0, 1.0))
    whole: Box = (slice(0, 41), slice(0, 41), slice(0, 41))
    lowest = {}
    for sigma in (2.0, 3.0, 4.0):
        ((_, response),) = log(blob, whole, sigma=(sigma,))
        assert np.unravel_index(response.argmin(), response.shape) == (20, 20, 20)
        # closed form at the centre of a Gaussian of width s: -3 sigma^2 s^3 / (s^2 + sigma^2)^2.5
        lowest[sigma] = response.min()
        assert response.min() == pytest.approx(-3 * sigma**2 * 27 / (9 + sigma**2) ** 2.5, rel=0.02)


def test_log_works_where_the_recursive_filter_alone_does_not() -> None:
    image = volume((2, 30, 30))
    with collected_notes() as notes:
        ((name, response),) = log(image, boxes((2, 30, 30))[3], sigma=(4.0,))
    assert name == "log-sigma-4-0-mm-3D"
    assert np.isfinite(response).all()
    assert notes == ["LoG: sigma 4.0 mm is wider than the image; its values depend on the border"]
    with pytest.raises(RegionError, match="line of voxels"):
        list(log(volume((1, 1, 30)), (slice(0, 1), slice(0, 1), slice(3, 9)), sigma=(1.0,)))


def test_every_image_type_leaves_the_image_as_it_was() -> None:
    image = volume((6, 20, 20))
    before = image.array.copy()
    needs = {"LoG": {"sigma": (1.0,)}}
    for (name, make), box in product(FILTERS.items(), boxes((6, 20, 20))):
        for _, values in make(image, box, **needs.get(name, {})):
            assert values.shape == tuple(s.stop - s.start for s in box)
    assert np.array_equal(image.array, before)
