"""From a feature table to a validated model."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.core.timing import collect_stages, stage
from radiomics_screen.modelling.arguments import (
    candidates_of,
    check_counts,
    check_error_rate,
    device_for,
    features_for,
    refuse_beside_crops,
    refuse_reserved,
    rule_of,
    seconds_a_search,
)
from radiomics_screen.modelling.assessment.ablation import parting
from radiomics_screen.modelling.assessment.evaluation import judged
from radiomics_screen.modelling.assessment.uncertainty import ERROR_RATE, fit_uncertainty
from radiomics_screen.modelling.bundle.card import Card
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.classifiers.shared.watch import Watch
from radiomics_screen.modelling.controls import ImageControlInputs
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.crop_column import Crops, placeholder_crops
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.from_table import prepare
from radiomics_screen.modelling.data.repeated_measurements import measured_again
from radiomics_screen.modelling.fit_summary import about_fit, messages, scheme
from radiomics_screen.modelling.secondary_analyses import Run
from radiomics_screen.modelling.training.fold_design import Divider
from radiomics_screen.modelling.training.folds import FitProgress, learn_everywhere
from radiomics_screen.modelling.training.learning import Learned
from radiomics_screen.modelling.training.pipeline import (
    Preparation,
    feature_counts,
    input_names,
    probe_of,
    values_reaching,
)
from radiomics_screen.modelling.training.plan import Plan
from radiomics_screen.table.feature_table import FeatureTable, table_of

_logger = logging.getLogger(__name__)


def fit(
    table: FeatureTable | pd.DataFrame | str | Path,
    *,
    target: str,
    positive: str | float | bool | None = None,
    group: str | None = None,
    folds: str | None = None,
    splits: int | None = None,
    repeats: int | None = None,
    clinical: Sequence[str] = (),
    batch: str | None = None,
    perturbed: FeatureTable | pd.DataFrame | str | Path | None = None,
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
    images: ImageControlInputs | Callable[[], ImageControlInputs] | None = None,
    error_rate: float = ERROR_RATE,
    resamples: int = 2000,
    seed: int = 0,
    device: str = "auto",
    crops: Crops | Callable[[], Crops] | None = None,
    watch: Watch | None = None,
    jobs: int = 1,
    progress: FitProgress | None = None,
) -> Model:
    """Evaluate a way to learn by patient-grouped cross-validation, then learn from all rows so.

    Parameters
    ----------
    table
        A feature table, or the path of one.
    target
        Column with the outcome, which has two values; rows without one are left out.
    positive
        The value that counts as positive; not needed for 0/1 and False/True.
    group
        Column that tells patients apart; no patient is learned from and tested on at once.
        ``"none"`` says that each row is another patient.
    folds
        Column with given folds, each tested on once; instead of `splits` and `repeats`.
    splits
        Number of folds; 5 where it is not given.
    repeats
        How often all rows are divided anew; 5 where it is not given, 1 where `trials` are.
    clinical
        Columns of clinical variables, learned from beside the features. Models of the clinical variables
        alone and of the features alone are then evaluated, too, and compared.
    batch
        Column with scanner or site: inside each fold its differences are taken out of the features (ComBat).
    perturbed
        Table of the same features measured again on perturbed images (``radiomics-screen perturb``).
        Features that do not agree with themselves in the training rows are dropped inside each fold.
    least_icc
        Least lower bound of the intraclass correlation of a feature that is kept, with `perturbed`.
    common_value
        A feature is dropped where more than this part of the training rows have one value; 1 drops
        constant ones only.
    correlation
        Of two features with an absolute rank correlation above it the later one is dropped;
        1 keeps all.
    select
        How features are chosen by the outcome, inside each fold: ``"none"``, ``"mrmr"`` (relevant and
        not redundant), ``"elasticnet"`` (weights of a penalised logistic regression) or ``"boruta"``
        (better than shuffled copies).
    most_features
        How many features ``"mrmr"`` keeps.
    embedding
        How the columns of an embedding, where there are any, become few inside each fold: ``"pca"``
        (principal components), ``"pls"`` (partial least squares: by the outcome) or ``"none"`` (all stay).
    components
        How many they become; below 1, for ``"pca"``: as many as hold this part of their variance. None: 32
        (``"pca"``) or 4 (``"pls"``).
    classifier
        ``"xgboost"``, ``"logistic"``, ``"forest"``, ``"svm"``, ``"stack"`` or ``"late"`` (each block of
        columns has classifiers of its own); or several of them, among which inner folds choose; ``"auto"``:
        logistic, svm, xgboost and stack, and late where an embedding or crops stand beside other columns.
    hyperparameters
        Options of the classifier that are given and not tuned; of several, by their names.
    trials
        How many settings of the classifiers are tried on inner folds, in each fold anew; 0: only the
        defaults.
    minutes
        After which no further setting is tried, for all searches but those of the permutations together. The
        result then depends on the machine.
    inner_folds
        Stratified folds of whole patients inside the training rows.
    recalibrate
        Correction of probabilities, learned on inner folds: ``"none"``, ``"platt"`` or ``"isotonic"``.
    threshold
        Probability from which on a case is called positive.
    at_sensitivity, at_specificity
        Instead of `threshold`: put it, on inner folds, where this much is reached.
    permutations
        How often everything is done again with permuted labels, at most, for a p-value.
    blocks
        Also judge what each block of columns adds (clinical variables, radiomics, breast, embedding, a
        region's): models of each alone and, of three or more, of all but each. That is so many further
        cross-validations: two for each block.
    controls
        Also judge whether size, scanner, single columns or alike rows explain the figures.
    images
        What was found in the images, for further controls; or what looks at them when all else is checked.
    error_rate
        How often prediction sets may miss the outcome, in the evaluation of them.
    resamples
        Number of bootstrap resamples behind each interval.
    seed
        Of all that is drawn: folds, settings, the classifier's rows and columns, resamples.
    device
        Where trees are trained: ``"cpu"``, ``"cuda"``, or ``"auto"``, a GPU where one is usable.
    crops
        Crops of the lesions, for ``cnn`` and ``late``; or what makes them when all else is checked
        (:func:`radiomics_screen.prediction.crop_inputs.crops_of`).
    watch
        Who is told of trainings that take long, and where these are kept.
    jobs
        Number of folds worked on at a time; the result does not depend on it.
    progress
        Called after each fold, and then after each permutation, with what was finished (``"fold"``,
        ``"permutation"``), how many of them, and of how many.

    Returns
    -------
    Model
        Learned from all rows, with the evaluation of the same way to learn.

    Raises
    ------
    ModelError
        If the table cannot be learned from as asked; the message says what to change.
    """
    started = time.monotonic()
    check_counts(
        splits=splits, repeats=repeats, seed=seed, resamples=resamples, jobs=jobs, trials=trials,
        inner_folds=inner_folds, permutations=permutations,
    )  # fmt: skip
    check_error_rate(error_rate)
    least = None if perturbed is None else least_icc
    preparation = Preparation(least, common_value, correlation, select, most_features, embedding, components)
    table = table_of(table)
    refuse_reserved([*table.features, *clinical, batch])
    columns = [*table.features, *clinical, *([] if crops is None else [CROP])]
    candidates, options = candidates_of(classifier, hyperparameters or {}, columns)
    rule = rule_of(threshold, at_sensitivity, at_specificity)
    device = device_for(candidates, device)
    plan = Plan(
        preparation, candidates, options, trials, None, inner_folds, recalibrate, rule, seed, device,
        watch or Watch(),
    )  # fmt: skip
    refuse_beside_crops(
        candidates, clinical=clinical, batch=batch, perturbed=perturbed is not None, blocks=blocks
    )
    features = features_for(candidates, table.features, crops_given=crops is not None)
    prepared = partial(
        prepare, table.frame, features, target=target, positive=positive, group=group, folds=folds,
        clinical=clinical, batch=batch,
    )  # fmt: skip
    if callable(crops):  # which takes long: what is wrong with the rest of the table is told before
        prepared(crops=placeholder_crops(len(table.frame)))
    pictures = crops() if callable(crops) else crops
    dataset = prepared(crops=None if pictures is None else pictures.column)
    if perturbed is not None:
        again = measured_again(perturbed, table, cases=dataset.cases, features=dataset.features)
        dataset = replace(dataset, measured=again)
    divide = Divider(folds, splits, 1 if repeats is None and trials and folds is None else repeats, seed)
    division = divide.all(dataset)
    jobs = 1 if device == "cuda" else jobs  # folds side by side would share one GPU's memory
    asked = parting(dataset.blocks, each=blocks)
    searches = 1 + len(division.splits) * (1 + (len(asked.models) if asked else 0))
    plan = replace(plan, seconds=seconds_a_search(minutes, searches, jobs))
    timed = _logger.isEnabledFor(logging.INFO)
    with collect_stages(on=timed) as stages, stage("folds"):
        final, tested = learn_everywhere(dataset, plan, division.splits, jobs=jobs, progress=progress)
    evaluation = judged(dataset, plan, division.splits, tested, resamples=resamples)
    run = Run(dataset, table.frame, plan, division.splits, evaluation, jobs, resamples)
    with collect_remarks() as remarks, collect_stages(stages, on=timed), stage("controls and analyses"):
        further = {
            "doubt": run.sets(error_rate),
            "comparison": run.blocks(each=blocks),
            "controls": run.controls(images() if callable(images) else images) if controls else None,
            "permutation": run.chance(divide.one, permutations, progress) if permutations else None,
        }
    if timed:
        _logger.info("stages, summed over folds: %s", stages)
    about = about_fit(dataset, plan, final)
    summary = {
        **about,
        **scheme(plan, division, minutes, final, dataset, evaluation),
        **further,
        **evaluation.summary,
        "messages": [*messages(plan, division, dataset, table, final, evaluation), *remarks],
        "seconds": round(time.monotonic() - started, 3),
    }
    reaching = values_reaching(final.pipeline, dataset.inputs)
    doubt = fit_uncertainty(dataset.outcome, run.unseen, reaching, dataset.groups.astype(str), seed=seed)
    card = _card(about, table, dataset, final, pictures)
    return Model(final.pipeline, card, replace(evaluation, summary=summary), doubt)


def _card(
    about: dict[str, Any], table: FeatureTable, dataset: Dataset, final: Learned, crops: Crops | None
) -> Card:
    provenance = table.provenance or {}
    looks = CROP in input_names(final.pipeline)
    return Card(
        **about,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        settings=provenance.get("parameters"),
        setting_files=provenance.get("files") or {},
        training={
            **dataset.cohort,
            "features_left": feature_counts(final.pipeline),
            "fingerprint": dataset.fingerprint,
        },
        crop=dict(crops.options) if crops is not None and looks else None,
        probe=probe_of(final.pipeline),
    )
