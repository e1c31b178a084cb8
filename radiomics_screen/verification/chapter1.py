"""IBSI chapter 1: every feature family on the digital phantom and on the CT phantom."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path

import SimpleITK as sitk

from radiomics_screen.core.errors import ReadError
from radiomics_screen.extraction.measuring.describing import measure
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.settings.presets import preset_path
from radiomics_screen.settings.settings import load_settings
from radiomics_screen.verification.diagnostics import diagnostics
from radiomics_screen.verification.phantom import digital_phantom
from radiomics_screen.verification.results import Group, Reference, compared

PHANTOM_REFERENCE = Path(__file__).parent / "references" / "digital_phantom.csv"
CONFIGURATIONS = "abcde"
CT_IMAGE, CT_MASK = Path("ibsi1/ct_phantom/image.nii.gz"), Path("ibsi1/ct_phantom/mask.nii.gz")
DIAGNOSTICS = "diagnostics"

#: Gives an image and the mask of its region.
Phantom = Callable[[], tuple[sitk.Image, sitk.Image]]


def reference_file(configuration: str) -> Path:
    """Return where the reference of a configuration lies in a data folder."""
    return Path(f"ibsi1/reference/config_{configuration}.csv")


def ct_phantom(data: Path) -> tuple[sitk.Image, sitk.Image]:
    """Read the CT phantom of a data folder and the mask of its tumour."""
    return read_image(data / CT_IMAGE), read_mask(data / CT_MASK)


def verify_phantom() -> Iterator[Group]:
    """Compare all families and aggregations on the digital phantom."""
    image, mask = digital_phantom()
    values = measure(image, mask, load_settings(preset_path("ibsi/digital-phantom")))
    return grouped("digital phantom", values, read_references(PHANTOM_REFERENCE))


def verify_configuration(configuration: str, data: Path, phantom: Phantom) -> Iterator[Group]:
    """Compare a configuration on the CT phantom, with its diagnostics."""
    image, mask = phantom()
    settings = load_settings(preset_path(f"ibsi/config-{configuration}"))
    values = {**diagnostics(image, mask, settings), **measure(image, mask, settings)}
    references = read_references(data / reference_file(configuration))
    return grouped(f"configuration {configuration.upper()}", values, references)


def read_references(path: Path) -> list[Reference]:
    """Read reference values in the IBSI's format: value, tolerance and tag, with semicolons.

    Tags without a consensus value are left out.

    Raises
    ------
    ReadError
        The file is no such table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        return required(
            [
                Reference(row["tag"], float(row["reference value"]), float(row["tolerance"]))
                for row in rows
                if row["reference value"]
            ]
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ReadError(
            f"{path}: expected the columns 'reference value', 'tolerance' and 'tag' with semicolons ({error})"
        ) from error


def required(references: list[Reference]) -> list[Reference]:
    """Return references; raise a ValueError if there are none, or one is no number."""
    if not references:
        raise ValueError("it has no values")
    for reference in references:
        if not (isfinite(reference.value) and isfinite(reference.tolerance)):
            raise ValueError(f"{reference.tag} is no number")
    return references


def grouped(part: str, values: Mapping[str, float], references: Sequence[Reference]) -> Iterator[Group]:
    """Compare values, given by column or tag, with references, and put them together by family."""
    of_tag = {name.removeprefix("original_"): value for name, value in values.items()}
    groups: dict[str, list[Reference]] = {}
    for reference in references:
        of_image = reference.tag.endswith(("_img", "_roi"))
        family = DIAGNOSTICS if of_image else reference.tag.split("_", 1)[0]
        groups.setdefault(family, []).append(reference)
    for family, members in groups.items():
        yield Group(part, family, [compared(of_tag.get(r.tag), r) for r in members])
