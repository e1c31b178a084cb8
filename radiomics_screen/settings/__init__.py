"""The parameter file: read, checked against the signatures of the functions that it speaks of, resolved.

May import: core, imaging, filters, features, networks.
Never: pandas, sklearn, torch.

An option is never listed here: it lives in the signature of the function that takes it. A new section is a
file here and a line in ``schema.py``.
"""
