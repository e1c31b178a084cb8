"""How the loops over voxels are compiled."""

from numba import njit

#: Compiled on first use, kept in the cache folder beside the module (or the user's, where that
#: one is read-only), runs without the GIL, and divides by zero as NumPy does.
kernel = njit(cache=True, nogil=True, error_model="numpy")
