"""One case in, one row out. Nothing here knows of tables, processes or progress.

May import: cohort, settings.
"""
