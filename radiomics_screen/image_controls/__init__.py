"""What the images say about a model: near copies, burned-in marks, surroundings, destroyed texture.

May import: core, cohort, imaging, perturbation, settings, table, extraction, modelling, prediction.

A control that needs only the table is a file in ``modelling/controls/``; one that needs images is measured
here and handed to it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"run": ["run_image_controls"]})
