"""What `fit` needs where networks are trained: options by name, progress, trainings that are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiomics_screen.modelling.classifiers.shared.watch import Watch


def nested(given: Sequence[str], option: str) -> dict[str, Any]:
    """Return values by name, of texts such as ``epochs=20`` and ``stack.pull=2``; values are read as YAML.

    Raises
    ------
    ModelError
        If a text has no name or no value, a name is given twice, or a value cannot be read.
    """
    import yaml

    from radiomics_screen.core.errors import ModelError

    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        path = [part.strip() for part in name.split(".")]
        if not equals or not all(path):
            raise ModelError(f"{option} {text!r} is not of the form name=value")
        place = found
        for part in path[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise ModelError(f"{option} {text!r}: '{part}' has a value of its own")
        if path[-1] in place:
            raise ModelError(f"{option} {name.strip()} is given twice")
        try:
            place[path[-1]] = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError):  # ValueError: such as a 13th month
            raise ModelError(f"{option} {text!r}: {value!r} is no value") from None
    return found


def watching_networks(line: Callable[[str], None]) -> Watch:
    """Return what prints a line for each round of a training."""
    from radiomics_screen.modelling.classifiers.shared.watch import Watch

    def tell(place: str, network: int, epoch: Any) -> None:
        line(
            f"{place}, network {network}, round {epoch.number} of {epoch.of}: loss {epoch.train_loss:.3f}, "
            f"on patients held back {epoch.inner_loss:.3f}, AUC {epoch.inner_auc:.3f}"
        )

    return Watch(tell=tell)


def forget_unfinished(checkpoints: Path) -> None:
    """Remove what was kept for a fit that has ended; a folder with other files stays."""
    from radiomics_screen.modelling.training.finished_work import forget_finished

    for pattern in ("*.training", "*.training.*.partial"):  # partial: cut off while it was written
        for file in checkpoints.glob(pattern):
            file.unlink(missing_ok=True)
    forget_finished(checkpoints)
