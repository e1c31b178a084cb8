"""A small synthetic cohort to try everything on: images that look like breast ultrasound, and are not.

No patient was imaged. Every picture is made from random numbers: speckle as the magnitude of a
complex Gaussian field seen through a point spread function (Rayleigh statistics; Wagner et al.
1983, IEEE Transactions on Sonics and Ultrasonics 30:156-163), attenuation with depth, and a dark
lesion that is round and smooth (called benign) or irregular and spiculated with a shadow behind it
(called malignant). The two kinds overlap, as they do in life.
"""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from radiomics_screen.core.errors import ScreenError

SHAPE = (160, 208)  # rows (depth), columns
_README = """These images are SYNTHETIC: made by `radiomics-screen sample` from random numbers.
They show no patient, and a model fitted to them says nothing about any.
"""
_SPECKLE_BLUR = (0.8, 1.6)  # pixels along depth and across: the axial resolution is the better one
_DYNAMIC_RANGE_DB = 55.0


@dataclass(frozen=True)
class _Lesion:
    """What a lesion looks like; every share is between 0 (benign habit) and about 1 (malignant)."""

    radius: float  # pixels
    roughness: float
    height: float  # height over width
    darkness_db: float
    shadow_db: float  # below 0: brighter behind the lesion


def make_sample(folder: str | Path, *, patients: int = 40, seed: int = 0) -> Path:
    """Make a synthetic cohort and return the path of its cases file.

    Every second patient has a lesion called malignant, and about half of them have two images. The same
    sample may be made again in its folder; another cases file there is not replaced.

    Parameters
    ----------
    folder
        Where ``cases.csv``, ``images/`` and ``masks/`` are put; made if it is not there.
    patients
        Number of patients, at least 2.
    seed
        The same seed makes the same images.

    Raises
    ------
    ScreenError
        Fewer than two patients are asked for, the folder cannot be written to, or it holds another
        ``cases.csv``.
    """
    if patients < 2:
        raise ScreenError(f"a sample needs at least 2 patients, one of each kind, not {patients}")
    folder = Path(folder)
    list_of_cases = folder / "cases.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder) as aside:
            made = _draw(Path(aside), patients, seed)
            if list_of_cases.exists() and list_of_cases.read_bytes() != made.read_bytes():
                raise ScreenError(
                    f"{list_of_cases} is there already, and is not what would be written (another list, "
                    "other patients or seed, or edited since): name another folder, or move it away"
                )
            for path in made.parent.rglob("*.*"):
                place = folder / path.relative_to(made.parent)
                place.parent.mkdir(exist_ok=True)
                shutil.copyfile(path, place)
    except OSError as failure:
        raise ScreenError(
            f"cannot write the sample into {folder}: {failure.strerror or failure}"
        ) from failure
    return list_of_cases


def _draw(folder: Path, patients: int, seed: int) -> Path:
    """Write images, masks and the list of cases into a folder; return the list."""
    for part in ("images", "masks"):
        (folder / part).mkdir()
    cases = [case for number in range(1, patients + 1) for case in _patient(folder, number, seed)]
    (folder / "README.txt").write_text(_README, encoding="utf-8")
    with (folder / "cases.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(cases[0]))
        writer.writeheader()
        writer.writerows(cases)
    return folder / "cases.csv"


def _patient(folder: Path, number: int, seed: int) -> list[dict[str, object]]:
    """Draw the images of one patient and return their lines of the cases file."""
    rng = np.random.default_rng([seed, number])
    malignant = number % 2 == 0
    lesion = _lesion(rng, malignant=malignant)
    age = int(np.clip(rng.normal(57 if malignant else 47, 12), 20, 90))
    cases: list[dict[str, object]] = []
    for view in "ab"[: rng.integers(1, 3)]:
        name = f"synthetic-{number:03d}-{view}"
        image, mask = draw_lesion(rng, lesion)
        paths = {"image": f"images/{name}.png", "mask": f"masks/{name}.png"}
        sitk.WriteImage(sitk.GetImageFromArray(image), folder / paths["image"])
        sitk.WriteImage(sitk.GetImageFromArray(mask.astype(np.uint8) * 255), folder / paths["mask"])
        pathology = "malignant" if malignant else "benign"
        cases.append(
            {"case_id": name, "patient_id": f"S{number:03d}", **paths, "pathology": pathology, "age": age}
        )
    return cases


def _lesion(rng: np.random.Generator, *, malignant: bool) -> _Lesion:
    # one hidden severity drives every sign, and its spread makes the kinds overlap
    severity = rng.normal(0.78 if malignant else 0.22, 0.18)
    return _Lesion(
        radius=rng.uniform(20, 34),
        roughness=float(np.clip(rng.normal(severity, 0.1), 0.05, 1.1)),
        height=float(np.clip(rng.normal(0.65 + 0.25 * severity, 0.12), 0.45, 1.2)),
        darkness_db=rng.normal(13 + 4 * severity, 3),
        shadow_db=rng.normal(12 * severity - 5, 3),
    )


def draw_lesion(rng: np.random.Generator, lesion: _Lesion) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return an 8-bit picture and the lesion's mask, both of shape :data:`SHAPE`."""
    inside = _outline(rng, lesion)
    depth = np.linspace(0, 1, SHAPE[0])[:, np.newaxis]
    tissue_db = 3.5 * _smooth_noise(rng, (4, 18)) + 2 * _smooth_noise(rng, (12, 30))
    tissue_db = tissue_db - 9 * depth  # what the gain over depth did not make good
    edge = gaussian_filter(inside.astype(float), 1.0 + 1.5 * lesion.roughness)  # blurred margins
    behind = np.clip(
        np.cumsum(gaussian_filter1d(inside.astype(float), 3, axis=1), axis=0) / lesion.radius, 0, 1
    )
    level_db = tissue_db - lesion.darkness_db * edge - lesion.shadow_db * behind * (1 - edge)
    speckle = _speckle(rng)
    echo_db = level_db + 20 * np.log10(np.maximum(speckle, 1e-3))
    grey = 255 * (echo_db + 0.62 * _DYNAMIC_RANGE_DB) / _DYNAMIC_RANGE_DB
    return np.clip(grey, 0, 255).astype(np.uint8), inside


def _outline(rng: np.random.Generator, lesion: _Lesion) -> NDArray[np.bool_]:
    """Return a star-shaped region whose radius varies with the angle, more so in rough lesions."""
    rows, columns = SHAPE
    row, column = rng.normal(0.42 * rows, 5), rng.normal(0.5 * columns, 12)
    y, x = np.mgrid[:rows, :columns]
    turned = rng.normal(0, 0.25)
    v, u = (y - row) / np.sqrt(lesion.height), (x - column) * np.sqrt(lesion.height)
    angle = np.arctan2(v, u) + turned
    waves = np.zeros(SHAPE)
    for k in range(2, 6):  # lobes
        waves += (
            rng.normal(0, 0.05 + 0.05 * lesion.roughness) / np.sqrt(k) * np.cos(k * angle + rng.uniform(0, 7))
        )
    for _ in range(int(rng.poisson(9 * lesion.roughness))):  # spicules
        width, where = rng.uniform(0.05, 0.12), rng.uniform(-np.pi, np.pi)
        away = np.angle(np.exp(1j * (angle - where)))
        waves += rng.uniform(0.1, 0.3) * lesion.roughness * np.exp(-0.5 * (away / width) ** 2)
    return np.hypot(v, u) < lesion.radius * np.clip(1 + waves, 0.4, 1.9)


def _speckle(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return Rayleigh-distributed speckle of mean square 1."""
    field = [gaussian_filter(rng.normal(size=SHAPE), _SPECKLE_BLUR) for _ in range(2)]
    magnitude = np.hypot(*field)
    scaled: NDArray[np.float64] = magnitude / np.sqrt(np.mean(magnitude**2))
    return scaled


def _smooth_noise(rng: np.random.Generator, blur: tuple[float, float]) -> NDArray[np.float64]:
    """Return Gaussian noise of standard deviation 1 that varies over `blur` pixels."""
    noise = gaussian_filter(rng.normal(size=SHAPE), blur)
    scaled: NDArray[np.float64] = noise / noise.std()
    return scaled
