"""Sound pictures and volumes in every format, 16 pixels wide."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import SimpleITK as sitk
import tifffile
from numpy.typing import NDArray
from PIL import Image

from benchmarks.attacks.specimens import SIZE, Specimen


def picture(kind: type[np.generic] = np.uint8) -> NDArray[Any]:
    """Return a gradient with noise, the same at every time."""
    rng = np.random.default_rng(5)
    base = np.add.outer(np.arange(SIZE), np.arange(SIZE)) * 4
    return np.asarray(base + rng.integers(0, 60, (SIZE, SIZE)) + 20, kind)


def volume(kind: type[np.generic] = np.int16) -> NDArray[Any]:
    """Return four slices."""
    return np.stack([picture(kind) + kind(10 * z) for z in range(4)])  # type: ignore[call-arg]


def specimens() -> Iterator[Specimen]:
    """Yield a sound specimen of every format and variant."""
    grey = Image.fromarray(picture())
    wide = Image.fromarray(picture(np.uint16))
    for image, options in (
        (grey, {}),
        (wide, {}),
        (grey.convert("P"), {}),
        (grey.convert("RGB"), {}),
        (grey, {"dpi": (100, 100)}),
    ):
        yield _single("png", ".png", _saved(image, "PNG", **options), is_summed=True)
    for options in ({}, {"progressive": True}, {"optimize": True}):
        yield _single("jpeg", ".jpg", _saved(grey, "JPEG", **options))
    yield _single("jpeg", ".jpg", _saved(grey.convert("RGB"), "JPEG"))
    yield _single("bmp", ".bmp", _saved(grey, "BMP"))
    yield _single("pnm", ".pgm", _saved(grey, "PPM"))
    yield _single("pnm", ".ppm", _saved(grey.convert("RGB"), "PPM"))
    yield _single("pnm", ".pgm", f"P2 16 16 255\n{' '.join(map(str, picture().ravel()))}\n".encode())
    yield from _tiffs()
    yield from _volumes()


def mask_specimens() -> Iterator[Specimen]:
    """Yield masks of a sound picture or volume, in the formats that masks come in."""
    flat = np.array(Image.open(BytesIO(masks()["mask.png"])))
    stack = sitk.GetImageFromArray(np.stack([flat] * 4))
    grey = {"sound.png": _saved(Image.fromarray(picture()), "PNG")}
    deep = {"sound.nrrd": written(sitk.GetImageFromArray(volume()), ".nrrd")}
    for image, kind in (
        (Image.fromarray(flat), "PNG"),
        (Image.fromarray(flat * 255), "PNG"),
        (Image.fromarray(flat), "TIFF"),
    ):
        name = f"m.{kind.lower()}"
        yield Specimen(f"mask {name[2:]}", "mask", {name: _saved(image, kind), **grey}, name, kind == "PNG")
    for ending in (".nii", ".nii.gz", ".nrrd", ".mha"):
        files = {f"m{ending}": written(stack, ending, packed=ending == ".nii.gz"), **deep}
        yield Specimen(f"mask {ending[1:]}", "mask", files, f"m{ending}", ending == ".nii.gz")


def _tiffs() -> Iterator[Specimen]:
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield _single("tiff", ".tif", _saved(Image.fromarray(picture()), "TIFF", compression=compression))
    yield _single(
        "tiff", ".tif", _saved(Image.fromarray(picture()).convert("1"), "TIFF", compression="group4")
    )
    layouts: tuple[dict[str, Any], ...] = (
        {"bigtiff": True}, {"byteorder": ">"}, {"tile": (16, 16)}, {"imagej": True}, {"ome": True},
        {"rowsperstrip": 3}, {"predictor": False, "resolution": (10, 10)},
    )  # fmt: skip
    for options in layouts:
        stream = BytesIO()
        tifffile.imwrite(stream, picture(np.uint16), **options)
        yield _single("tiff", ".ome.tif" if options.get("ome") else ".tif", stream.getvalue())
    stream = BytesIO()
    tifffile.imwrite(stream, picture(np.float32))
    yield _single("tiff", ".tif", stream.getvalue())


def _volumes() -> Iterator[Specimen]:
    image = sitk.GetImageFromArray(volume())
    for ending in (".nii", ".nii.gz", ".nrrd", ".mha"):
        for packed in (False, True):
            if packed != (ending == ".nii.gz") and ending.startswith(".nii"):
                continue
            content = written(image, ending, packed=packed)
            yield _single(ending[1:], ending, content, is_summed=ending == ".nii.gz", mask="mask.nrrd")
    yield _single(
        "nii.gz",
        ".nii.gz",
        gzip.compress(written(sitk.GetImageFromArray(volume(np.float32)), ".nii")),
        is_summed=True,
        mask="mask.nrrd",
    )
    for kind, header, raw in (("nhdr", "a.nhdr", "a.raw"), ("mhd", "a.mhd", "a.raw")):
        with TemporaryDirectory() as folder:
            sitk.WriteImage(image, f"{folder}/{header}", useCompression=False)
            files = {name: (Path(folder) / name).read_bytes() for name in (header, raw)}
        yield Specimen(kind, "image", files | masks(), header)


def written(image: sitk.Image, ending: str, *, packed: bool = False) -> bytes:
    """Return an image as SimpleITK writes it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        sitk.WriteImage(image, str(path), useCompression=packed)
        return path.read_bytes()


_MASKS: dict[str, bytes] = {}


def masks() -> dict[str, bytes]:
    """Return sound masks for pictures and volumes."""
    if not _MASKS:
        flat = np.zeros((SIZE, SIZE), np.uint8)
        flat[4:12, 4:12] = 1
        _MASKS["mask.png"] = _saved(Image.fromarray(flat), "PNG")
        _MASKS["mask.nrrd"] = written(sitk.GetImageFromArray(np.stack([flat] * 4)), ".nrrd")
    return _MASKS


def _single(
    kind: str, ending: str, content: bytes, *, is_summed: bool = False, mask: str = "mask.png"
) -> Specimen:
    return Specimen(kind, "image", {f"a{ending}": content, mask: masks()[mask]}, f"a{ending}", is_summed)


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()
