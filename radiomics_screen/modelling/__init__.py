"""From a feature table to a validated model, and from a model to a probability."""

from radiomics_screen.modelling.bundle import load_model
from radiomics_screen.modelling.evaluation import Evaluation
from radiomics_screen.modelling.fitting import fit
from radiomics_screen.modelling.folder import check_destination
from radiomics_screen.modelling.model import Contribution, Model

__all__ = ["Contribution", "Evaluation", "Model", "check_destination", "fit", "load_model"]
