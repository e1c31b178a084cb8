"""What learns: one file a classifier, registered in :data:`CLASSIFIERS` by ``@classifier("name")``.

May import: core, networks, modelling.statistics, modelling.data.

Another package adds one through the entry-point group ``radiomics_screen.classifiers``.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from radiomics_screen.modelling.classifiers.base import CLASSIFIERS, ClassifierKind, classifier

__all__ = ["CLASSIFIERS", "ClassifierKind", "classifier"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
