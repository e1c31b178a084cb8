"""The sections of a report: one file a section.

May import: core, modelling, report.wording, report.figures.
"""
