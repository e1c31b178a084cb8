"""Is it the lesion at all? Checks that run with every fit: one file a control.

May import: core, modelling.statistics, modelling.data, modelling.training, modelling.assessment.

Each returns a :class:`~radiomics_screen.modelling.controls.base.Control`: passed, or what it means.
They are prompts to look, not proofs: a control that passes does not make a model right. What each asks,
and what it cannot see: docs/explanation/controls.md.
"""

from radiomics_screen.modelling.controls.base import Control, ImageControlInputs
from radiomics_screen.modelling.controls.run import run_controls

__all__ = ["Control", "ImageControlInputs", "run_controls"]
