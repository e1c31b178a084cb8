"""A case becomes a row, and a cohort a table: in parallel, resumable, each failure in its own row.

May import: core, cohort, imaging, filters, features, perturbation, networks, settings, table.
Never: sklearn, torch, xgboost.

What measures one case: ``measuring/``. What runs many cases and loses none of them: ``running/``. Feature
maps: ``maps/``.
"""
