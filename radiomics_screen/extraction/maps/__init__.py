"""Feature maps: each voxel of a lesion described by its neighbourhood, as images on disk.

May import: extraction.measuring, extraction.running.
"""
