"""From a feature table to a validated model, and from a model to a probability.

May import: core, table, networks.
Never: SimpleITK, pydicom, skimage, torch.

The room sees tables, never images. ``fitting.py`` runs a whole fit; ``external_evaluation.py`` judges a model
on rows that it has never seen. A classifier, a step, a statistic, a control: one new file in its folder.
"""

from radiomics_screen.modelling.assessment.evaluation import Evaluation
from radiomics_screen.modelling.bundle.answers import Contribution
from radiomics_screen.modelling.bundle.folder import check_destination
from radiomics_screen.modelling.bundle.loading import load_model
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.fitting import fit

__all__ = ["Contribution", "Evaluation", "Model", "check_destination", "fit", "load_model"]
