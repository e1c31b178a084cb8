# The public names of the package: the only list of them. Type checkers read it, and so does __init__.py,
# which loads each name from its home when it is first used.

from .cohort.cases import Case, Cohort, read_cohort
from .cohort.pairing.find import FoundCases, find_cases
from .cohort.pairing.listing import write_cases
from .core.errors import (
    CohortError,
    GeometryError,
    ModelError,
    ReadError,
    RegionError,
    ScreenError,
    SettingsError,
    TableError,
)
from .core.remarks import ScreenWarning
from .extraction.maps.compute import feature_maps
from .extraction.measuring.case import extract
from .extraction.perturbed import extract_altered
from .extraction.run import extract_cohort
from .extraction.transformer import RadiomicsTransformer
from .image_controls.run import run_image_controls
from .imaging.loaded_image import LoadedImage
from .imaging.reading import load_image
from .imaging.sources import BytesSource
from .modelling.assessment.evaluation import Evaluation
from .modelling.bundle.answers import Contribution
from .modelling.bundle.loading import load_model
from .modelling.bundle.model import Model
from .modelling.external_evaluation import evaluate
from .modelling.fitting import fit
from .prediction.one_reading import Reading
from .prediction.reading import read_cases, read_lesion, readings_of
from .settings.settings import Settings, load_settings
from .table.feature_table import FeatureTable, read_table, write_table

__version__: str

__all__ = [
    "BytesSource",
    "Case",
    "Cohort",
    "CohortError",
    "Contribution",
    "Evaluation",
    "FeatureTable",
    "FoundCases",
    "GeometryError",
    "LoadedImage",
    "Model",
    "ModelError",
    "RadiomicsTransformer",
    "ReadError",
    "Reading",
    "RegionError",
    "ScreenError",
    "ScreenWarning",
    "Settings",
    "SettingsError",
    "TableError",
    "evaluate",
    "extract",
    "extract_altered",
    "extract_cohort",
    "feature_maps",
    "find_cases",
    "fit",
    "load_image",
    "load_model",
    "load_settings",
    "read_cases",
    "read_cohort",
    "read_lesion",
    "read_table",
    "readings_of",
    "run_image_controls",
    "write_cases",
    "write_table",
]
