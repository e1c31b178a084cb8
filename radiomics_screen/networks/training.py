"""Training on crops: the head, then the backbone's last stages, until the rows held back say stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import ceil, cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from radiomics_screen.core.arrays import FloatArray, IndexArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.networks.augment import augmented
from radiomics_screen.networks.backbone import Backbone
from radiomics_screen.networks.checkpoints import Checkpoint, State, digest_of
from radiomics_screen.networks.devices import repeatable, torch_threads
from radiomics_screen.networks.inference import Crops, area_under_curve, batch_of, log_odds, pooled_of
from radiomics_screen.networks.network import CropNetwork
from radiomics_screen.networks.training_options import Epoch, TrainingOptions

Progress = Callable[[Epoch], None]

_HEAD_BATCH = 64


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes
    ----------
    network
        With the weights that did best on the rows held back.
    unseen
        Its log-odds of those rows, shape (rows held back,).
    history
        How each round ended; the first is the head alone.
    best
        Number of the round whose weights were kept.
    """

    network: CropNetwork
    unseen: FloatArray
    history: tuple[Epoch, ...]
    best: int


def train(
    backbone: Backbone,
    crops: Crops,
    outcome: npt.NDArray[np.int64],
    learned: IndexArray,
    held: IndexArray,
    options: TrainingOptions,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
    checkpoints: Path | None = None,
) -> Trained:
    """Train a network on some rows and stop it by others.

    On the CPU the same input gives the same weights, to the last bit, whether or not the training was
    cut off in between. On a GPU it computes in mixed precision (Micikevicius et al. 2018).

    Parameters
    ----------
    backbone
        To start from; it is changed.
    crops
        Image and mask, shape (rows, 2, height, width).
    outcome
        0 or 1, shape (rows,).
    learned, held
        Positions of the rows to learn from, and of those held back, which choose the round whose weights
        are kept. The caller keeps every patient on one side; both sides have both classes.
    options
        See :class:`TrainingOptions`.
    seed
        Of all that is drawn.
    device
        ``"cpu"`` or ``"cuda"``.
    progress
        Called after each round.
    checkpoints
        Folder in which the state after each round is kept; the next call with the same input goes on from
        there, and does nothing again where training was finished. None: nothing is kept.

    Raises
    ------
    ModelError
        If the loss is no finite number, or a checkpoint cannot be written.
    """
    place = None
    if checkpoints is not None:
        facts = {"options": asdict(options), "seed": seed, "device": device, "torch": torch.__version__}
        name = digest_of([crops, outcome, learned, held], facts, backbone.state_dict())
        place = Checkpoint(checkpoints, name)
    with torch_threads(options.threads), repeatable(device):
        network = CropNetwork(backbone, options.inputs, options.dropout)
        run = _Run(network, _Data(crops, outcome, learned, held, options.balanced), options, seed, device)
        run.restore(place)
        while not run.finished:
            run.round()
            run.keep(place)
            if progress is not None:
                progress(run.history[-1])
        return run.result()


class _Data:
    """The rows of one training."""

    def __init__(
        self,
        crops: Crops,
        outcome: npt.NDArray[np.int64],
        learned: IndexArray,
        held: IndexArray,
        balanced: bool,
    ) -> None:
        self.crops, self.held_crops = crops[learned], crops[held]
        self.outcome, self.held_outcome = outcome[learned], outcome[held]
        counts = np.bincount(self.outcome, minlength=2)
        shares = len(self.outcome) / (2 * counts) if balanced else np.ones(2)
        self.targets = torch.from_numpy(self.outcome).float()
        self.weights = torch.from_numpy(shares[self.outcome]).float()
        self.held_weights = shares[self.held_outcome]


class _Run:
    """The state of one training: what changes from round to round, and how it is kept."""

    def __init__(
        self, network: CropNetwork, rows: _Data, options: TrainingOptions, seed: int, device: str
    ) -> None:
        self.network = network.to(device)
        self.rows = rows
        self.options = options
        self.device = device
        self.generator = torch.Generator().manual_seed(seed)
        self.mixed = device == "cuda"
        self.stages = network.unfreeze(options.blocks)
        self.head = list(network.head.parameters())
        self.optimiser = torch.optim.AdamW(
            self._learning(), lr=options.rate, weight_decay=options.weight_decay
        )
        self.scaler = torch.amp.GradScaler(device, enabled=self.mixed)
        steps = ceil(len(rows.crops) / options.batch)
        self.share = 1 / max(options.averaged_epochs * steps, 1)
        self.averages: list[Tensor] = []
        self.history: list[Epoch] = []
        self.best = 0
        self.best_weights: list[Tensor] = []
        self.unseen: FloatArray = np.empty(0)

    @property
    def last(self) -> int:
        """Number of the last round there can be."""
        return self.options.epochs if self.stages else 0

    @property
    def finished(self) -> bool:
        if not self.history:
            return False
        done = self.history[-1].number
        return done >= self.last or done - self.best >= self.options.patience

    def round(self) -> None:
        """Train one round, judge it, and keep its weights where they are the best so far."""
        number = len(self.history)
        loss = self._tuned(number) if number else self._headed()
        if not number:
            self.averages = self._weights()
        last = self._weights()
        _put(self._learning(), self.averages)
        answers = log_odds(self.network, self.rows.held_crops, mirror=self.options.mirror)
        _put(self._learning(), last)
        if not (np.isfinite(loss) and np.isfinite(answers).all()):
            raise ModelError(
                f"training went astray in round {number} (loss {loss}): choose a smaller learning rate "
                f"than {self.options.rate} (the head begins with {self.options.head_rate})"
            )
        errors = np.logaddexp(0, answers) - self.rows.held_outcome * answers
        held_loss = float(np.average(errors, weights=self.rows.held_weights))
        auc = area_under_curve(self.rows.held_outcome, answers)
        epoch = Epoch(number, self.last, loss, held_loss, auc)
        if not self.history or self._merit(epoch) > self._merit(self.history[self.best]):
            self.best, self.unseen = number, answers
            self.best_weights = [one.clone() for one in self.averages]
        self.history.append(epoch)

    def _learning(self) -> list[torch.nn.Parameter]:
        return [*self.head, *self.stages]

    def _weights(self) -> list[Tensor]:
        return [one.detach().clone() for one in self._learning()]

    def _merit(self, epoch: Epoch) -> tuple[float, float]:
        by_loss, by_auc = -epoch.inner_loss, epoch.inner_auc
        return (by_auc, by_loss) if self.options.stop_on == "auc" else (by_loss, by_auc)

    def _headed(self) -> float:
        """Train the head on what the unchanged backbone says of the crops and of their mirror images.

        The head starts at 0: no lesion counts before something was learned.
        """
        with torch.no_grad():
            sides = [torch.cat(pooled_of(self.network, self.rows.crops))]
            if self.options.augmentation is not None and self.options.augmentation.flip > 0:
                sides.append(torch.cat(pooled_of(self.network, self.rows.crops, turned=True)))
        pooled = torch.cat(sides)
        targets = self.rows.targets.repeat(len(sides)).to(self.device)
        weights = self.rows.weights.repeat(len(sides)).to(self.device)
        optimiser = torch.optim.AdamW(
            self.head, lr=self.options.head_rate, weight_decay=self.options.weight_decay
        )
        total = 0.0
        for _ in range(self.options.head_epochs):
            total = 0.0
            for part in torch.randperm(len(pooled), generator=self.generator).split(_HEAD_BATCH):
                chosen = part.to(self.device)
                answers = self.network.answer(pooled[chosen], self.generator)
                loss = _loss(answers, targets[chosen], weights[chosen])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                total += loss.item() * len(part)
        return total / len(pooled)

    def _tuned(self, number: int) -> float:
        """Train head and stages for one round; the rate falls along half a cosine over all rounds."""
        order = torch.randperm(len(self.rows.crops), generator=self.generator)
        parts = order.split(self.options.batch)
        total = 0.0
        for step, part in enumerate(parts):
            done = (number - 1 + step / len(parts)) / self.options.epochs
            self.optimiser.param_groups[0]["lr"] = self.options.rate * (1 + cos(pi * done)) / 2
            total += self._step(part) * len(part)
        return total / len(order)

    def _step(self, part: Tensor) -> float:
        crops = batch_of(self.network, self.rows.crops[part.numpy()])
        if self.options.augmentation is not None:
            crops = augmented(crops, self.generator, self.options.augmentation)
        targets, weights = self.rows.targets[part].to(self.device), self.rows.weights[part].to(self.device)
        with torch.autocast(self.device, dtype=torch.float16, enabled=self.mixed):
            answers = self.network(crops, self.generator)
        loss = _loss(answers.float(), targets, weights)
        self.optimiser.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimiser)
        self.scaler.update()
        for average, weight in zip(self.averages, self._learning(), strict=True):
            average.lerp_(weight.detach(), self.share)
        return loss.item()

    def restore(self, place: Checkpoint | None) -> None:
        """Go on from the state in `place`, if there is one."""
        state = None if place is None else place.read()
        if state is None:
            return
        self.history = [Epoch(**one) for one in state["history"]]
        self.best, self.best_weights = state["best"], [one.to(self.device) for one in state["best_weights"]]
        self.unseen = state["unseen"].numpy()
        if not self.finished:
            _put(self._learning(), state["weights"])
            self.averages = [one.to(self.device) for one in state["averages"]]
            self.optimiser.load_state_dict(state["optimiser"])
            self.scaler.load_state_dict(state["scaler"])
            self.generator.set_state(state["generator"])

    def keep(self, place: Checkpoint | None) -> None:
        """Write the state; of a finished training only what is the result."""
        if place is None:
            return
        state: State = {
            "history": [asdict(one) for one in self.history],
            "best": self.best,
            "best_weights": self.best_weights,
            "unseen": torch.from_numpy(self.unseen),
        }
        if not self.finished:
            state["weights"], state["averages"] = self._weights(), self.averages
            state["optimiser"] = self.optimiser.state_dict()
            state["scaler"] = self.scaler.state_dict()
            state["generator"] = self.generator.get_state()
        place.write(state)

    def result(self) -> Trained:
        _put(self._learning(), self.best_weights)
        self.network.requires_grad_(False)
        return Trained(self.network.cpu(), self.unseen, tuple(self.history), self.best)


def _loss(answers: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(answers, targets, weight=weights)


def _put(parameters: list[torch.nn.Parameter], weights: list[Any]) -> None:
    with torch.no_grad():
        for parameter, weight in zip(parameters, weights, strict=True):
            parameter.copy_(weight)
