"""From a feature table to a validated model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from radiomics_screen.modelling.arguments import faults_beyond_ranges
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.classifiers.shared.watch import Watch
from radiomics_screen.modelling.controls import ImageControlInputs
from radiomics_screen.modelling.data.crop_column import Crops
from radiomics_screen.modelling.fit_progress import OnStage
from radiomics_screen.modelling.fit_stages import FitInputs, run_fit
from radiomics_screen.modelling.options.groups import Checks, Compute, Design, Learner, Preparation
from radiomics_screen.modelling.options.request import gathered, names_checked
from radiomics_screen.modelling.training.folds import FoldProgress
from radiomics_screen.table.feature_table import FeatureTable, table_of


# The options in the signature and in the docstring are made from their groups in modelling/options:
# python -m benchmarks.fit_options --write
@names_checked
def fit(
    table: FeatureTable | pd.DataFrame | str | Path,
    *,
    # options
    target: str,
    positive: str | float | bool | None = None,
    group: str | None = None,
    clinical: Sequence[str] = (),
    batch: str | None = None,
    perturbed: FeatureTable | pd.DataFrame | str | Path | None = None,
    folds: str | None = None,
    splits: int | None = None,
    repeats: int | None = None,
    least_icc: float = 0.75,
    common_value: float = 1.0,
    correlation: float = 0.95,
    select: str = "none",
    most_features: int = 20,
    embedding: str = "pca",
    components: float | None = None,
    classifier: str | Sequence[str] = "xgboost",
    hyperparameters: Mapping[str, Any] | None = None,
    trials: int = 0,
    minutes: float | None = None,
    inner_folds: int = 5,
    recalibrate: str = "none",
    threshold: float = 0.5,
    at_sensitivity: float | None = None,
    at_specificity: float | None = None,
    permutations: int = 0,
    blocks: bool = False,
    controls: bool = True,
    error_rate: float = 0.1,
    resamples: int = 2000,
    seed: int = 0,
    device: str = "auto",
    jobs: int = 1,
    # end of options
    design: Design | None = None,
    preparation: Preparation | None = None,
    learner: Learner | None = None,
    checks: Checks | None = None,
    compute: Compute | None = None,
    crops: Crops | Callable[[], Crops] | None = None,
    images: ImageControlInputs | Callable[[], ImageControlInputs] | None = None,
    watch: Watch | None = None,
    progress: FoldProgress | None = None,
    on_stage: OnStage | None = None,
    checkpoints: str | Path | None = None,
) -> Model:
    """Evaluate a way to learn by patient-grouped cross-validation, then learn from all rows in that way.

    Options are given one by one, or in groups: ``fit(table, target="y", design=Design(splits=10))`` is
    ``fit(table, target="y", splits=10)``.

    Parameters
    ----------
    table
        A feature table, or the path of one.
    target
        Column with the outcome, which has two values.
    positive
        Value of the outcome that counts as positive. Default: 1 or True.
    group
        Column that identifies the patient; no patient is both learned from and tested on. 'none': each row is
        another patient.
    clinical
        Columns of clinical variables to learn from as well. Models of the clinical variables alone and of the
        features alone are then evaluated and compared.
    batch
        Column with the scanner or site. ComBat removes its effect on the features inside each fold.
    perturbed
        Table of the same features measured again on perturbed images, as `radiomics-screen perturb` writes
        it. Features that are not reproducible are dropped inside each fold.
    folds
        Column with given folds, each tested once; replaces `splits` and `repeats`.
    splits
        Number of folds. Default: 5.
    repeats
        Number of repeats of the cross-validation. Default: 5; 1 where settings are searched.
    least_icc
        Keep a feature only if the lower bound of its intraclass correlation is at least this; with
        `perturbed`.
    common_value
        Drop a feature if one value makes up more than this fraction of the training rows; 1 drops constant
        features only.
    correlation
        Drop the later of two features if their absolute rank correlation is above this; 1 keeps all.
    select
        Feature selection by the outcome: none, mrmr (relevant and not redundant), elasticnet (penalised
        logistic regression) or boruta (better than shuffled copies).
    most_features
        Number of features that mrmr keeps.
    embedding
        Reduction of embedding columns: pca (principal components), pls (partial least squares, by the
        outcome) or none.
    components
        Number of components of an embedding; for pca, a value below 1 is the fraction of variance to keep.
        Default: 32; with pls 4.
    classifier
        Classifier: xgboost, logistic, forest, svm, stack, late (separate classifiers for each block of
        columns) or cnn (a network on crops of the lesions). Of several, inner folds choose; auto: a selection
        that suits the columns.
    hyperparameters
        Hyperparameters to fix; of several classifiers, by classifier.
    trials
        Number of settings tried on inner folds, in each fold; 0: the defaults only.
    minutes
        Time limit of all searches together, except those of permutations. The result then depends on the
        machine. Default: no limit.
    inner_folds
        Number of stratified folds of whole patients inside the training rows.
    recalibrate
        Recalibration of probabilities on inner folds: none, platt or isotonic.
    threshold
        Probability at or above which a case is called positive.
    at_sensitivity
        Set the threshold on inner folds to reach this sensitivity; replaces `threshold`.
    at_specificity
        Set the threshold on inner folds to reach this specificity; replaces `threshold`.
    permutations
        Largest number of repetitions of the whole procedure with permuted labels, for a p-value.
    blocks
        Evaluate what each block of columns adds (clinical, radiomics, breast, embedding, a region). This
        costs two further cross-validations for each block.
    controls
        Test whether lesion size, scanner, single columns or similar rows explain the figures.
    error_rate
        Fraction of prediction sets that may miss the outcome, in their evaluation.
    resamples
        Number of bootstrap resamples behind each interval.
    seed
        Random seed of folds, settings, classifiers and resamples.
    device
        Device to train on: cpu, cuda, or auto (a GPU if one is usable).
    jobs
        Number of folds processed in parallel; -1: one per core. Results do not depend on it.
    design, preparation, learner, checks, compute
        Groups of the options above. An option that keeps its default above leaves the group's value.
    crops
        Crops of the lesions, for ``cnn`` and ``late``; or a function that cuts them, called once all else is
        checked (:func:`radiomics_screen.prediction.crop_inputs.crops_of`).
    images
        Findings in the images, for further controls; or a function that looks at them, called once all else
        is checked.
    watch
        Receives the progress of long trainings.
    progress
        Called after each fold, and then after each permutation, with what was finished (``"fold"``,
        ``"permutation"``, ``"fold of the model of clinical"``), how many of them, and of how many.
    on_stage
        Called with a sentence when a stage begins; a long one is told with the time that it will take.
    checkpoints
        Folder that keeps what is finished: folds, settings that were tried, permutations, trainings of
        networks. After an interruption the same call with the same folder reuses them. Remove the folder
        when the model is saved.

    Returns
    -------
    Model
        Learned from all rows, with the evaluation of the same way to learn.

    Raises
    ------
    ModelError
        If options are wrong (all of them are listed), or the table cannot be learned from.
    """
    asked = gathered(locals(), faults_beyond_ranges)
    kept = None if checkpoints is None else Path(checkpoints)
    inputs = FitInputs(crops, images, watch or Watch(), progress, on_stage, kept)
    return run_fit(table_of(table), asked, inputs)
