"""The feature table on disk: one row a case, and beside it how it came about.

May import: core.
Never: SimpleITK, numba, sklearn, torch.

Another file format: ``feature_table.py``. Matching and comparing tables: ``matching.py``, ``comparison.py``.
"""
