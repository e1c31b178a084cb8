"""The fitted model and its folder on disk: written whole or not at all, checked on load, signed, data only.

May import: core, networks, modelling.statistics, modelling.data, modelling.steps, modelling.classifiers,
modelling.training, modelling.assessment.
"""
