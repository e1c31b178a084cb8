"""The command line: one file a command, and no logic.

Nothing that computes is imported before a command runs, so that help and errors come at once.
"""

from radiomics_screen.cli.app import main

__all__ = ["main"]
