"""Image types: an image goes in, named images come out, on the region's bounding box. One file a filter.

May import: core, imaging.
Never: pandas, sklearn, torch.

A filter is a function of a :class:`~radiomics_screen.imaging.volume.Volume`, of the box that is
wanted, and of its own keyword-only options. It yields ``(name, array on the box)`` and takes from
the volume no more than the margin that its result depends on. Every module in this folder is
imported here, so a new file is a new image type. Numerical methods live in ``numerics/``.
"""

from importlib import import_module
from pkgutil import iter_modules

from radiomics_screen.filters.registry import FILTERS

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["FILTERS"]
