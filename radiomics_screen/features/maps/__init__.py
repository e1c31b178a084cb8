"""Families voxel by voxel: each voxel is described by the voxels round it. One file a family.

What a family makes of a matrix is computed by the functions that describe whole regions; here are
only the loops over the voxels. :data:`~radiomics_screen.features.maps.makers.MAKERS` names them.
"""
