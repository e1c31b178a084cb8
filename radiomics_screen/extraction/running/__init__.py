"""Many cases, one after the other or in parallel: batches, workers, the journal, resuming.

May import: extraction.measuring.
"""
