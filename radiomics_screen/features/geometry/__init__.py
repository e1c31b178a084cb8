"""Surfaces, hulls, ellipsoids and distances: the geometry that shape and morphology are computed from."""
