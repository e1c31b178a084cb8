"""From a feature table to a validated model, and from a model to a probability.

May import: core, table, networks.
Never: SimpleITK, pydicom, skimage, torch.

The room sees tables, never images. ``fitting.py`` runs a whole fit; ``external_evaluation.py`` judges a model
on rows that it has never seen. A classifier, a step, a statistic, a control: one new file in its folder.
Its names, listed in ``__init__.pyi``, are loaded when they are first used: the command line reads the options
of a fit without loading what fits.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
