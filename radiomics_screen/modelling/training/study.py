"""Where to look for better settings: Optuna's study of classifiers and their hyperparameters."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import resolved_options
from radiomics_screen.modelling.training.inner_folds import Setting, Stop

_DRAWN_FIRST = 10  # settings drawn by chance before the search learns from them
_NOT_GIVEN_UP = 5  # settings that are tried on all inner folds, whatever comes of them
_FEWEST_FOLDS = 2  # after which a setting may be given up


def searched_options(name: str, given: Mapping[str, Any]) -> list[str]:
    """Return the options of a classifier that are searched: those worth it that are not given."""
    return [option for option in CLASSIFIERS[name].space if option not in given]


@cache
def load_optuna() -> Any:
    """Return Optuna, quiet; call it before threads do, as warnings are set aside for the whole process."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")  # of a bar that is never shown
        import optuna
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


class Study:
    """Where to look next: Optuna's study of settings.

    Parameters
    ----------
    seed
        Of what is drawn.
    given
        Names of the classifiers, each with the options that are not searched.
    """

    def __init__(self, seed: int, given: dict[str, dict[str, Any]]) -> None:
        optuna = load_optuna()
        self.given = given
        self.given_up = optuna.trial.TrialState.PRUNED
        self.running: list[list[float]] = []  # mean AUCs after each inner fold, of settings tried to the end
        self.patience = max(_NOT_GIVEN_UP, len(given))
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_DRAWN_FIRST)
        pruner = optuna.pruners.NopPruner()
        self.study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
        for name in given:
            defaults = resolved_options(CLASSIFIERS[name], {})
            first = {f"{name}.{option}": defaults[option] for option in searched_options(name, given[name])}
            self.study.enqueue_trial({"classifier": name, **first})

    def ask(self) -> tuple[str, dict[str, Any], Stop, Callable[[Setting | None], None]]:
        """Return a setting to try, when to give it up, and whom to tell."""
        trial = self.study.ask()
        name = str(trial.suggest_categorical("classifier", list(self.given)))
        kind = CLASSIFIERS[name]
        drawn: dict[str, Any] = {}
        for option in searched_options(name, self.given[name]):
            span = kind.space[option]
            where = f"{name}.{option}"
            if isinstance(span.low, int) and isinstance(span.high, int):
                drawn[option] = trial.suggest_int(where, span.low, span.high, log=span.log)
            else:
                drawn[option] = trial.suggest_float(where, span.low, span.high, log=span.log)
        means: list[float] = []

        def stop(mean: float) -> bool:
            trial.report(mean, len(means))
            means.append(mean)
            return self._is_behind(means)

        def tell(found: Setting | None) -> None:
            if found is None:
                self.study.tell(trial, state=self.given_up)
            else:
                self.study.tell(trial, found.auc)
                self.running.append(means)

        return name, resolved_options(kind, {**self.given[name], **drawn}), stop, tell

    def _is_behind(self, means: list[float]) -> bool:
        """Tell whether a setting does worse so far than most did that were tried to the end."""
        if len(means) < _FEWEST_FOLDS or len(self.running) < self.patience:
            return False
        return means[-1] < float(np.median([one[len(means) - 1] for one in self.running]))
