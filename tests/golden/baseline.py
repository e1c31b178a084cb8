"""The values that pyradiomics publishes with its own test-suite, beside those computed here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import SimpleITK as sitk

from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.extraction.measuring.case import extract

FAMILIES = ("firstorder", "shape", "shape2D", "glcm", "glrlm", "glszm", "gldm", "ngtdm")

#: The baseline's mesh of brain1 was made by pyradiomics 1.3 with another marching-cubes table;
#: pyradiomics 3.0.1 itself gives these values for the same files.
MESH_OF_3_0_1 = {
    ("brain1", "original_shape_MeshVolume"): 16147.51180013021,
    ("brain1", "original_shape_SurfaceArea"): 6438.821603779402,
    ("brain1", "original_shape_Sphericity"): 0.4798234536231475,
    ("brain1", "original_shape_SurfaceVolumeRatio"): 0.3987500788652454,
}


class Compared(NamedTuple):
    """One published value and ours; `published` is False for the four of :data:`MESH_OF_3_0_1`."""

    configuration: str
    feature: str
    reference: float
    value: float
    published: bool

    @property
    def relative_difference(self) -> float:
        """Difference by the reference; values below 1e-11 are rounding noise of a zero."""
        size = max(abs(self.reference), abs(self.value))
        return abs(self.value - self.reference) / size if size > 1e-11 else 0.0


def compared(data_dir: Path, family: str) -> Iterator[Compared]:
    """Compute every value of one family's baseline, in all its configurations."""
    folder = data_dir / "pyradiomics"
    table = pd.read_csv(folder / "baseline" / f"baseline_{family}.csv", index_col=0, dtype=str)
    features = [row for row in table.index if not row.startswith("diagnostics")]
    for configuration in table.columns:
        column = table[configuration]
        image, label = _images(folder, column)
        parameters = {
            "imageType": ast.literal_eval(column["diagnostics_Configuration_EnabledImageTypes"]),
            "featureClass": {family: [name.split("_")[-1] for name in features]},
            "setting": ast.literal_eval(column["diagnostics_Configuration_Settings"]),
        }
        with collect_remarks():
            values = extract(image, label, parameters)
        for name in features:
            newer = MESH_OF_3_0_1.get((configuration, name))
            reference = float(column[name]) if newer is None else newer
            yield Compared(configuration, name, reference, values[name], newer is None)


def _images(folder: Path, column: pd.Series) -> tuple[sitk.Image, sitk.Image]:
    """Read image and label; the 2-D cases mark one slice only, on a grid of that slice."""
    case, _, plane = column["diagnostics_Configuration_TestCase"].partition("_")
    image = sitk.ReadImage(str(folder / f"{case}_image.nrrd"))
    label = sitk.ReadImage(str(folder / f"{case}_label.nrrd"))
    if plane:
        place = ast.literal_eval(column["diagnostics_Mask-corrected_BoundingBox"])[2]
        label = label[:, :, place : place + 1]
    return image, label
