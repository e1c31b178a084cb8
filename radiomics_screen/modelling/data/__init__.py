"""A feature table becomes what is learned from: who takes part, outcome, patients, blocks of columns.

May import: core, table.
Never: xgboost.

Nothing here learns anything.
"""
