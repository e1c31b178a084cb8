"""Trees as plain arrays: where a row ends up, and a file that is checked before it is believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field, model_validator

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.classifiers.shared.data_file import Number, Part
from radiomics_screen.modelling.classifiers.shared.trees_file import DEEPEST

Places = npt.NDArray[np.int64]

LEAF = -1
_AT_ONCE = 1 << 17  # pairs of a row and a tree that are followed together

Index = Annotated[int, Field(ge=-1, lt=2**31, strict=True)]
Weight = Annotated[float, Field(ge=1e-6, le=1e9, allow_inf_nan=False, strict=True)]


@dataclass(frozen=True, eq=False)
class Trees:
    """All trees of a forest, their nodes in one row.

    A row goes left where its value, as a 32-bit number, is at or below the threshold. A right child
    is the next node after the left one.

    Attributes
    ----------
    roots
        Place of each tree's first node, shape (trees,); a tree's nodes follow it.
    feature
        That a node asks for, shape (nodes,); -1 in a leaf.
    threshold
        Shape (nodes,).
    left
        Place of the left child, shape (nodes,); in a leaf its own place.
    positive
        Part of positives among the training rows of a node, shape (nodes,).
    weight
        Of those rows, shape (nodes,).
    depth
        Questions from a root to the deepest leaf.
    """

    roots: Places
    feature: Places
    threshold: FloatArray
    left: Places
    positive: FloatArray
    weight: FloatArray
    depth: int

    def positives(self, values: FloatArray) -> FloatArray:
        """Return the mean part of positives in the leaves that a row ends up in, shape (rows,)."""
        step = max(1, _AT_ONCE // len(self.roots))
        found = [self._leaves(values[at : at + step]) for at in range(0, len(values), step)]
        return np.concatenate([np.empty(0), *(self.positive[leaves].mean(axis=1) for leaves in found)])

    def base(self) -> float:
        """Return the mean part of positives in the roots: the answer where nothing is known of a row."""
        return float(self.positive[self.roots].mean())

    def _leaves(self, values: FloatArray) -> Places:
        rows = values.astype(np.float32)
        number = np.arange(len(rows))[:, np.newaxis]
        nodes = np.repeat(self.roots[np.newaxis], len(rows), axis=0)
        for _ in range(self.depth):  # a leaf leads to itself
            feature = self.feature[nodes]
            goes_right = rows[number, feature] > self.threshold[nodes]
            nodes = self.left[nodes] + (goes_right & (feature != LEAF))
        return nodes


class TreePart(BaseModel):
    """One tree in a file: arrays over its nodes, level by level, each level from left to right.

    In this order the children of the k-th question (from 0) are the nodes 2 k + 1 and 2 k + 2, so that
    the way down need not be told and cannot lead in a circle.
    """

    feature: list[Index] = Field(min_length=1)
    threshold: list[Number]
    positive: list[Part]
    weight: list[Weight]

    @classmethod
    def of_sklearn(cls, tree: Any) -> TreePart:
        """Return what scikit-learn's fitted ``tree_`` of two classes holds."""
        order = [0]
        for node in order:  # grows while it is gone through
            if tree.children_left[node] >= 0:
                order += [int(tree.children_left[node]), int(tree.children_right[node])]
        leaf = tree.children_left[order] < 0
        return cls(
            feature=np.where(leaf, LEAF, tree.feature[order]).tolist(),
            threshold=np.where(leaf, 0.0, tree.threshold[order]).tolist(),
            positive=np.clip(tree.value[order, 0, 1], 0, 1).tolist(),
            weight=tree.weighted_n_node_samples[order].tolist(),
        )

    @model_validator(mode="after")
    def _is_a_tree(self) -> TreePart:
        nodes = len(self.feature)
        if any(len(array) != nodes for array in (self.threshold, self.positive, self.weight)):
            raise ValueError("its arrays differ in length")
        questions = 0
        for node, feature in enumerate(self.feature):
            if node > 2 * questions:
                raise ValueError(f"no question leads to node {node}")
            questions += feature != LEAF
        if nodes != 2 * questions + 1:
            raise ValueError("a question leads to no node")
        if self.depths().max() > DEEPEST:
            raise ValueError(f"it is deeper than {DEEPEST} questions")
        left, weight = self.left(), np.array(self.weight)
        at = np.flatnonzero(left != LEAF)
        if not np.allclose(weight[left[at]] + weight[left[at] + 1], weight[at], rtol=1e-6, atol=0):
            raise ValueError("the rows of two children are not those of their parent")
        return self

    def left(self) -> Places:
        """Return the left child of each node, shape (nodes,); a leaf's is -1."""
        asks = np.array(self.feature) != LEAF
        return np.where(asks, 2 * np.cumsum(asks) - 1, LEAF)

    def depths(self) -> Places:
        """Return how many questions lead to each node, shape (nodes,)."""
        found = [0] * len(self.feature)
        for node, left in enumerate(self.left().tolist()):
            if left != LEAF:
                found[left] = found[left + 1] = found[node] + 1
        return np.array(found)


def joined(parts: Sequence[TreePart]) -> Trees:
    """Return the trees in one row of nodes."""
    sizes = np.array([len(part.feature) for part in parts])
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    left = np.concatenate([part.left() for part in parts])

    def whole(name: str, kind: type) -> npt.NDArray[Any]:
        return np.concatenate([np.array(getattr(part, name), dtype=kind) for part in parts])

    return Trees(
        roots=roots,
        feature=whole("feature", np.int64),
        threshold=whole("threshold", np.float64),
        left=np.where(left == LEAF, np.arange(sizes.sum()), np.repeat(roots, sizes) + left),
        positive=whole("positive", np.float64),
        weight=whole("weight", np.float64),
        depth=max(int(part.depths().max()) for part in parts),
    )


def parted(trees: Trees) -> list[TreePart]:
    """Return each tree by itself; the reverse of :func:`joined`."""
    ends = [*trees.roots[1:].tolist(), len(trees.feature)]
    return [
        TreePart(
            feature=trees.feature[start:end].tolist(),
            threshold=trees.threshold[start:end].tolist(),
            positive=trees.positive[start:end].tolist(),
            weight=trees.weight[start:end].tolist(),
        )
        for start, end in zip(trees.roots.tolist(), ends, strict=True)
    ]
