"""The cases that are measured: what each is, and where its images lie."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.synthetic import ball, mammogram

FILTERED = {"Original": {}, "Wavelet": {}, "LoG": {"sigma": [1.0, 2.0, 3.0]}}
ORIGINAL: dict[str, Any] = {"Original": {}}

#: How many images of the cohort stand for it.
COHORT_SAMPLE = 60


class MissingData(Exception):
    """Images that a case needs are not where they should be."""


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes
    ----------
    name, title
        How the case is chosen on the command line, and how the table calls it.
    kind
        "features" of an image in memory, "files" read from disk to a row, or a voxel "map".
    image, mask
        Paths of the images; "" where `files` has pairs of them.
    parameters
        What a parameter file of pyradiomics would hold.
    dimension
        2 or 3.
    slices
        The same image and mask as volumes of one slice, for engines without 2-D images.
    """

    name: str
    title: str
    kind: str = "features"
    image: str = ""
    mask: str = ""
    files: tuple[tuple[str, str], ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"imageType": ORIGINAL})
    dimension: int = 3
    slices: tuple[str, str] | None = None

    @property
    def calls(self) -> int:
        """How many cases one call measures."""
        return len(self.files) or 1

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


NAMES = {
    "breast1": "breast1 (MR, 3-D)",
    "brain1": "brain1 (MR, 3-D)",
    "lung1": "lung1 (CT, small lesion)",
    "lung2": "lung2 (CT)",
    "ball": "ball of radius 60 in 256³, 64 levels (synthetic)",
    "mammogram": "mammogram 3000 × 2400, lesion of 400 pixels, 2-D (synthetic)",
    "breast1-filtered": "breast1: original, 8 wavelet bands, LoG 1, 2, 3 mm",
    "brain1-filtered": "brain1: the same",
    "lung1-filtered": "lung1: the same",
    "cohort": "BUS-BRA, per case, 2-D, from files to row",
    "map": "voxel maps of all GLCM features, radius 1, brain1",
}


def cases(names: list[str], data: Path, lung: Path | None, scratch: Path) -> Iterator[Case | MissingData]:
    """Yield the cases of these names, or why one cannot be measured.

    Parameters
    ----------
    data
        Folder with ``pyradiomics/`` and ``busbra/``.
    lung
        Folder with pyradiomics' ``lung1_image.nrrd`` and so on; None looks into ``data/pyradiomics``.
    scratch
        Folder that synthetic images are written into.
    """
    for name in names:
        try:
            yield _case(name, data, lung or data / "pyradiomics", scratch)
        except MissingData as missing:
            yield missing


def _case(name: str, data: Path, lung: Path, scratch: Path) -> Case:
    title = NAMES[name]
    if name == "ball":
        image, mask = ball(scratch)
        parameters = {"imageType": ORIGINAL, "setting": {"binCount": 64}}
        return Case(name, title, image=image, mask=mask, parameters=parameters)
    if name == "mammogram":
        (image, mask), slices = mammogram(scratch)
        return Case(name, title, image=image, mask=mask, dimension=2, slices=slices)
    if name == "cohort":
        return Case(name, title, "files", files=_cohort(data / "busbra"), dimension=2)
    patient = name.removesuffix("-filtered") if name != "map" else "brain1"
    folder = lung if patient.startswith("lung") else data / "pyradiomics"
    paths = [folder / f"{patient}_{part}.nrrd" for part in ("image", "label")]
    for path in paths:
        if not path.is_file():
            raise MissingData(f"{name}: {path} is not there; see --data and --lung")
    image, mask = map(str, paths)
    if name == "map":
        parameters = {
            "imageType": ORIGINAL,
            "featureClass": {"glcm": None},
            "voxelSetting": {"kernelRadius": 1, "maskedKernel": True},
        }
        return Case(name, title, "map", image, mask, (), parameters)
    parameters = {"imageType": FILTERED if name.endswith("-filtered") else ORIGINAL}
    return Case(name, title, "features", image, mask, (), parameters)


def _cohort(folder: Path) -> tuple[tuple[str, str], ...]:
    """Return image and mask of cases spread evenly over the cohort."""
    table = folder / "cases.csv"
    if not table.is_file():
        raise MissingData(f"cohort: {table} is not there; see --data")
    with table.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    chosen = rows[:: max(1, len(rows) // COHORT_SAMPLE)][:COHORT_SAMPLE]
    return tuple((str(folder / row["image"]), str(folder / row["mask"])) for row in chosen)
