"""How a network is trained on crops: plain values, readable where torch is not installed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: What the three colours of the backbone are given: grey three times, or grey twice and the mask.
Inputs = Literal["image", "image+mask"]
#: What the rows that are held back decide by when training stops, and which weights are kept.
StopOn = Literal["loss", "auc"]


@dataclass(frozen=True)
class Augmentation:
    """How far crops are changed while training; 0 leaves that change out.

    Attributes
    ----------
    flip
        Part of the crops that are mirrored left to right. None is turned upside down: in ultrasound the
        probe is at the top and depth runs down, so that the shadow behind a lesion lies below it.
    rotation_degrees
        Largest rotation, either way.
    scale
        Largest change of size, as a factor's logarithm: 0.1 is about 10 %.
    shift
        Largest shift along either axis, as a part of the edge.
    gamma
        Largest logarithm of the exponent that grey values between 0 and 1 are raised to.
    speckle
        Largest standard deviation of the noise that grey values are multiplied by.
    """

    flip: float = 0.5
    rotation_degrees: float = 10.0
    scale: float = 0.1
    shift: float = 0.05
    gamma: float = 0.3
    speckle: float = 0.15


@dataclass(frozen=True)
class TrainingOptions:
    """How one network is trained.

    Attributes
    ----------
    inputs
        What the backbone is shown.
    blocks
        How many stages at the backbone's end learn after the head; 0: the head alone.
    head_epochs
        Rounds in which the head alone learns, from the backbone's unchanged answers.
    epochs
        Rounds, at most, in which the last stages learn with it.
    patience
        Training stops after so many rounds without a better result on the rows held back.
    head_rate, rate
        Learning rate while the head learns alone, and of both afterwards.
    averaged_epochs
        Over about how many of the last rounds the weights are averaged, with older ones counting less
        and less (Polyak and Juditsky 1992); what is judged and kept are the averages. 0: the last ones.
    weight_decay
        Of AdamW (Loshchilov and Hutter 2019).
    dropout
        Part of the channels before the head that are left out at random.
    batch
        Crops a step.
    balanced
        Whether both classes have the same weight in sum, or each row has the same.
    stop_on
        Which result on the rows held back counts: the smaller loss, or the larger AUC.
    augmentation
        How crops are changed; None: not at all.
    mirror
        Whether an answer is the mean over the crop and its mirror image.
    threads
        In which torch computes on the CPU. Results with other numbers differ in their last digits.
    """

    inputs: Inputs = "image+mask"
    blocks: int = 5
    head_epochs: int = 10
    epochs: int = 6
    patience: int = 3
    head_rate: float = 1e-3
    rate: float = 1e-4
    averaged_epochs: float = 1.0
    weight_decay: float = 0.01
    dropout: float = 0.2
    batch: int = 16
    balanced: bool = False
    stop_on: StopOn = "loss"
    augmentation: Augmentation | None = field(default_factory=Augmentation)
    mirror: bool = True
    threads: int = 1


@dataclass(frozen=True)
class Epoch:
    """How one round of training ended.

    Attributes
    ----------
    number, of
        Which round, and of how many at most; 0 is the head alone.
    train_loss
        Mean loss of the rows learned from, while they were learned from.
    inner_loss, inner_auc
        Of the rows held back.
    """

    number: int
    of: int
    train_loss: float
    inner_loss: float
    inner_auc: float
