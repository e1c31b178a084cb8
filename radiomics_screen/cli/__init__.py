"""The command line: one file a command, and no logic.

May import: core, cohort, imaging, filters, features, settings, table, extraction, modelling, prediction,
image_controls, report, verification.
"""

from radiomics_screen.cli.app import main

__all__ = ["main"]
