"""pictologics on configuration D of the IBSI: CPU milliseconds, with and without its spatial families.

/path/to/python-with-pictologics configuration_d.py FOLDER_OF_THE_CT_PHANTOM
"""

from __future__ import annotations

import statistics
import sys
import warnings
from pathlib import Path
from time import process_time

import pictologics

FAMILIES = ["intensity", "morphology", "texture", "histogram", "ivh"]


def main() -> None:
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    image, mask = (pictologics.load_image(str(folder / f"{name}.nii.gz")) for name in ("image", "mask"))
    everything = {"include_spatial_intensity": True, "include_local_intensity": True}
    for told, options in (("but Moran, Geary and local peaks", {}), ("all", everything)):
        pipeline = pictologics.RadiomicsPipeline(load_standard=False)
        pipeline.add_config("d", steps(options))
        count = sum(len(values) for values in pipeline.run(image, mask).values())
        found = []
        for _ in range(7):
            start = process_time()
            pipeline.run(image, mask)
            found.append(process_time() - start)
        print(f"D: {told} ({count} values) {1000 * statistics.median(found)}")


def steps(options):
    resample = {
        "new_spacing": (2.0, 2.0, 2.0),
        "interpolation": "linear",
        "mask_interpolation": "linear",
        "mask_threshold": 0.5,
        "round_intensities": True,
    }
    return [
        {"step": "resample", "params": resample},
        {"step": "filter_outliers", "params": {"sigma": 3.0}},
        {"step": "discretise", "params": {"method": "FBN", "n_bins": 32}},
        {"step": "extract_features", "params": {"families": FAMILIES, **options}},
    ]


if __name__ == "__main__":
    main()
