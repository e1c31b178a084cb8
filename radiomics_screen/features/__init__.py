"""Feature families: a region goes in, named numbers come out. One file a family.

May import: core.
Never: SimpleITK, pandas, pydicom, sklearn, torch.

A family is a function of a :class:`~radiomics_screen.features.region.Region` and of its own
keyword-only options, registered with :func:`~radiomics_screen.features.registry.family`. Every
module in this folder is imported here, so a new file is a new family. What each feature is, in words:
``catalogue/``. Shared numerics: ``geometry/``, ``texture/``, ``picture/``.
"""

from importlib import import_module
from pkgutil import iter_modules

from radiomics_screen.features.registry import FAMILIES, Family

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["FAMILIES", "Family"]
