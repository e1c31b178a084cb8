"""Images and outlines altered on purpose: which features hold, and what does a model really look at?

May import: core, imaging.
Never: pandas, sklearn, torch.

An alteration is a function of an image, of the region of interest on its grid, of a random generator
and of its own keyword-only options; it returns both, changed. The image keeps its grid and its pixel
type, and what was passed in is left as it was. One file an alteration; every module in this folder is
imported here, so a new file is a new alteration. Another package adds its own through the entry-point
group ``radiomics_screen.alterations``.
"""

from importlib import import_module
from pkgutil import iter_modules

from radiomics_screen.perturbation.chain import Chain, chain_of
from radiomics_screen.perturbation.registry import ALTERATIONS, alteration

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["ALTERATIONS", "Chain", "alteration", "chain_of"]
