"""What a fit was asked for, resolved against classifiers, columns and the machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from joblib import effective_n_jobs

from radiomics_screen.core.errors import ModelError, ScreenError
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import resolved_options
from radiomics_screen.modelling.classifiers.shared.crop_networks import require_torch
from radiomics_screen.modelling.classifiers.xgboost import resolve_device
from radiomics_screen.modelling.data.blocks import CROP, fuses_network
from radiomics_screen.modelling.options.groups import DEVICES, Learner, Preparation
from radiomics_screen.modelling.steps.reduce import COMPONENTS, check_reduction
from radiomics_screen.modelling.training.plan import ThresholdRule

#: Candidates of ``classifier="auto"``: different in kind, and quick; a forest takes longer than all of them.
AUTO = ("logistic", "svm", "xgboost", "stack")


def candidates_of(
    classifier: str | Sequence[str], hyperparameters: Mapping[str, Any], blocks: Iterable[str] = ()
) -> tuple[tuple[str, ...], dict[str, dict[str, Any]]]:
    """Return the names of the candidates, and the options given of each; wrong ones are refused now.

    Late fusion is one of ``"auto"`` where an embedding or crops stand beside other `blocks`. With an
    embedding it costs as much as a stack, with crops far more; between radiomics and other handmade
    features, which a stack sees together, it gains little.
    """
    names = [classifier] if isinstance(classifier, str) else list(classifier)
    if names == ["auto"]:
        names = [*AUTO, *(["late"] if fuses_network(blocks) else [])]
    for name in names:
        CLASSIFIERS[name]
    options = {names[0]: dict(hyperparameters)} if len(names) == 1 else _by_name(names, hyperparameters)
    for name, given in options.items():
        resolved_options(CLASSIFIERS[name], given)
    return tuple(names), options


def features_for(candidates: Sequence[str], features: Sequence[str], *, crops_given: bool) -> list[str]:
    """Return the features that the candidates learn from: none where all of them look at crops alone.

    Raises
    ------
    ModelError
        If crops are needed and not given, or given and not looked at, or PyTorch is not installed for them.
    """
    takes = {name: CLASSIFIERS[name].takes for name in candidates}
    if not crops_given and (need := [name for name, what in takes.items() if what == "crops"]):
        raise ModelError(f"the classifier '{need[0]}' learns from crops of the lesions, and none are given")
    if crops_given and not set(takes.values()) & {"crops", "both"}:
        named = " or ".join(name for name, kind in CLASSIFIERS.items() if kind.takes != "numbers")
        raise ModelError(
            f"crops are looked at by {named} only, not by {', '.join(candidates)}: take one of them, "
            "or no crops"
        )
    if crops_given:
        require_torch()
    return [] if crops_alone(candidates) else list(features)


def crops_alone(candidates: Sequence[str]) -> bool:
    """Tell whether all candidates look at crops and at nothing else."""
    return all(CLASSIFIERS[name].takes == "crops" for name in candidates)


def refuse_reserved(columns: Iterable[str | None]) -> None:
    """Refuse to learn from a column of the table that is called as crops are."""
    if CROP in columns:
        raise ModelError(
            f"column '{CROP}' cannot be learned from, for crops are kept under that name: rename it"
        )


def refuse_beside_crops(candidates: Sequence[str], **given: object) -> None:
    """Refuse what only columns of numbers can be learned from, where there are to be none."""
    if crops_alone(candidates) and (asked := [name for name, what in given.items() if what]):
        raise ModelError(
            f"the classifier {' or '.join(candidates)} looks at crops alone, so {asked[0]} has no effect; "
            "late fusion (late, with crops) learns from both"
        )


def _by_name(names: Sequence[str], hyperparameters: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    for name, given in hyperparameters.items():
        if name not in names or not isinstance(given, Mapping):
            raise ModelError(
                f"hyperparameters of several classifiers are given by their names ({', '.join(names)}), "
                f"as {{'{names[0]}': {{...}}}}; got '{name}': {given!r}"
            )
    return {name: dict(given) for name, given in hyperparameters.items()}


def faults_beyond_ranges(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with options that only classifiers, steps and the machine can judge.

    Parameters
    ----------
    values
        All options of a fit, by name.
    """
    candidates: tuple[str, ...] = ()
    with _faults() as found:
        candidates, _ = candidates_of(values["classifier"], values["hyperparameters"] or {})
        if len(set(candidates)) < len(candidates):
            raise ModelError(f"{{classifier}} is {', '.join(candidates)}; name each once")
    yield from found
    if values["device"] in DEVICES and candidates:
        with _faults() as found:
            device_for(candidates, values["device"])
        yield from found
    if values["embedding"] in COMPONENTS and not Preparation.faults({"components": values["components"]}):
        with _faults() as found:
            check_reduction(values["embedding"], values["components"])
        yield from found


@contextmanager
def _faults() -> Iterator[list[str]]:
    """Collect the message of the error that ends the block."""
    found: list[str] = []
    try:
        yield found
    except ScreenError as error:
        found.append(str(error))


def rule_of(learner: Learner) -> ThresholdRule:
    """Return where the threshold is put."""
    if learner.at_sensitivity is not None:
        return ThresholdRule("sensitivity", learner.at_sensitivity)
    if learner.at_specificity is not None:
        return ThresholdRule("specificity", learner.at_specificity)
    return ThresholdRule("fixed", learner.threshold)


def seconds_a_search(minutes: float | None, searches: int, jobs: int) -> float | None:
    """Return how long one search may take so that all of them end in time."""
    if minutes is None:
        return None
    return minutes * 60 * min(effective_n_jobs(jobs), searches) / searches


def device_for(candidates: Sequence[str], device: str) -> str:
    """Return where classifiers are trained; a GPU only where all of them that can use one find it."""
    able = [name for name in candidates if "cuda" in CLASSIFIERS[name].devices]
    if able:
        found = {_device_of(name, device) for name in able}
        return found.pop() if len(found) == 1 else "cpu"
    if device == "cuda":
        named = " and ".join(candidates)
        raise ModelError(f"the classifier {named} is trained on the CPU only; take device cpu or auto")
    return "cpu"


def _device_of(name: str, device: str) -> str:
    """Return where one classifier is trained that can use a GPU: networks ask PyTorch, trees XGBoost."""
    if CLASSIFIERS[name].takes != "crops" or device not in ("cuda", "auto"):
        return resolve_device(device)
    require_torch()
    from radiomics_screen.networks.devices import check_device

    try:
        check_device("cuda")
    except ModelError:
        if device == "cuda":
            raise
        return "cpu"
    return "cuda"
