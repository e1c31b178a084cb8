"""The groups of options: task, design, preparation, learner, checks, compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from radiomics_screen.modelling.options.option import OptionError, faults_in, option, required

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from radiomics_screen.table.feature_table import FeatureTable

#: Ways to choose among the features, by the name of their step; "none" keeps all of them.
SELECTIONS = ("none", "mrmr", "elasticnet", "boruta")
#: Ways to reduce the columns of an embedding; "none" keeps all of them.
REDUCTIONS = ("pca", "pls", "none")
#: Ways to correct probabilities.
RECALIBRATIONS = ("none", "platt", "isotonic")
DEVICES = ("auto", "cpu", "cuda")

THRESHOLD = 0.5
ERROR_RATE = 0.1  # in the evaluation of prediction sets


class Group:
    """A frozen group of options, checked when it is made."""

    def __post_init__(self) -> None:
        faults = self.faults(vars(self))
        if faults:
            raise OptionError(faults)

    @classmethod
    def faults(cls, values: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with values of the group's options, one sentence each."""
        return faults_in(cls, values)


@dataclass(frozen=True)
class Task(Group):
    """What is learned, and from which columns of the table."""

    target: str = field(metadata=required("Column with the outcome, which has two values."))
    positive: str | float | bool | None = option(
        None, "Value of the outcome that counts as positive.", unset="1 or True"
    )
    group: str | None = option(
        None,
        "Column that identifies the patient; no patient is both learned from and tested on. "
        "'none': each row is another patient.",
    )
    clinical: Sequence[str] = option(
        (),
        "Columns of clinical variables to learn from as well. Models of the clinical variables alone and of "
        "the features alone are then evaluated and compared.",
    )
    batch: str | None = option(
        None, "Column with the scanner or site. ComBat removes its effect on the features inside each fold."
    )
    perturbed: FeatureTable | pd.DataFrame | str | Path | None = option(  # noqa: RUF009
        None,
        "Table of the same features measured again on perturbed images, as `radiomics-screen perturb` "
        "writes it. Features that are not reproducible are dropped inside each fold.",
    )


@dataclass(frozen=True)
class Design(Group):
    """How rows are split into training and test rows."""

    folds: str | None = option(
        None, "Column with given folds, each tested once; replaces {splits} and {repeats}."
    )
    splits: int | None = option(None, "Number of folds.", unset="5", whole=True, at_least=2)
    repeats: int | None = option(
        None,
        "Number of repeats of the cross-validation.",
        unset="5; 1 where settings are searched",
        whole=True,
        at_least=1,
    )


@dataclass(frozen=True)
class Preparation(Group):
    """What happens to the columns before the classifier, inside each fold.

    Attributes
    ----------
    reproducible
        Whether features that are not reproducible on perturbed images are dropped; not an option: ``fit``
        sets it where `perturbed` is given.
    """

    least_icc: float = option(
        0.75,
        "Keep a feature only if the lower bound of its intraclass correlation is at least this; "
        "with {perturbed}.",
        above=0,
        below=1,
    )
    common_value: float = option(
        1.0,
        "Drop a feature if one value makes up more than this fraction of the training rows; 1 drops constant "
        "features only.",
        above=0,
        at_most=1,
    )
    correlation: float = option(
        0.95,
        "Drop the later of two features if their absolute rank correlation is above this; 1 keeps all.",
        above=0,
        at_most=1,
    )
    select: str = option(
        "none",
        "Feature selection by the outcome: none, mrmr (relevant and not redundant), elasticnet (penalised "
        "logistic regression) or boruta (better than shuffled copies).",
        choices=SELECTIONS,
    )
    most_features: int = option(20, "Number of features that mrmr keeps.", whole=True, at_least=1)
    embedding: str = option(
        "pca",
        "Reduction of embedding columns: pca (principal components), pls (partial least squares, by the "
        "outcome) or none.",
        choices=REDUCTIONS,
    )
    components: float | None = option(
        None,
        "Number of components of an embedding; for pca, a value below 1 is the fraction of variance to keep.",
        unset="32; with pls 4",
        above=0,
    )
    reproducible: bool = field(default=False, repr=False)


@dataclass(frozen=True)
class Learner(Group):
    """Which classifier, how it is tuned, and where its threshold lies."""

    classifier: str | Sequence[str] = option(
        "xgboost",
        "Classifier: xgboost, logistic, forest, svm, stack, late (separate classifiers for each block of "
        "columns) or cnn (a network on crops of the lesions). Of several, inner folds choose; auto: a "
        "selection that suits the columns.",
    )
    hyperparameters: Mapping[str, Any] | None = option(
        None, "Hyperparameters to fix; of several classifiers, by classifier.", flag="--set"
    )
    trials: int = option(
        0,
        "Number of settings tried on inner folds, in each fold; 0: the defaults only.",
        whole=True,
        at_least=0,
    )
    minutes: float | None = option(
        None,
        "Time limit of all searches together, except those of permutations. The result then depends on the "
        "machine.",
        unset="no limit",
        above=0,
    )
    inner_folds: int = option(
        5, "Number of stratified folds of whole patients inside the training rows.", whole=True, at_least=2
    )
    recalibrate: str = option(
        "none",
        "Recalibration of probabilities on inner folds: none, platt or isotonic.",
        choices=RECALIBRATIONS,
    )
    threshold: float = option(
        THRESHOLD, "Probability at or above which a case is called positive.", above=0, below=1
    )
    at_sensitivity: float | None = option(
        None,
        "Set the threshold on inner folds to reach this sensitivity; replaces {threshold}.",
        above=0,
        below=1,
    )
    at_specificity: float | None = option(
        None,
        "Set the threshold on inner folds to reach this specificity; replaces {threshold}.",
        above=0,
        below=1,
    )

    @classmethod
    def faults(cls, values: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with single options, and whether several thresholds are given."""
        found = super().faults(values)
        rules = [values["at_sensitivity"], values["at_specificity"]]
        if sum(rule is not None for rule in rules) + (values["threshold"] != THRESHOLD) > 1:
            found.append("{threshold}, {at_sensitivity}, {at_specificity}: give one of the three")
        return found


@dataclass(frozen=True)
class Checks(Group):
    """What else is evaluated besides the figures of the cross-validation."""

    permutations: int = option(
        0,
        "Largest number of repetitions of the whole procedure with permuted labels, for a p-value.",
        whole=True,
        at_least=0,
    )
    blocks: bool = option(
        False,
        "Evaluate what each block of columns adds (clinical, radiomics, breast, embedding, a region). This "
        "costs two further cross-validations for each block.",
    )
    controls: bool = option(
        True, "Test whether lesion size, scanner, single columns or similar rows explain the figures."
    )
    error_rate: float = option(
        ERROR_RATE,
        "Fraction of prediction sets that may miss the outcome, in their evaluation.",
        above=0,
        below=1,
    )
    resamples: int = option(
        2000, "Number of bootstrap resamples behind each interval.", whole=True, at_least=1
    )


@dataclass(frozen=True)
class Compute(Group):
    """Where and how the work is done."""

    seed: int = option(
        0, "Random seed of folds, settings, classifiers and resamples.", whole=True, at_least=0
    )
    device: str = option(
        "auto", "Device to train on: cpu, cuda, or auto (a GPU if one is usable).", choices=DEVICES
    )
    jobs: int = option(
        1, "Number of folds processed in parallel; -1: one per core. Results do not depend on it.", whole=True
    )

    @classmethod
    def faults(cls, values: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with single options, and 0 jobs, which joblib refuses later."""
        nothing = ["{jobs} is 0; it must be at least 1, or -1 for all cores"] if values["jobs"] == 0 else []
        return [*super().faults(values), *nothing]
