"""The numerical methods behind the filters: kernels in space and frequency, wavelets, splines, rotations."""
