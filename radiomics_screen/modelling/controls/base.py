"""What controls share: their verdicts, and what the images tell them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from radiomics_screen.modelling.assessment.json_values import plain
from radiomics_screen.modelling.statistics.delong import AucDifference

Verdict = Literal["passed", "unsure", "look", "not run"]


@dataclass(frozen=True)
class Control:
    """What a control found.

    Attributes
    ----------
    name, title
        For programs, and for people.
    verdict
        ``"passed"``; ``"look"``: the evidence is for something to look at; ``"unsure"``: it is for
        neither; or ``"not run"``: nothing could be judged.
    text
        What was found, what it means, and of a control that passed also what it does not mean.
    figures
        Plain JSON values behind it.
    """

    name: str
    title: str
    verdict: Verdict
    text: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return plain(vars(self))


@dataclass(frozen=True)
class ImageControlInputs:
    """What was found in the images, which are not looked at here.

    Attributes
    ----------
    altered
        By the name of the alteration (``"shuffle"``, ``"surroundings"``): a feature table of the same
        cases, with ``case_id``, measured on altered images or regions.
    crops
        By the name of the alteration (``"marks"``): a table with ``case_id`` and ``crop``, cut from altered
        images as the crops that are learned from.
    controls
        Controls that were judged on the images themselves.
    hindrance
        Why there is nothing; empty where there is.
    """

    altered: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    controls: Sequence[Control] = ()
    hindrance: str = ""
    crops: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def shown(auc: Mapping[str, Any]) -> str:
    """Return an AUC with its interval for people."""
    if auc["value"] is None:
        return "not defined"
    ends = "" if auc["low"] is None else f" ({auc['low']:.3f} to {auc['high']:.3f})"
    return f"{auc['value']:.3f}{ends}"


def signed(gain: AucDifference) -> str:
    """Return a difference with its sign and interval for people."""
    ends = "" if np.isnan(gain.low) else f" ({gain.low:+.3f} to {gain.high:+.3f})"
    return f"{gain.difference:+.3f}{ends}".replace("-", "\N{MINUS SIGN}")
