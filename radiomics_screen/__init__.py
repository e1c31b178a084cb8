"""Radiomic features of marked lesions, a cross-validated classifier and explained readings.

The public names are listed in ``__init__.pyi`` and loaded when they are first used: importing the package
costs next to nothing. Names that moved keep their old places for one version (``core/moved.py``).
"""

from __future__ import annotations

import logging

import lazy_loader

from radiomics_screen.core import moved

__version__ = "0.6.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # who uses the package decides what is shown

_load, _names, _ = lazy_loader.attach_stub(__name__, __file__)
__all__ = ["__version__", *_names()]

moved.install()


def __getattr__(name: str) -> object:
    if name in moved.RENAMED:
        return moved.renamed(__name__, name, _load)
    try:
        return _load(name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
