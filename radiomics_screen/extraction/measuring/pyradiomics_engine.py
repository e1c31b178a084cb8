"""The same cases and parameters through pyradiomics itself, where it is installed (extra ``pyradiomics``).

Reading, preprocessing steps, the choice of the label and the match of grids are this package's own: the
images are handed over in memory, so that both engines see the same. All from normalisation on is
pyradiomics': resampling, cropping, checks of the region, resegmentation, filters and features.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import Any

import numpy as np
import SimpleITK as sitk

from radiomics_screen.cohort.cases import Case
from radiomics_screen.core.errors import RegionError, SettingsError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.extraction.measuring.case_result import CaseResult, Once, Row
from radiomics_screen.extraction.measuring.opening import image_of, mask_of, pixels_of
from radiomics_screen.extraction.measuring.preparing import after_steps, marked
from radiomics_screen.extraction.measuring.wanted import resamples
from radiomics_screen.imaging.geometry import match_grid
from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.settings.schema import known_settings
from radiomics_screen.settings.settings import Settings

_INSTALL = "pip install 'radiomics-screen[pyradiomics]'"
_PACKAGES = ("pyradiomics", "pyradiomics-bhklab")
_DIAGNOSTICS = "diagnostics_"
#: Options that pyradiomics does not have: they must be left as they are.
_UNKNOWN = (
    "resampling_grid",
    "mask_interpolator",
    "round_intensities",
    "outlier_sigma",
    "crop_shape",
    "bin_origin",
    "discretization",
)


def distribution() -> str:
    """Return the name and version of the pyradiomics that is installed: "pyradiomics 3.0.1"."""
    for package in _PACKAGES:
        try:
            return f"{package} {version(package)}"
        except PackageNotFoundError:
            continue
    return f"pyradiomics {_pyradiomics().__version__}"


@lru_cache(maxsize=1)
def _pyradiomics() -> Any:
    """Return the module ``radiomics``, which says nothing of its own accord from now on."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import radiomics
            import radiomics.featureextractor
    except ImportError as failure:
        raise SettingsError(
            f"engine pyradiomics: pyradiomics cannot be imported ({failure}); install it with {_INSTALL}"
        ) from failure
    logging.getLogger("radiomics").setLevel(logging.CRITICAL + 1)  # whatever handlers there are
    return radiomics


def require_possible(settings: Settings) -> None:
    """Make sure that pyradiomics is there and has every image type and family that the settings name.

    Raises
    ------
    SettingsError
        Saying what is missing.
    """
    radiomics = _pyradiomics()
    if settings.embedding is not None:
        raise SettingsError(
            "engine pyradiomics: it makes no embedding; take the section embedding out, or use this "
            "package's own engine"
        )
    if settings.regions:
        beyond = ", ".join(region.name for region in settings.regions)
        raise SettingsError(
            f"engine pyradiomics: it measures no regions beyond the lesion ({beyond}); take the section "
            "regions out, or use this package's own engine"
        )
    asked = [
        ("image type", [image.name for image in settings.image_types], radiomics.getImageTypes()),
        ("feature family", list(settings.families or ()), radiomics.getFeatureClasses()),
    ]
    for kind, names, known in asked:
        if missing := [name for name in names if name not in known]:
            raise SettingsError(f"engine pyradiomics: it has no {kind} {', '.join(missing)}; take it out")
    known = known_settings()
    if changed := [name for name in _UNKNOWN if settings.setting[name] != known[name].default]:
        raise SettingsError(
            f"engine pyradiomics: it has no {', '.join(changed)}, which this file or its conventions "
            f"({settings.conventions}) set; take them out, or use this package's own engine"
        )


def extract_cases(cases: Sequence[Case], settings: Settings) -> Iterator[Row]:
    """Measure cases that share one image: it is read and preprocessed once, each mask once in a row."""
    loaded = image_of(cases[0])
    image = Once(_stepped, loaded, settings)
    source, mask = None, Once(mask_of, cases[0], loaded, settings)
    for case in cases:
        start = perf_counter()
        if case.marks != source:  # one at a time: masks are as large as images
            source, mask = case.marks, Once(mask_of, case, loaded, settings)
        attempt = CaseResult(case.problem)
        attempt.add(_measured, case, image, mask, settings)
        yield attempt.row(perf_counter() - start)


def _stepped(image: Once[LoadedImage], settings: Settings) -> sitk.Image:
    return after_steps(pixels_of(image), settings)


def _measured(
    case: Case, pixels: Once[sitk.Image], mask: Once[sitk.Image], settings: Settings
) -> dict[str, float]:
    """Choose the label, lay it on the image, and let pyradiomics measure."""
    image, roi = pixels(), marked(mask(), settings, case.label)
    if not resamples(settings):
        roi = match_grid(image, roi, **settings.options(match_grid))
    return execute(image, roi.image(), settings)


def execute(image: sitk.Image, mask: sitk.Image, settings: Settings) -> dict[str, float]:
    """Hand image and 0 / 1 mask to pyradiomics and return its features: ``{column: value}``.

    What it leaves NaN is named in a note.
    """
    extractor = _pyradiomics().featureextractor.RadiomicsFeatureExtractor(additionalInfo=False)
    extractor.settings = parameters(settings)
    extractor.enabledImagetypes = {t.name: _plain(t.overrides) for t in settings.image_types}
    extractor.enabledFeatures = families(settings, image.GetDimension())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # divisions by zero, and what newer libraries think of its code
        try:
            found = extractor.execute(image, mask, label=1)
        except (ValueError, RuntimeError) as failure:  # what it raises where a region does not suit it
            raise RegionError(f"pyradiomics: {' '.join(str(failure).split())}") from failure
    values = {k: float(np.asarray(v)) for k, v in found.items() if not k.startswith(_DIAGNOSTICS)}
    undefined = [name for name, value in values.items() if np.isnan(value)]
    if undefined:
        add_remark(f"pyradiomics left undefined: {', '.join(undefined)}")
    if not values:
        raise RegionError("pyradiomics has no feature for this image and these families")
    return values


def parameters(settings: Settings) -> dict[str, Any]:
    """Return the settings as pyradiomics takes them; the label is chosen before, so that it is 1."""
    return {**_plain(settings.setting), "label": 1, "label_channel": 0, "additionalInfo": False}


def families(settings: Settings, dimension: int) -> dict[str, list[str]]:
    """Return the features wanted of each family; those that nobody named only if they fit the image."""
    unfit = {2: "shape", 3: "shape2D"}[dimension]
    return {
        name: list(features)
        for name, features in settings.wanted.items()
        if name in _pyradiomics().getFeatureClasses() and (settings.families is not None or name != unfit)
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
