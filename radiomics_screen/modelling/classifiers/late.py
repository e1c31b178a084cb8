"""Late fusion: each block of columns has classifiers of its own, whose log-odds are added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, Field, model_validator
from sklearn.base import ClassifierMixin

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.column_names import EMBEDDING, REGION
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
from radiomics_screen.modelling.classifiers.shared.watch import Watch
from radiomics_screen.modelling.data.blocks import CLINICAL, CROP, block_named, places_by_block, together

Members = dict[str, list[str]] | None
Options = dict[str, dict[str, dict[str, Any]]] | None
Place = Annotated[int, Field(ge=0, le=10**6, strict=True)]
BlockName = Annotated[str, Field(pattern=rf"^{REGION}$")]

#: Classifiers of blocks that one alone does for; other blocks have :data:`OTHERWISE`.
MEMBERS: dict[str, tuple[str, ...]] = {CLINICAL: ("logistic",), EMBEDDING: ("logistic",), CROP: ("cnn",)}
OTHERWISE = ("logistic", "svm", "xgboost")
#: The one block of columns whose names are unknown.
WHOLE = "all"


class LateClassifier(CombiningClassifier):
    """A weighted sum of the log-odds of classifiers that see one block of columns each.

    A member is called ``<block>/<classifier>``. With one member alone, it is that member.

    Attributes
    ----------
    blocks_ : dict of str to list of int
        The places of each block's columns.
    names_ : list of str or None
        Names of all columns; None where they were not given.
    """

    _accepts: ClassVar = {"dtype": None, "ensure_all_finite": False}  # each member checks what it sees

    def __init__(
        self,
        members: Members = None,
        options: Options = None,
        apart: bool = True,
        inner_folds: int = 5,
        pull: float = 4.0,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.members = members
        self.apart = apart
        self.options = options
        self.inner_folds = inner_folds
        self.pull = pull
        self.seed = seed
        self.device = device

    def fit(
        self,
        X: Any,
        y: Any,
        groups: Any = None,
        names: Sequence[str] | None = None,
        watch: Watch | None = None,
        blocks: Sequence[str] | None = None,
    ) -> Self:
        """Learn from rows.

        Parameters
        ----------
        X
            Features, shape (rows, columns). What a block's columns hold, its classifiers decide: they are
            taken apart before anything is made a number.
        y, groups
            As every classifier's.
        names
            Names of the columns; None: they are one block.
        watch
            Handed to members that train for long.
        blocks
            Block of each column, as the table says it; None: the names tell.

        Raises
        ------
        ModelError
            If there are not as many names or blocks as columns, or rows must be divided, and there are too
            few.
        """
        width = np.shape(X)[1] if np.ndim(X) > 1 else 0
        if names is not None and len(names) != width:
            raise ModelError(f"{len(names)} names are given for {width} columns")
        if blocks is not None and len(blocks) != width:
            raise ModelError(f"{len(blocks)} blocks are given for {width} columns")
        self.names_ = None if names is None else [str(name) for name in names]
        if self.names_ is None:
            self.blocks_ = {WHOLE: list(range(width))}
        elif self.apart:
            self.blocks_ = places_by_block(map(block_named, self.names_) if blocks is None else blocks)
        else:
            self.blocks_ = together(self.names_)
        self._watch = watch
        try:
            return super().fit(np.asarray(X), y, groups)
        finally:
            del self._watch

    def decision_function(self, X: Any) -> FloatArray:
        """Return the decision values, shape (n_rows,)."""
        return super().decision_function(np.asarray(X))

    def watch_of(self, member: str) -> Watch | None:
        """Return the progress watch of a member, or None."""
        return self._watch and self._watch.within(member)

    def unfitted_members(self) -> dict[str, ClassifierMixin]:
        """Return new, unfitted members with their options, by name."""
        given: Mapping[str, Mapping[str, Any]] = self.options or {}
        built = {}
        for block in self.blocks_:
            for name in members_of(block, self.members):
                kind = CLASSIFIERS[name]
                options = resolved_options(kind, given.get(block, {}).get(name, {}))
                built[f"{block}/{name}"] = kind.build(seed=self.seed, device=self.device, **options)
        return built

    def kind_of(self, member: str) -> str:
        """Return the name of a member's classifier."""
        return member.partition("/")[2]

    def places_of(self, member: str) -> list[int]:
        """Return the column positions of a member's block."""
        return self.blocks_[member.partition("/")[0]]

    def names_of(self, member: str) -> list[str] | None:
        """Return the column names of a member's block, or None if they are unknown."""
        return None if self.names_ is None else [self.names_[place] for place in self.places_of(member)]


def members_of(block: str, members: Members) -> list[str]:
    """Return the names of a block's classifiers, in alphabetical order.

    Raises
    ------
    ScreenError
        If there are none, one is named twice, is itself made of others or not known.
    """
    given: Mapping[str, Sequence[str]] = members or {}
    names = sorted(given.get(block, MEMBERS.get(block, OTHERWISE)))
    if not names or len(set(names)) < len(names) or set(names) & set(COMBINING):
        raise ModelError(
            f"the classifiers of block '{block}' are {', '.join(names) or 'none'}; name one or more "
            "different ones, none of them a stack or late fusion"
        )
    takes = "crops" if block == CROP else "numbers"
    if odd := [name for name in names if CLASSIFIERS[name].takes != takes]:
        raise ModelError(f"{odd[0]} cannot be a classifier of block '{block}', which holds {takes}")
    return names


def late_classifier(
    *,
    members: Members = None,
    options: Options = None,
    apart: bool = True,
    inner_folds: Folds = 5,
    pull: NonNegative = 4.0,
    seed: int = 0,
    device: str = "cpu",
) -> LateClassifier:
    """Return an unfitted late fusion.

    Parameters
    ----------
    members
        Names of the classifiers of a block, by the block's name: ``clinical``, ``radiomics``, ``breast``,
        ``pixels``, ``embedding``, or a region's. Blocks that are not named have logistic regression if they
        are clinical or an embedding, cnn if they are crops, else logistic, svm and xgboost.
    options
        Hyperparameters of classifiers instead of their defaults, by block and name.
    apart
        Whether each block of numbers has classifiers of its own. False: all numbers are one block,
        ``numbers``, which a stack would see, beside the crops.
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
    for block in sorted({*(members or {}), *(options or {})}):  # a wrong name or option is reported now
        names, given = members_of(block, members), (options or {}).get(block, {})
        if foreign := sorted(set(given) - set(names)):
            raise ModelError(
                f"options are given for '{foreign[0]}', which is not a classifier of block '{block}' "
                f"({', '.join(names)})"
            )
        for name, own in given.items():
            resolved_options(CLASSIFIERS[name], own)
    return LateClassifier(members, options, apart, inner_folds, pull, seed, device)


class _LateMember(MemberPart):
    block: BlockName


class _LateFile(BaseModel):
    blocks: dict[BlockName, list[Place]]
    members: list[_LateMember]
    intercept: Moderate
    features: Annotated[int, Field(ge=1, le=10**6, strict=True)]

    @model_validator(mode="after")
    def _is_whole(self) -> _LateFile:
        require_weight(self.members)
        places = sorted(place for block in self.blocks.values() for place in block)
        if places != list(range(self.features)):
            raise ValueError("the blocks do not hold each column once")
        return self


@classifier("late")
class LateKind(ClassifierKind):
    """Late fusion, kept as blocks and weights; each member lies beside them, ``late-<block>-<its file>``."""

    file_name = "late.json"
    takes = "both"
    devices = ("cpu", "cuda")  # those of its members that can use it
    build = staticmethod(late_classifier)

    def owns(self, name: str) -> bool:
        """Return whether a file in the model folder belongs to this classifier."""
        return name == self.file_name or name.startswith("late-")

    def save(self, estimator: ClassifierMixin, path: Path) -> None:
        """Write the fitted estimator to `path`."""
        members = []
        for (member, fitted), weight in zip(
            estimator.fitted_.items(), estimator.weights_.tolist(), strict=True
        ):
            block, _, name = member.partition("/")
            digest = save_member(name, fitted, _place(path, block, name))
            members.append(_LateMember(block=block, name=name, sha256=digest, weight=weight))
        content = _LateFile(
            blocks=estimator.blocks_,
            members=members,
            intercept=estimator.intercept_,
            features=estimator.n_features_in_,
        )
        write_content(path, content)

    def load(self, path: Path, unfitted: ClassifierMixin) -> ClassifierMixin:
        """Return `unfitted` filled with the learned values that were saved at `path`."""
        content = read_content(path, _LateFile)
        unfitted.blocks_, unfitted.names_ = content.blocks, None
        members = unfitted.unfitted_members()
        found = {f"{one.block}/{one.name}": one for one in content.members}
        if list(found) != list(members) or len(found) < len(content.members):
            raise ModelError(f"{path} is damaged: its members are not {', '.join(members)}")
        fitted = {
            member: load_member(
                one.name,
                _place(path, one.block, one.name),
                members[member],
                one.sha256,
                len(content.blocks[one.block]),
            )
            for member, one in found.items()
        }
        return filled(unfitted, fitted, content.members, content.intercept, content.features)

    def input_count(self, estimator: ClassifierMixin) -> int:
        """Return the number of columns that the fitted estimator expects."""
        return int(estimator.n_features_in_)

    def contributions(self, estimator: ClassifierMixin, values: FloatArray) -> FloatArray:
        """Return the members' contributions to their own columns, each times its weight."""
        return estimator.contributions(np.asarray(values))


def _place(path: Path, block: str, name: str) -> Path:
    return path.with_name(f"late-{block}-{CLASSIFIERS[name].file_name}")
