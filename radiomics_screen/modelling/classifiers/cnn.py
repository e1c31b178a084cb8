"""A convolutional network on crops of lesions, trained on from one that knows photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, Field, ValidationError
from sklearn.base import ClassifierMixin

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.options import NonNegative, NonNegativeInt, PositiveInt
from radiomics_screen.modelling.classifiers.base import ClassifierKind, Span, classifier
from radiomics_screen.modelling.classifiers.shared.binary import ClassWeights
from radiomics_screen.modelling.classifiers.shared.crop_networks import (
    LEAST_EDGE,
    CnnClassifier,
    require_torch,
)
from radiomics_screen.modelling.classifiers.shared.data_file import Moderate, class_labels
from radiomics_screen.networks.training_options import Augmentation, Inputs, StopOn, TrainingOptions

if TYPE_CHECKING:
    from radiomics_screen.networks.network import CropNetwork

#: Networks whose architecture is known without their weights, so that a model folder brings all it needs.
Model = Literal["efficientnet-lite0"]
Rate = Annotated[float, Field(gt=0, le=1)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Folds = Annotated[int, Field(ge=2, le=20)]
Members = Annotated[int, Field(ge=1, le=20)]
Edge = Annotated[int, Field(ge=LEAST_EDGE, le=4096, strict=True)]


def cnn_classifier(
    *,
    backbone: Model = "efficientnet-lite0",
    inputs: Inputs = "image+mask",
    blocks: NonNegativeInt = 5,
    head_epochs: PositiveInt = 10,
    epochs: NonNegativeInt = 6,
    patience: PositiveInt = 3,
    head_rate: Rate = 1e-3,
    rate: Rate = 1e-4,
    averaged_epochs: NonNegative = 1.0,
    weight_decay: NonNegative = 0.01,
    dropout: Dropout = 0.2,
    batch: PositiveInt = 16,
    augment: bool = True,
    class_weights: ClassWeights = None,
    stop_on: StopOn = "loss",
    mirror: bool = True,
    members: Members = 1,
    inner_folds: Folds = 5,
    threads: PositiveInt = 1,
    seed: int = 0,
    device: str = "cpu",
) -> CnnClassifier:
    """Return an unfitted network on crops of lesions.

    Parameters
    ----------
    backbone
        Network that was trained on photographs and is trained on.
    inputs
        ``"image"`` shows it the crop alone, ``"image+mask"`` puts the lesion's mask in the place of the
        third colour.
    blocks
        How many stages at the backbone's end learn, too; 0: only the head. EfficientNet-Lite0 has 18.
    head_epochs
        Rounds in which the head alone learns.
    epochs
        Rounds, at most, in which the last stages learn with it.
    patience
        It stops after so many rounds without a better result on the patients held back.
    head_rate, rate
        Learning rate while the head learns alone, and of head and stages afterwards, where it falls along
        half a cosine.
    averaged_epochs
        Over about how many rounds the weights are averaged; 0: not at all.
    weight_decay
        Pull of the weights towards 0 (AdamW).
    dropout
        Part of the channels before the head that are left out at random while training.
    batch
        Crops a step.
    augment
        Whether crops are mirrored, slightly turned, scaled and shifted, and their grey values changed
        (gamma, speckle) while training; see :class:`radiomics_screen.networks.training_options.Augmentation`.
    class_weights
        ``"balanced"`` gives both classes the same weight in sum while training. Probabilities are
        learned afterwards from the patients held back and stay those of this cohort.
    stop_on
        Which result on the patients held back counts: the smaller ``"loss"`` or the larger ``"auc"``.
    mirror
        Whether an answer is the mean over a crop and its mirror image.
    members
        Networks, each with another part of the patients held back; their log-odds are averaged.
    inner_folds
        Into how many parts the patients are divided, of which one is held back.
    threads
        Of PyTorch on the CPU. Folds that run side by side make better use of cores.
    seed
        Of all that is drawn; the n-th network takes ``seed + n - 1``.
    device
        Where it is trained: ``"cpu"`` or ``"cuda"``. Answers are always computed on the CPU.

    Raises
    ------
    ModelError
        If PyTorch is not installed.
    """
    require_torch()
    options = TrainingOptions(
        inputs=inputs,
        blocks=blocks,
        head_epochs=head_epochs,
        epochs=epochs,
        patience=patience,
        head_rate=head_rate,
        rate=rate,
        averaged_epochs=averaged_epochs,
        weight_decay=weight_decay,
        dropout=dropout,
        batch=batch,
        balanced=class_weights == "balanced",
        stop_on=stop_on,
        augmentation=Augmentation() if augment else None,
        mirror=mirror,
        threads=threads,
    )
    return CnnClassifier(backbone, options, members, inner_folds, seed, device)


class _CnnFacts(BaseModel):
    """What stands beside the weights."""

    backbone: Model
    inputs: Inputs
    mirror: bool
    members: Annotated[int, Field(ge=1, le=20, strict=True)]
    height: Edge
    width: Edge
    slope: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False, strict=True)]
    intercept: Moderate
    prior: Moderate


@classifier("cnn")
class CnnKind(ClassifierKind):
    """A network on crops, kept with all its weights: what it was trained on from is not needed again."""

    file_name = "cnn.safetensors"
    build = staticmethod(cnn_classifier)
    devices = ("cpu", "cuda")
    takes = "crops"
    space: ClassVar = {"rate": Span(3e-5, 1e-3, log=True), "blocks": Span(1, 9)}

    def save(self, estimator: ClassifierMixin, path: Path) -> None:
        """Write the fitted estimator to `path`."""
        from radiomics_screen.networks.network_file import save_networks

        height, width = estimator.crop_shape_
        facts = _CnnFacts(
            backbone=estimator.backbone,
            inputs=estimator.training.inputs,
            mirror=estimator.training.mirror,
            members=len(estimator.networks_),
            height=height,
            width=width,
            slope=estimator.slope_,
            intercept=estimator.intercept_,
            prior=estimator.prior_,
        )
        save_networks(path, estimator.networks_, facts.model_dump())

    def load(self, path: Path, unfitted: ClassifierMixin) -> ClassifierMixin:
        """Return `unfitted` filled with the learned values that were saved at `path`."""
        require_torch()
        from radiomics_screen.networks.network_file import load_networks, read_facts

        facts = _checked_facts(path, read_facts(path), unfitted)
        unfitted.networks_ = load_networks(path, facts.members, lambda: _network_like(unfitted))
        unfitted.slope_, unfitted.intercept_, unfitted.prior_ = facts.slope, facts.intercept, facts.prior
        unfitted.crop_shape_ = (facts.height, facts.width)
        unfitted.classes_ = class_labels()
        unfitted.n_features_in_ = 1
        return unfitted

    def input_count(self, estimator: ClassifierMixin) -> int:
        """Return the number of columns that the fitted estimator expects."""
        return int(estimator.n_features_in_)

    def contributions(self, estimator: ClassifierMixin, values: Any) -> FloatArray:
        """Return what the crop adds to the log-odds of a lesion of which nothing is known: the prior.

        A crop is one input: its heat map shows which part of it speaks for the answer.
        """
        log_odds = estimator.decision_function(values)
        return np.stack([log_odds - estimator.prior_, np.full(len(log_odds), estimator.prior_)], axis=1)


def _checked_facts(path: Path, facts: dict[str, Any], unfitted: CnnClassifier) -> _CnnFacts:
    try:
        found = _CnnFacts.model_validate(facts)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{path} does not hold a classifier: {where}: {first['msg']}") from None
    training = unfitted.training
    expected = (unfitted.backbone, training.inputs, training.mirror)
    if (found.backbone, found.inputs, found.mirror) != expected or found.members > unfitted.members:
        raise ModelError(f"{path} is of another model: it has other options than the model card says")
    return found


def _network_like(unfitted: CnnClassifier) -> CropNetwork:
    from radiomics_screen.networks.load_backbone import untrained_backbone
    from radiomics_screen.networks.network import CropNetwork

    training = unfitted.training
    return CropNetwork(untrained_backbone(), training.inputs, training.dropout)
