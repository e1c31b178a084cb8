"""The list of cases: read from CSV, Excel or Parquet, and checked as a whole before any work starts.

May import: core, imaging.
Never: numba, sklearn, torch.

What a case is, and what is checked: ``cases.py``. Another kind of file: ``spreadsheets.py``. A list
made from a folder: ``pairing/``. The synthetic cohort to try everything on: ``synthetic.py``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"cases": ["Case", "Cohort", "read_cohort"], "synthetic": ["make_sample"]}
)
