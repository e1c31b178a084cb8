"""The figures of a report: one file a kind of figure; each returns SVG.

May import: core, imaging, modelling, report.wording.
"""
