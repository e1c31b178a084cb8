"""Images and a model become readings: probability, class, what cannot be ruled out, and why.

May import: core, cohort, imaging, settings, table, extraction, modelling.
"""
