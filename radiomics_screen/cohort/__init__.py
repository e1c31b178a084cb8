"""The list of cases: read from CSV, Excel or Parquet, and checked as a whole before any work starts.

May import: core.
Never: numba, sklearn, torch.

What a case is, and what is checked: ``cases.py``. Another kind of file: ``spreadsheets.py``. The synthetic
cohort to try everything on: ``synthetic.py``.
"""
