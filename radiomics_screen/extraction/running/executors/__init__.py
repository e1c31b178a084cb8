"""Who does the work: this process, processes of this machine, or something of the user's own.

May import: nothing of this package but core.
"""
