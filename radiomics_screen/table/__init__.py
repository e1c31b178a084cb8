"""The feature table on disk: one row a case, and beside it how it came about.

May import: core.
Never: SimpleITK, numba, sklearn, torch.

Another file format: ``feature_table.py``. Matching and comparing tables: ``matching.py``, ``comparison.py``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "feature_table": ["IDENTITY", "OUTCOME", "FeatureTable", "read_table", "write_table", "table_of"],
        "comparison": ["compare_tables"],
    },
)
