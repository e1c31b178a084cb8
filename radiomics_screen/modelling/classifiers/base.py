"""The contract of a classifier: how it is built, kept in a file, and asked for its reasons."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import has_fit_parameter

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError, did_you_mean
from radiomics_screen.core.options import Registry, options_of
from radiomics_screen.modelling.classifiers.shared.watch import Watch


@dataclass(frozen=True)
class Span:
    """Where tuning looks for a hyperparameter: between two numbers, whole ones if both are.

    Attributes
    ----------
    low, high
        Both ends belong to it.
    log
        Whether factors count rather than differences.
    """

    low: float
    high: float
    log: bool = False


class ClassifierKind(ABC):
    """One kind of classifier. It keeps no state: the estimator is handed in and out."""

    file_name: str  # under which a model folder keeps the fitted estimator
    build: Callable[..., ClassifierMixin]  # unfitted, from `seed`, `device` and its own options
    devices: tuple[str, ...] = ("cpu",)  # on which it can be trained
    space: ClassVar[Mapping[str, Span]] = {}  # of the hyperparameters that are worth tuning
    takes: str = "numbers"  # what its rows are: "numbers", "crops" of lesions in one column, or "both"

    def owns(self, name: str) -> bool:
        """Tell whether a file of this name in a model folder is one that this kind writes."""
        return name == self.file_name

    @abstractmethod
    def save(self, estimator: ClassifierMixin, path: Path) -> None:
        """Write the fitted estimator to a file that holds data only, never code."""

    @abstractmethod
    def load(self, path: Path, unfitted: ClassifierMixin) -> ClassifierMixin:
        """Return `unfitted` filled from what :meth:`save` wrote.

        Raises
        ------
        ModelError
            If the file is not a classifier of this kind.
        """

    @abstractmethod
    def input_count(self, estimator: ClassifierMixin) -> int:
        """Return the number of features that the fitted estimator expects."""

    @abstractmethod
    def contributions(self, estimator: ClassifierMixin, values: FloatArray) -> FloatArray:
        """Return what each feature adds to each row's log-odds, shape (rows, columns + 1).

        The last column is the same for all rows: the log-odds where no feature is known. The
        sum over a row is the log-odds of its probability.
        """


CLASSIFIERS: Registry[ClassifierKind] = Registry("classifier", "radiomics_screen.classifiers")

Kind = TypeVar("Kind", bound=type[ClassifierKind])


def classifier(name: str) -> Callable[[Kind], Kind]:
    """Enter a kind of classifier in :data:`CLASSIFIERS` under `name`."""

    def enter(cls: Kind) -> Kind:
        CLASSIFIERS.add(name, cls())
        return cls

    return enter


def fit_rows(
    estimator: ClassifierMixin,
    values: Any,
    outcome: npt.NDArray[Any],
    groups: npt.NDArray[Any] | None,
    names: Sequence[str] | None = None,
    watch: Watch | None = None,
    blocks: Sequence[str] | None = None,
) -> ClassifierMixin:
    """Fit an estimator and return it.

    It gets the patients of the rows if it divides them again, the names and blocks of the columns if it
    tells columns apart, and who watches if it trains for long: whatever its ``fit`` has a parameter for.
    """
    known = {"groups": groups, "names": names, "blocks": blocks, "watch": watch}
    fit_params = {what: value for what, value in known.items() if has_fit_parameter(estimator, what)}
    return estimator.fit(values, outcome, **fit_params)


def resolved_options(kind: ClassifierKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all hyperparameters of `kind`: its defaults, and those `given` instead.

    Raises
    ------
    ModelError
        If a given one is not among them, or its value is not of the type in the signature.
    """
    options = {n: option for n, option in options_of(kind.build).items() if n not in ("seed", "device")}
    checked = {}
    for name, value in given.items():
        if name not in options:
            raise ModelError(f"unknown hyperparameter '{name}'{did_you_mean(name, options)}")
        try:
            checked[name] = TypeAdapter(options[name].type).validate_python(value)
        except ValidationError as error:
            cause = error.errors()[0]["msg"]
            raise ModelError(f"hyperparameter '{name}' is {value!r}: {cause}") from None
    return {**{name: option.default for name, option in options.items()}, **checked}
