"""A file of boosted trees, checked before XGBoost's own reader sees it.

XGBoost reads its model files in C++ and believes them: a child or feature number out of range
makes it read or write outside its memory. A model folder may come from anywhere, so the file is
parsed here, every number is checked, and only what was checked is handed on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.data.values import LARGEST

_ROOT_PARENT = 2**31 - 1  # what XGBoost writes as the parent of the first node
DEEPEST = 100  # contributions go down a tree recursively, so its depth must have a bound

Index = Annotated[int, Field(ge=-1, lt=2**31, strict=True)]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Count = Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]  # XGBoost writes parameters as text
Zero = Literal[0]


class _TreeParameters(BaseModel):
    num_deleted: Literal["0"]
    num_feature: Count
    num_nodes: Count
    size_leaf_vector: Literal["0", "1"]


class _Tree(BaseModel):
    """One tree: arrays over its nodes. An inner node's children come after it, a leaf's are -1."""

    base_weights: list[Number]
    categories: list[int] = Field(max_length=0)
    categories_nodes: list[int] = Field(max_length=0)
    categories_segments: list[int] = Field(max_length=0)
    categories_sizes: list[int] = Field(max_length=0)
    default_left: list[Literal[0, 1]]
    id: Index
    left_children: list[Index]
    loss_changes: list[Number]
    parents: list[Index]
    right_children: list[Index]
    split_conditions: list[Number]
    split_indices: list[Index]
    split_type: list[Zero]
    sum_hessian: list[Number]
    tree_param: _TreeParameters

    @model_validator(mode="after")
    def _is_a_tree(self) -> _Tree:
        nodes, features = int(self.tree_param.num_nodes), int(self.tree_param.num_feature)
        arrays = (
            self.base_weights, self.default_left, self.left_children, self.loss_changes, self.parents,
            self.right_children, self.split_conditions, self.split_indices, self.split_type, self.sum_hessian,
        )  # fmt: skip
        if nodes < 1 or any(len(array) != nodes for array in arrays):
            raise ValueError("its arrays differ in length")
        depth = [0] * nodes
        parents = [_ROOT_PARENT] + [-1] * (nodes - 1)
        for node, children in enumerate(zip(self.left_children, self.right_children, strict=True)):
            if children == (-1, -1):
                continue
            if not 0 <= self.split_indices[node] < features or children[0] == children[1]:
                raise ValueError(f"node {node} asks for a feature or leads to nodes that it cannot")
            if children[1] != children[0] + 1:  # XGBoost reads the right child as the one after the left
                raise ValueError(f"the children of node {node} do not stand side by side")
            for child in children:
                if not node < child < nodes or parents[child] != -1:
                    raise ValueError(f"node {node} has a child that cannot be its own")
                parents[child] = node
                depth[child] = depth[node] + 1
        if parents != self.parents or max(depth) > DEEPEST:
            raise ValueError("its nodes do not make one tree")
        return self


class _Categories(BaseModel):
    enc: list[int] = Field(default=[], max_length=0)
    feature_segments: list[int] = Field(default=[], max_length=0)
    sorted_idx: list[int] = Field(default=[], max_length=0)


class _ForestParameters(BaseModel):
    num_parallel_tree: Literal["1"]
    num_trees: Count


class _Forest(BaseModel):
    cats: _Categories = _Categories()
    gbtree_model_param: _ForestParameters
    iteration_indptr: list[Index]
    tree_info: list[Zero]
    trees: list[_Tree]

    @model_validator(mode="after")
    def _is_whole(self) -> _Forest:
        count = len(self.trees)
        if int(self.gbtree_model_param.num_trees) != count or len(self.tree_info) != count:
            raise ValueError("the number of trees is not the one given")
        if self.iteration_indptr != list(range(count + 1)) or [t.id for t in self.trees] != list(
            range(count)
        ):
            raise ValueError("the trees are out of order")
        return self


class _Booster(BaseModel):
    model: _Forest
    name: Literal["gbtree"]


class _LearnerParameters(BaseModel):
    base_score: str = Field(pattern=r"^\[?[0-9.]{1,20}(E-?[0-9]{1,2})?\]?$")
    boost_from_average: Literal["0", "1"]
    num_class: Literal["0"]
    num_feature: Count
    num_target: Literal["1"]


class _Loss(BaseModel):
    scale_pos_weight: Count


class _Objective(BaseModel):
    name: Literal["binary:logistic"]
    reg_loss_param: _Loss


class _Learner(BaseModel):
    attributes: dict[str, str] = {}
    feature_names: list[str] = Field(default=[], max_length=0)
    feature_types: list[str] = Field(default=[], max_length=0)
    gradient_booster: _Booster
    learner_model_param: _LearnerParameters
    objective: _Objective

    @model_validator(mode="after")
    def _has_one_number_of_features(self) -> _Learner:
        features = self.learner_model_param.num_feature
        if any(tree.tree_param.num_feature != features for tree in self.gradient_booster.model.trees):
            raise ValueError("the trees differ in their number of features")
        return self


class _TreesFile(BaseModel):
    """The parts of XGBoost's JSON model that a two-class model of numeric features has."""

    learner: _Learner
    version: tuple[Index, Index, Index]


def checked_trees(path: Path) -> bytearray:
    """Return the content of XGBoost's JSON file, rewritten from what was found to be sound.

    Raises
    ------
    ModelError
        If it is not JSON, or not a two-class model of trees over numeric features whose every
        index is in range.
    """
    try:
        checked = _TreesFile.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{path} does not hold the trees of a classifier: {where}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {error}") from None
    return bytearray(json.dumps(checked.model_dump(), allow_nan=False, separators=(",", ":")), "utf-8")
