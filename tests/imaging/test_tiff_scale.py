"""How large the pixels of a TIFF are, and whether its pages are slices: ImageJ, OME, tifffile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.imaging.reading import load_image

STACK = np.arange(6 * 5 * 7, dtype=np.uint8).reshape(6, 5, 7)


def read(path: Path) -> tuple[LoadedImage, list[str]]:
    with collect_remarks() as remarks:
        return load_image(path), remarks


def imagej(path: Path, array: np.ndarray, text: str, **how: Any) -> Path:
    description = "ImageJ=1.54f\n" + text
    tifffile.imwrite(path, array, description=description, metadata=None, photometric="minisblack", **how)
    return path


@pytest.mark.parametrize(
    ("unit", "mm"),
    [("mm", 1), ("cm", 10), ("micron", 1e-3), (r"\u00B5m", 1e-3), ("um", 1e-3), ("inch", 25.4), ("nm", 1e-6)],
)
def test_lengths_of_imagej(tmp_path: Path, unit: str, mm: float) -> None:
    text = f"images=6\nslices=6\nunit={unit}\nspacing=3.0\n"
    loaded, remarks = read(imagej(tmp_path / "a.tif", STACK, text, resolution=(5, 4)))
    assert loaded.image.GetSpacing() == pytest.approx((0.2 * mm, 0.25 * mm, 3 * mm))
    assert loaded.calibrations[0].source == "ImageJ"
    assert ["ImageJ" in remark for remark in remarks] == [True]


@pytest.mark.parametrize("unit", ["", "unit=pixel\n", "unit=furlong\n"])
def test_imagej_without_a_length(tmp_path: Path, unit: str) -> None:
    how = {"resolution": (5, 5), "resolutionunit": 2 if unit else 1}
    loaded, remarks = read(imagej(tmp_path / "a.tif", STACK[0], f"images=1\n{unit}", **how))
    assert loaded.image.GetSpacing() == (1.0, 1.0)
    assert not loaded.calibrations
    assert any("furlong" in remark for remark in remarks) == ("furlong" in unit)


def test_imagej_does_not_write_a_slice_distance_of_one(tmp_path: Path) -> None:
    path = imagej(tmp_path / "a.tif", STACK, "images=6\nslices=6\nunit=cm\n", resolution=(5, 5))
    assert read(path)[0].image.GetSpacing() == pytest.approx((2.0, 2.0, 10.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("images=6\nframes=6\n", "6 time points"),
        ("images=6\nchannels=2\nslices=3\n", "2 channels"),
        ("images=60\nslices=60\n", "60 slices, and 6 pages are there"),
    ],
)
def test_imagej_pages_that_are_no_slices(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read(imagej(tmp_path / "a.tif", STACK, text))


def ome(path: Path, pixels: str, array: np.ndarray = STACK, before: str = "", inside: str = "") -> Path:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/'
        f'2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" SizeX="7" SizeY="5" {pixels}>{inside}</Pixels>'
        "</Image></OME>"
    )
    tifffile.imwrite(path, array, description=text.encode(), metadata=None, photometric="minisblack")
    return path


LENGTHS = (
    'PhysicalSizeX="200" PhysicalSizeY="0.25" PhysicalSizeYUnit="mm" '
    'PhysicalSizeZ="3" PhysicalSizeZUnit="mm" '
)


def test_lengths_of_ome(tmp_path: Path) -> None:
    loaded, remarks = read(ome(tmp_path / "a.tif", LENGTHS + 'SizeZ="6" SizeC="1" SizeT="1"'))
    assert loaded.image.GetSpacing() == pytest.approx((0.2, 0.25, 3.0))
    assert ["OME" in remark for remark in remarks] == [True]
    loaded, remarks = read(ome(tmp_path / "a.tif", 'SizeZ="6" PhysicalSizeX="2" PhysicalSizeY="2"'))
    assert loaded.image.GetSpacing() == pytest.approx((0.002, 0.002, 1.0))
    assert any("no slice distance" in remark for remark in remarks)


def test_written_by_tifffile_as_ome(tmp_path: Path) -> None:
    metadata = {"axes": "ZYX", "PhysicalSizeX": 0.2, "PhysicalSizeXUnit": "mm", "PhysicalSizeY": 0.3,
                "PhysicalSizeYUnit": "mm", "PhysicalSizeZ": 4, "PhysicalSizeZUnit": "mm"}  # fmt: skip
    tifffile.imwrite(tmp_path / "a.ome.tif", STACK, metadata=metadata)
    assert read(tmp_path / "a.ome.tif")[0].image.GetSpacing() == pytest.approx((0.2, 0.3, 4.0))


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        ('SizeZ="1" SizeC="1" SizeT="6"', "6 time points"),
        ('SizeZ="3" SizeC="2" SizeT="1"', "2 channels"),
        ('SizeZ="9" SizeC="1" SizeT="1"', "9 slices, and 6 pages"),
        ('SizeZ="x"', "SizeZ"),
        ('SizeZ="6" SizeZ="6"', "no sound XML"),
    ],
)
def test_ome_pages_that_are_no_slices(tmp_path: Path, pixels: str, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read(ome(tmp_path / "a.tif", pixels))


def test_entities_of_xml_are_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;">]>'
    with pytest.raises(ReadError, match="XML entities"):
        read(ome(tmp_path / "a.tif", 'SizeZ="6"', before=bomb))


def test_pages_of_ome_in_another_order(tmp_path: Path) -> None:
    turned = "".join(f'<TiffData IFD="{5 - z}" FirstZ="{z}" PlaneCount="1"/>' for z in range(6))
    loaded, _ = read(ome(tmp_path / "a.tif", 'SizeZ="6"', inside=turned))
    assert [loaded.image.GetPixel(0, 0, z) for z in range(6)] == STACK[::-1, 0, 0].tolist()


@pytest.mark.parametrize("metadata", [{"axes": "TYX"}, {"axes": "CYX"}])
def test_axes_that_tifffile_names(tmp_path: Path, metadata: dict) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK, metadata=metadata, photometric="minisblack")
    with pytest.raises(ReadError, match=r"6 time points|6 channels"):
        read(tmp_path / "a.tif")


def test_planes_of_a_microscope_that_one_page_stands_for(tmp_path: Path) -> None:
    planes = (33629, 5, 3, (1, 1) * 3, True)  # MetaMorph: as many planes as the tag has values
    tifffile.imwrite(tmp_path / "a.tif", STACK[0], extratags=[planes])
    with pytest.raises(ReadError, match="planes arranged by MetaMorph"):
        read(tmp_path / "a.tif")


def test_more_dimensions_than_three(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK.reshape(2, 3, 5, 7), photometric="minisblack")
    with pytest.raises(ReadError, match="pages arranged as 2 x 3"):
        read(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", STACK.reshape(1, 6, 5, 7), photometric="minisblack")
    assert read(tmp_path / "b.tif")[0].image.GetSize() == (7, 5, 6)
