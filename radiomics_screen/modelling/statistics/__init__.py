"""Statistics of a two-class model: pure functions on arrays, one topic a module.

May import: core.
Never: xgboost.

Each is checked against a peer package: docs/explanation/statistics.md.
"""
