"""Images and a model become readings: probability, class, what cannot be ruled out, and why.

May import: core, cohort, imaging, settings, table, extraction, modelling.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"reading": ["read_cases"], "crop_inputs": ["crops_of", "with_crops"]}
)
