"""A stack: classifiers whose log-odds are added up with learned weights (Wolpert 1992, Breiman 1996)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, Field, model_validator
from sklearn.base import ClassifierMixin

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.options import NonNegative
from radiomics_screen.modelling.classifiers.base import (
    CLASSIFIERS,
    ClassifierKind,
    classifier,
    resolved_options,
)
from radiomics_screen.modelling.classifiers.shared.data_file import (
    Moderate,
    read_content,
    write_content,
)
from radiomics_screen.modelling.classifiers.shared.fusion import (
    COMBINING,
    CombiningClassifier,
    Folds,
    MemberPart,
    filled,
    load_member,
    require_weight,
    save_member,
)

Names = list[str] | None
Options = dict[str, dict[str, Any]] | None

USUAL = ("logistic", "svm", "xgboost")  # a forest takes longer than these together


class StackClassifier(CombiningClassifier):
    """A weighted sum of the log-odds of several classifiers, in alphabetical order."""

    def __init__(
        self,
        members: Names = None,
        options: Options = None,
        inner_folds: int = 5,
        pull: float = 4.0,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.members = members
        self.options = options
        self.inner_folds = inner_folds
        self.pull = pull
        self.seed = seed
        self.device = device

    def unfitted_members(self) -> dict[str, ClassifierMixin]:
        """Return new, unfitted members with their options, by name."""
        names = member_names(self.members, self.options)
        given: Mapping[str, Any] = self.options or {}
        built = {}
        for name in names:
            kind = CLASSIFIERS[name]
            options = resolved_options(kind, given.get(name, {}))
            built[name] = kind.build(seed=self.seed, device=self.device, **options)
        return built


def member_names(members: Names, options: Options) -> list[str]:
    """Return the names of the members in alphabetical order.

    Raises
    ------
    ScreenError
        If there are fewer than two, one is named twice, is itself made of others or not known, or options are
        given for one that is no member.
    """
    names = sorted(USUAL if members is None else members)
    if len(names) < 2 or len(set(names)) < len(names) or set(names) & set(COMBINING):
        raise ModelError(
            f"the members of a stack are {', '.join(names) or 'none'}; name two or more different "
            "classifiers, none of them a stack or late fusion"
        )
    for name in names:
        CLASSIFIERS[name]
    if foreign := sorted(set(options or {}) - set(names)):
        raise ModelError(f"options are given for '{foreign[0]}', which is not a member ({', '.join(names)})")
    return names


def stack_classifier(
    *,
    members: Names = None,
    options: Options = None,
    inner_folds: Folds = 5,
    pull: NonNegative = 4.0,
    seed: int = 0,
    device: str = "cpu",
) -> StackClassifier:
    """Return an unfitted stack of classifiers.

    Parameters
    ----------
    members
        Names of two or more classifiers; None: logistic, svm and xgboost, which differ in kind and are
        quick. A forest would take longer than these together.
    options
        Hyperparameters of members instead of their defaults, by the members' names.
    inner_folds
        Folds inside the training rows, from which the weights are learned; fewer where a class has
        fewer patients.
    pull
        Towards equal weights, as if so many rows had spoken for them.
    seed
        Of those folds and of all members.
    device
        Where members that can use it are trained: ``"cpu"`` or ``"cuda"``.
    """
    made = StackClassifier(members, options, inner_folds, pull, seed, device)
    made.unfitted_members()  # a wrong name or option is reported now
    return made


class _StackFile(BaseModel):
    members: list[MemberPart]
    intercept: Moderate
    features: Annotated[int, Field(ge=1, le=10**6, strict=True)]

    @model_validator(mode="after")
    def _has_weight(self) -> _StackFile:
        require_weight(self.members)
        return self


@classifier("stack")
class StackKind(ClassifierKind):
    """A stack, kept as its weights; each member lies beside them in a file of its own."""

    file_name = "stack.json"
    build = staticmethod(stack_classifier)

    def save(self, estimator: ClassifierMixin, path: Path) -> None:
        """Write the fitted estimator to `path`."""
        members = []
        for (name, member), weight in zip(
            estimator.fitted_.items(), estimator.weights_.tolist(), strict=True
        ):
            digest = save_member(name, member, path.with_name(CLASSIFIERS[name].file_name))
            members.append(MemberPart(name=name, sha256=digest, weight=weight))
        content = _StackFile(
            members=members, intercept=estimator.intercept_, features=estimator.n_features_in_
        )
        write_content(path, content)

    def load(self, path: Path, unfitted: ClassifierMixin) -> ClassifierMixin:
        """Return `unfitted` filled with the learned values that were saved at `path`."""
        content = read_content(path, _StackFile)
        members = unfitted.unfitted_members()
        if [member.name for member in content.members] != list(members):
            raise ModelError(f"{path} is damaged: its members are not {', '.join(members)}")
        fitted = {
            one.name: load_member(
                one.name,
                path.with_name(CLASSIFIERS[one.name].file_name),
                members[one.name],
                one.sha256,
                content.features,
            )
            for one in content.members
        }
        return filled(unfitted, fitted, content.members, content.intercept, content.features)

    def input_count(self, estimator: ClassifierMixin) -> int:
        """Return the number of columns that the fitted estimator expects."""
        return int(estimator.n_features_in_)

    def contributions(self, estimator: ClassifierMixin, values: FloatArray) -> FloatArray:
        """Return the members' contributions, each times its weight and added up."""
        return estimator.contributions(np.asarray(values, dtype=np.float64))
