"""Statistics of a two-class model: pure functions on arrays, one topic a module.

Shared terms: ``outcome`` is 1 for a positive row and 0 for a negative one; ``patients`` names the
patient of each row; a row is called positive where its score is at or above the threshold; ``weights``
of shape (weightings, rows) ask for a figure once per weighting, which is what a bootstrap needs.
Undefined values are NaN, and each docstring says when.
"""
