"""How good a model is: performance with intervals, ablation, permutation of labels, uncertainty.

May import: core, modelling.statistics, modelling.data, modelling.steps, modelling.classifiers,
modelling.training.

A statistic itself is a file in ``modelling/statistics/``.
"""
