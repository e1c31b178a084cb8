"""What happens to a feature table before the classifier sees it: one file a step.

May import: core, modelling.statistics, modelling.data.

A step is a scikit-learn transformer (options in the constructor, learned values end in ``_``)
that can also be written as plain JSON and built again from it. It derives from
:class:`~radiomics_screen.modelling.steps.base.PlainStep` and is registered in :data:`STEPS` by
``@step("name")``. Another package adds one through the entry-point group
``radiomics_screen.modelling_steps``.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from radiomics_screen.modelling.steps.base import STEPS, PlainStep, step, step_from_dict

__all__ = ["STEPS", "PlainStep", "step", "step_from_dict"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
