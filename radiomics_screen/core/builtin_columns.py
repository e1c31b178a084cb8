"""What the families and filters of this package call their columns.

Written by ``python -m benchmarks.builtin_columns --write`` from what they declare; not to be edited.
"""

#: Name of each family: the block of its columns, and a pattern of the names of its features.
FAMILIES: dict[str, tuple[str, str]] = {
    "breast": ("breast", r"[A-Za-z0-9]+"),
    "cm": ("radiomics", r"[A-Za-z0-9][A-Za-z0-9_.+-]*"),
    "dzm": ("radiomics", r"[A-Za-z0-9][A-Za-z0-9_.+-]*"),
    "firstorder": ("radiomics", r"[A-Za-z0-9]+"),
    "glcm": ("radiomics", r"[A-Za-z0-9]+"),
    "gldm": ("radiomics", r"[A-Za-z0-9]+"),
    "glrlm": ("radiomics", r"[A-Za-z0-9]+"),
    "glszm": ("radiomics", r"[A-Za-z0-9]+"),
    "hog": ("pixels", r"[A-Za-z0-9]+"),
    "ih": ("radiomics", r"[A-Za-z0-9][A-Za-z0-9_.+-]*"),
    "ivh": ("radiomics", r"[A-Za-z0-9][A-Za-z0-9_.+-]*"),
    "keypoints": ("pixels", r"[A-Za-z0-9]+"),
    "lbp": ("pixels", r"[A-Za-z0-9]+"),
    "loc": ("radiomics", r"[A-Za-z0-9][A-Za-z0-9_.+-]*"),
    "morph": ("radiomics", r"[A-Za-z0-9][A-Za-z0-9_.+-]*"),
    "ngl": ("radiomics", r"[A-Za-z0-9][A-Za-z0-9_.+-]*"),
    "ngt": ("radiomics", r"[A-Za-z0-9][A-Za-z0-9_.+-]*"),
    "ngtdm": ("radiomics", r"[A-Za-z0-9]+"),
    "pixels": ("pixels", r"[A-Za-z0-9]+"),
    "rlm": ("radiomics", r"[A-Za-z0-9][A-Za-z0-9_.+-]*"),
    "shape": ("radiomics", r"[A-Za-z0-9]+"),
    "shape2D": ("radiomics", r"[A-Za-z0-9]+"),
    "stat": ("radiomics", r"[A-Za-z0-9]+"),
    "szm": ("radiomics", r"[A-Za-z0-9][A-Za-z0-9_.+-]*"),
}

#: Name of each image type: a pattern of the names of its images.
IMAGE_TYPES: dict[str, str] = {
    "Exponential": r"exponential",
    "Gabor": r"gabor(-[a-z]+)?-sigma-[A-Za-z0-9+-]+-[23]D(-[A-Za-z0-9-]+)?",
    "Gradient": r"gradient",
    "LBP2D": r"lbp-2D",
    "LBP3D": r"lbp-3D-(m\d+|k)",
    "LaplacianOfGaussian": r"laplacian-sigma-[0-9e+-]+-mm(-cutoff-[0-9e+-]+)?-[23]D(-[A-Za-z0-9-]+)?",
    "Laws": r"laws-[A-Z0-9]+(-energy-\d+)?-[23]D(-[A-Za-z0-9-]+)?",
    "LoG": r"log-sigma-[\d-]+-mm-[23]D",
    "Logarithm": r"logarithm",
    "Mean": r"mean-\d+-[23]D(-[A-Za-z0-9-]+)?",
    "Original": r"original",
    "RieszLaplacianOfGaussian": (
        r"riesz-[\d-]+-laplacian-sigma-[0-9e+-]+-mm(-cutoff-[0-9e+-]+)?-[23]D(-[A-Za-z0-9-]+)?"
    ),
    "RieszSimoncelli": r"riesz-[\d-]+-simoncelli-level-\d+-[23]D(-[A-Za-z0-9-]+)?",
    "SeparableWavelet": r"separable-[A-Za-z0-9-]+-level-\d+-[LH]+-[23]D(-[A-Za-z0-9-]+)?",
    "Simoncelli": r"simoncelli-level-\d+-[23]D(-[A-Za-z0-9-]+)?",
    "Square": r"square",
    "SquareRoot": r"squareroot",
    "Wavelet": r"wavelet\d*-[A-Za-z]+",
}
