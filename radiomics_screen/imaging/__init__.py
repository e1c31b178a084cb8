"""Images and masks: reading, geometry, resampling, preprocessing. SimpleITK lives in this room.

May import: core.
Never: sklearn, torch, xgboost.

A new file format is a new file in ``reading/``; a new preprocessing step is a new file in ``preprocessing/``.
"""
