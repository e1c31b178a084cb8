"""Numbers and models in words: what every figure and section of a report says alike.

May import: core, modelling.
"""
