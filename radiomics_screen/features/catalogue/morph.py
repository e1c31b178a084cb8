"""Morphology (IBSI)."""

from __future__ import annotations

from radiomics_screen.features.catalogue.aggregations import VOLUME
from radiomics_screen.features.catalogue.facts import FamilyFacts, add_facts, table

CODE = "HCUG"
MESH = (
    "The mesh is that of marching cubes at level 0.5 through the centres of the voxels, with a border of "
    "empty voxels all round; its vertices lie midway between a voxel in the mask and a neighbour outside. "
    "V = |sum of a . (b x c) / 6| over its triangles with corners a, b, c in mm; A is the sum of their "
    "areas."
)
MESH_NOTE = (
    "The mesh is closed: in the face between two cubes of voxel centres of which two opposite corners are in "
    "the mask, these are kept apart, and a ring of crossed edges there is filled from its middle. "
    "pyradiomics' has holes where voxels touch at edges only, so that V and A differ a little."
)
AXES = "l1 >= l2 >= l3 are the eigenvalues of the covariance of the voxel centres in mm"

FEATURES = table(
    CODE,
    "1",
    ("volume", "RNU0", "Volume (mesh)", "V", "mm^3"),
    ("vol_approx", "YEKZ", "Volume (voxel counting)", "N times the volume of a voxel", "mm^3"),
    ("area_mesh", "C0JK", "Surface area (mesh)", "A", "mm^2"),
    ("av", "2PR5", "Surface to volume ratio", "A / V", "1/mm"),
    ("comp_1", "SKGS", "Compactness 1", "V / (sqrt(pi) A^(3/2))"),
    ("comp_2", "BQWJ", "Compactness 2", "36 pi V^2 / A^3"),
    ("sph_dispr", "KRCK", "Spherical disproportion", "A / (36 pi V^2)^(1/3)"),
    ("sphericity", "QCFX", "Sphericity", "(36 pi V^2)^(1/3) / A"),
    ("asphericity", "25C7", "Asphericity", "(A^3 / (36 pi V^2))^(1/3) - 1"),
    (
        "com",
        "KLMA",
        "Centre of mass shift",
        "distance from the mean of the voxel centres to sum g c / sum g, over the centres c of the voxels "
        "of the region and their intensities g with their signs; NaN where sum g = 0",
        "mm",
    ),
    ("diam", "L0JK", "Maximum 3D diameter", "largest distance of two vertices of the mesh", "mm"),
    ("pca_maj_axis", "TDIC", "Major axis length", "4 sqrt(l1)", "mm"),
    ("pca_min_axis", "P9VJ", "Minor axis length", "4 sqrt(l2)", "mm"),
    ("pca_least_axis", "7J51", "Least axis length", "4 sqrt(l3)", "mm"),
    ("pca_elongation", "Q3CK", "Elongation", "sqrt(l2 / l1)"),
    ("pca_flatness", "N17B", "Flatness", "sqrt(l3 / l1)"),
    (
        "vol_dens_aabb",
        "PBX1",
        "Volume density (axis-aligned bounding box)",
        "V / volume of the smallest box round the vertices with its sides along the axes of the image",
    ),
    (
        "area_dens_aabb",
        "R59B",
        "Area density (axis-aligned bounding box)",
        "A / surface of the box of vol_dens_aabb",
    ),
    (
        "vol_dens_ombb",
        "ZH1A",
        "Volume density (oriented minimum bounding box)",
        "V / volume of the smallest box round the vertices, turned in any way; found by a search, it may be "
        "little larger than that",
    ),
    (
        "area_dens_ombb",
        "IQYR",
        "Area density (oriented minimum bounding box)",
        "A / surface of the box of vol_dens_ombb",
    ),
    (
        "vol_dens_aee",
        "6BDE",
        "Volume density (approximate enclosing ellipsoid)",
        "V / (4/3 pi a b c), a = 2 sqrt(l1), b = 2 sqrt(l2), c = 2 sqrt(l3); NaN where c = 0",
    ),
    (
        "area_dens_aee",
        "RDD2",
        "Area density (approximate enclosing ellipsoid)",
        "A / (4 pi a b sum_(k=0..20) (e f)^k / (1 - 4 k^2) P_k((e^2 + f^2) / (2 e f))), e = sqrt(1 - b^2 / "
        "a^2), f = sqrt(1 - c^2 / a^2), P_k the Legendre polynomial of degree k; where e f = 0 the limit, "
        "and NaN where b = 0; the IBSI's formula, which is the surface of a sphere only",
    ),
    (
        "vol_dens_mvee",
        "SWZ1",
        "Volume density (minimum volume enclosing ellipsoid)",
        "V / volume of the smallest ellipsoid that holds the vertices",
    ),
    (
        "area_dens_mvee",
        "BRI8",
        "Area density (minimum volume enclosing ellipsoid)",
        "A / surface of the ellipsoid of vol_dens_mvee, by the sum of area_dens_aee with its semi-axes",
    ),
    (
        "vol_dens_conv_hull",
        "R3ER",
        "Volume density (convex hull)",
        "V / volume of the convex hull of the vertices",
    ),
    (
        "area_dens_conv_hull",
        "7T7F",
        "Area density (convex hull)",
        "A / surface of the convex hull of the vertices",
    ),
    (
        "integ_int",
        "99N0",
        "Integrated intensity",
        "V times the mean intensity of the region",
        "intensity mm^3",
    ),
    (
        "moran_i",
        "N365",
        "Moran's I index",
        "n / W sum_ij w_ij (g_i - m) (g_j - m) / sum_i (g_i - m)^2; NaN where all g are equal",
    ),
    (
        "geary_c",
        "NPT7",
        "Geary's C measure",
        "(n - 1) / (2 W) sum_ij w_ij (g_i - g_j)^2 / sum_i (g_i - m)^2; NaN where all g are equal",
    ),
    aggregation=VOLUME,
)

FACTS = FamilyFacts(
    title="Morphology",
    code=CODE,
    about=(
        "Measured is the mask as drawn, of N voxels, unless the region is named: the n voxels that "
        f"resegmentation keeps. {MESH} {AXES} (divided by N - 1; NaN for a single voxel). In Moran's and "
        "Geary's formulas i and j are any two different voxels of the region, w_ij = 1 / distance of their "
        "centres in mm, W = sum_ij w_ij, g their intensities and m the mean of these."
    ),
    note=MESH_NOTE,
    features=FEATURES,
)
add_facts("morph", FACTS)
