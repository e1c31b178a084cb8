"""From a feature table to a validated model, and from a model to a probability.

May import: core, table, networks.
Never: SimpleITK, pydicom, skimage, torch.

The room sees tables, never images. ``fitting.py`` runs a whole fit; ``external_evaluation.py`` judges a model
on rows that it has never seen. A classifier, a step, a statistic, a control: one new file in its folder.
Its names are loaded when they are first used, so that the command line can read the options of a fit at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from radiomics_screen.modelling.assessment.evaluation import Evaluation
    from radiomics_screen.modelling.bundle.answers import Contribution
    from radiomics_screen.modelling.bundle.folder import check_destination
    from radiomics_screen.modelling.bundle.loading import load_model
    from radiomics_screen.modelling.bundle.model import Model
    from radiomics_screen.modelling.fitting import fit
    from radiomics_screen.modelling.options.groups import Checks, Compute, Design, Learner, Preparation

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

_HOME_OF = {
    "Checks": "options.groups",
    "Compute": "options.groups",
    "Contribution": "bundle.answers",
    "Design": "options.groups",
    "Evaluation": "assessment.evaluation",
    "Learner": "options.groups",
    "Model": "bundle.model",
    "Preparation": "options.groups",
    "check_destination": "bundle.folder",
    "fit": "fitting",
    "load_model": "bundle.loading",
}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
