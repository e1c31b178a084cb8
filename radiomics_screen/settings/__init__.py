"""The parameter file: read, checked against the signatures of the functions that it speaks of, resolved.

May import: core, imaging, filters, features, networks.
Never: pandas, sklearn, torch.

An option is never listed here: it lives in the signature of the function that takes it. A new section is a
file here and a line in ``schema.py``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={"settings": ["Settings", "load_settings"], "presets": ["preset_names", "preset_path"]},
)
