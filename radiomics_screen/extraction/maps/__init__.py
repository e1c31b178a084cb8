"""Feature maps: each voxel of a lesion described by its neighbourhood, as images on disk.

May import: extraction.measuring, extraction.running.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"compute": ["feature_maps"]})
