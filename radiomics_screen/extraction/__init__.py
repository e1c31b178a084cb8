"""A case becomes a row, and a cohort a table: in parallel, resumable, each failure in its own row.

May import: core, cohort, imaging, filters, features, perturbation, networks, settings, table.
Never: torch, xgboost.

What measures one case: ``measuring/``. What runs many cases and loses none of them: ``running/``. Feature
maps: ``maps/``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={"run": ["extract_cohort"], "measuring.case": ["extract"], "perturbed": ["extract_altered"]},
)
