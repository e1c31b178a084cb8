"""SimpleITK computes with one thread inside the scope that all of the package shares."""

from __future__ import annotations

import SimpleITK as sitk

from radiomics_screen.core.threads import register_library, single_threaded

__all__ = ["single_threaded"]

register_library(
    sitk.ProcessObject.GetGlobalDefaultNumberOfThreads, sitk.ProcessObject.SetGlobalDefaultNumberOfThreads
)
