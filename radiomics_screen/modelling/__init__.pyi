# The public names of the room: type checkers read them here, and so does __init__.py.

from .assessment.evaluation import Evaluation
from .bundle.answers import Contribution
from .bundle.folder import check_destination
from .bundle.loading import load_model
from .bundle.model import Model
from .fitting import fit
from .options.groups import Checks, Compute, Design, Learner, Preparation

__all__ = [
    "Checks",
    "Compute",
    "Contribution",
    "Design",
    "Evaluation",
    "Learner",
    "Model",
    "Preparation",
    "check_destination",
    "fit",
    "load_model",
]
