"""Size and form in three dimensions under pyradiomics' names."""

from __future__ import annotations

from dataclasses import replace

from radiomics_screen.features.catalogue import morph
from radiomics_screen.features.catalogue.facts import Facts, FamilyFacts, add_facts, counterparts

OF_N = "The IBSI's is sqrt(N / (N - 1)) as long: its covariance divides by N - 1."
BETWEEN_PIXELS = "largest distance of two vertices of the mesh with the same {axis}: in one {plane} plane"


def _axis(name: str) -> Facts:
    return replace(morph.FEATURES[name], note=OF_N)


def _in_planes(title: str, axis: str, plane: str) -> Facts:
    return Facts(
        title,
        unit="mm",
        definition=BETWEEN_PIXELS.format(axis=axis, plane=plane),
        family_code=morph.CODE,
        note="The IBSI does not have it.",
    )


FEATURES = counterparts(
    morph.FEATURES,
    {
        "Elongation": "pca_elongation",
        "Flatness": "pca_flatness",
        "LeastAxisLength": _axis("pca_least_axis"),
        "MajorAxisLength": _axis("pca_maj_axis"),
        "Maximum2DDiameterColumn": _in_planes("Maximum 2D diameter (column)", "y", "coronal"),
        "Maximum2DDiameterRow": _in_planes("Maximum 2D diameter (row)", "x", "sagittal"),
        "Maximum2DDiameterSlice": _in_planes("Maximum 2D diameter (slice)", "z", "axial"),
        "Maximum3DDiameter": "diam",
        "MeshVolume": "volume",
        "MinorAxisLength": _axis("pca_min_axis"),
        "Sphericity": "sphericity",
        "SurfaceArea": "area_mesh",
        "SurfaceVolumeRatio": "av",
        "VoxelVolume": "vol_approx",
        "Compactness1": "comp_1",
        "Compactness2": "comp_2",
        "SphericalDisproportion": "sph_dispr",
    },
)

FACTS = FamilyFacts(
    title="Shape in 3D",
    code=morph.CODE,
    about=(
        "Measured is the mask before resegmentation (with resegmentShape, after it), of N voxels. "
        f"{morph.MESH} {morph.AXES} (divided by N)."
    ),
    note=morph.MESH_NOTE,
    features=FEATURES,
)
add_facts("shape", FACTS)
