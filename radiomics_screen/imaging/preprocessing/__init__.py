"""Preprocessing of intensities: denoising, contrast, bias field, normalisation. One file a step.

All modules of this package are imported, so a new file is a new step. A step takes a scalar image
(2-D or 3-D, any pixel type) and its options, and returns an image on the same grid.
"""

from __future__ import annotations

import importlib
import pkgutil

from radiomics_screen.imaging.preprocessing.registry import STEPS, File, files_of, step, with_files_in

__all__ = ["STEPS", "File", "files_of", "step", "with_files_in"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
