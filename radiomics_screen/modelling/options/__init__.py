"""What a fit can be asked for: each option once, in a small frozen group.

May import: core, table.
Never: numpy, sklearn, xgboost, numba, torch.

Name, type, default, help and range of an option stand in its field. The signature and docstring of ``fit``,
the command line, the table in docs/explanation/modelling.md and the model card are made from them. A new
option: one new field.
"""
