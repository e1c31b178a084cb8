"""Networks on crops of lesions as one estimator: rows divided, networks trained, answers calibrated."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import logit
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.classifiers.shared.binary import BinaryClassifier, Groups, Outcome
from radiomics_screen.modelling.classifiers.shared.platt import platt_curve
from radiomics_screen.modelling.classifiers.shared.watch import Watch
from radiomics_screen.modelling.data.splits import inner_splits
from radiomics_screen.networks.training_options import TrainingOptions

if TYPE_CHECKING:
    from radiomics_screen.networks.training import Trained

Crops = npt.NDArray[np.uint8]

LEAST_EDGE = 32  # pixels: EfficientNet halves a crop five times


class CnnClassifier(BinaryClassifier):
    """Networks on crops of lesions; the mean of their log-odds, calibrated.

    Rows are crops: an array of 8-bit values of shape (rows, 2, height, width), image and mask (0 or 255),
    or a table or array of objects with one column whose cells have shape (2, height, width).

    Attributes
    ----------
    networks_ : list of CropNetwork
        Each held back another part of the patients, to know when to stop.
    slope_, intercept_ : float
        Of the log-odds over the networks' mean, learned from rows that each had held back (Platt 1999).
    prior_ : float
        Log-odds of the part of positives among the rows learned from.
    crop_shape_ : tuple of int
        Height and width of a crop.
    histories_ : list of tuple of Epoch
        How each round of each network ended; not kept in a model folder.
    """

    crop_shape_: tuple[int, ...]

    def __init__(
        self,
        backbone: str = "efficientnet-lite0",
        options: TrainingOptions | None = None,
        members: int = 1,
        inner_folds: int = 5,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.backbone = backbone
        self.options = options
        self.members = members
        self.inner_folds = inner_folds
        self.seed = seed
        self.device = device

    @property
    def training(self) -> TrainingOptions:
        """How each network is trained."""
        return self.options or TrainingOptions()

    def fit(self, X: Any, y: Any, groups: Any = None, watch: Watch | None = None) -> Self:
        """Learn from rows; each round is reported to `watch`, which keeps the checkpoints."""
        self._watch = watch or Watch()
        try:
            return super().fit(X, y, groups)
        finally:
            del self._watch

    def _checked(self, X: Any, y: Any = None) -> Any:
        """Return crops of one size; with labels, which are then returned, too, that size is learned."""
        require_torch()
        crops = stacked(X)
        if y is None:
            if crops.shape[2:] != self.crop_shape_:
                raise ModelError(
                    f"the crops are {_edges(crops.shape[2:])} pixels; the network was trained with "
                    f"{_edges(self.crop_shape_)}"
                )
            return crops
        labels = column_or_1d(y)
        check_consistent_length(crops, labels)
        self.n_features_in_ = 1
        self.crop_shape_ = crops.shape[2:]
        return crops, labels

    def _learn(self, values: Any, outcome: Outcome, groups: Groups | None) -> None:
        from radiomics_screen.networks.devices import check_device

        check_device(self.device)
        folds = max(self.inner_folds, self.members)
        divisions = inner_splits(outcome, groups, folds, self.seed)[: self.members]
        trained = [
            self._trained(number, values, outcome, learned, held)
            for number, (learned, held) in enumerate(divisions, start=1)
        ]
        unseen = np.concatenate([one.unseen for one in trained])
        truth = np.concatenate([outcome[held] for _, held in divisions])
        self.slope_, self.intercept_ = platt_curve(unseen, truth)
        self.prior_ = float(logit(outcome.mean()))
        self.networks_ = [one.network for one in trained]
        self.histories_ = [one.history for one in trained]

    def _trained(
        self,
        number: int,
        crops: Crops,
        outcome: Outcome,
        learned: npt.NDArray[np.intp],
        held: npt.NDArray[np.intp],
    ) -> Trained:
        from radiomics_screen.networks.load_backbone import load_backbone
        from radiomics_screen.networks.training import train

        tell = self._watch.epoch_callback()
        return train(
            load_backbone(self.backbone),
            crops,
            outcome,
            learned,
            held,
            self.training,
            seed=self.seed + number - 1,
            device=self.device,
            progress=None if tell is None else lambda epoch: tell(number, epoch),
            checkpoints=self._watch.checkpoints,
        )

    def _log_odds(self, values: Any) -> FloatArray:
        from radiomics_screen.networks.devices import torch_threads
        from radiomics_screen.networks.inference import log_odds

        with torch_threads(self.training.threads):
            found = [log_odds(one, values, mirror=self.training.mirror) for one in self.networks_]
        return self.slope_ * np.mean(found, axis=0) + self.intercept_

    def heat_maps(self, X: Any, *, positive: bool = True) -> npt.NDArray[np.float32]:
        """Return where the networks look, by Grad-CAM, shape (rows, height, width) with values 0 to 1.

        Parameters
        ----------
        X
            Crops.
        positive
            What speaks for the positive class, or for the negative one.
        """
        check_is_fitted(self)
        from radiomics_screen.networks.devices import torch_threads
        from radiomics_screen.networks.gradcam import grad_cam

        crops = self._checked(X)
        with torch_threads(self.training.threads):
            found = [[grad_cam(one, crop, positive=positive) for one in self.networks_] for crop in crops]
        return np.array(found, dtype=np.float32).mean(axis=1)


def stacked(X: Any) -> Crops:
    """Return the crops in `X` as one array, shape (rows, 2, height, width).

    Raises
    ------
    ModelError
        If a row is no crop of 8 bits, or they are not all of one size, 32 pixels an edge or more.
    """
    values = np.asarray(X)
    if values.dtype == object:
        cells = list(values.ravel())
        shapes = {getattr(cell, "shape", None) for cell in cells}
        kinds = {getattr(cell, "dtype", None) for cell in cells}
        if values.size != len(values) or len(shapes) != 1 or None in shapes or kinds != {np.dtype(np.uint8)}:
            raise ModelError(
                "the classifier 'cnn' learns from one column of crops of one size (arrays of 8 bits, shape "
                f"(2, height, width)); it got {values.shape[1] if values.ndim > 1 else 1} columns with cells "
                f"of {', '.join(sorted(map(str, shapes)))}"
            )
        values = np.stack(cells)
    if values.ndim != 4 or values.shape[1] != 2 or values.dtype != np.uint8:
        raise ModelError(
            "the classifier 'cnn' learns from crops (8 bits, shape (rows, 2, height, width)); it got "
            f"{values.dtype} of shape {values.shape}"
        )
    if min(values.shape[2:]) < LEAST_EDGE:
        raise ModelError(
            f"the crops are {_edges(values.shape[2:])} pixels; each edge needs {LEAST_EDGE} at least"
        )
    return np.ascontiguousarray(values)


def require_torch() -> None:
    """Raise a ModelError where what the extra ``cnn`` installs is missing."""
    if missing := [name for name in ("torch", "safetensors") if find_spec(name) is None]:
        raise ModelError(
            f"the classifier 'cnn' needs {' and '.join(missing)}, which is not installed: "
            'pip install "radiomics-screen[cnn]"'
        )


def _edges(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
