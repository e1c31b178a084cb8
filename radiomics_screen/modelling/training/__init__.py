"""Learning: the pipeline, the folds, and the search for settings.

May import: core, modelling.options, modelling.statistics, modelling.data, modelling.steps,
modelling.classifiers.

Everything that is learned is learned inside a fold.
"""
