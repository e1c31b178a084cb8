"""Alterations one after the other, by name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
from pydantic import TypeAdapter, ValidationError

from radiomics_screen.core.errors import SettingsError, did_you_mean
from radiomics_screen.core.options import options_of
from radiomics_screen.imaging.roi import Roi
from radiomics_screen.perturbation.registry import ALTERATIONS, Altered

#: An alteration by name, with the options that are not left at their defaults.
Step = tuple[str, Mapping[str, Any]]

_NAME = re.compile(r"(?P<steps>\w+(?:\+\w+)*)(?: +\d+)?")


@dataclass(frozen=True)
class Chain:
    """Alterations that are done one after the other.

    Attributes
    ----------
    name
        What it is called in a table. Chance depends on it: chains that differ in nothing but the
        number at its end are repetitions of one another.
    steps
        The alterations with their options, in their order; none leaves everything as it is.

    Raises
    ------
    SettingsError
        There is no such alteration, it has no such option, or the option cannot have this value.
    """

    name: str
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        for alteration, options in self.steps:
            _check(alteration, options)

    def apply(self, image: sitk.Image, roi: Roi, *, seed: int, case_id: str) -> Altered:
        """Alter an image and the region on its grid; the same seed and case give the same result."""
        random = generator(seed, case_id, self.name)
        for alteration, options in self.steps:
            image, roi = ALTERATIONS[alteration](image, roi, random, **options)
        return image, roi

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return every alteration with all of its options, as plain values."""
        return {
            f"{place}. {alteration}": {o.name: o.default for o in _known(alteration)} | dict(options)
            for place, (alteration, options) in enumerate(self.steps, start=1)
        }


def chain_of(given: str | Chain) -> Chain:
    """Return the chain that a text names: "noise+rotate 3" is the third repetition of noise, then rotate.

    All options have their defaults; "" alters nothing.

    Raises
    ------
    SettingsError
        The text is no such name, or names an alteration that there is not.
    """
    if isinstance(given, Chain):
        return given
    if not given:
        return Chain("")
    if not (found := _NAME.fullmatch(given)):
        raise SettingsError(
            f"'{given}' is no chain of alterations; write their names with + between them, and a number "
            "after a blank to tell repetitions apart: 'noise+rotate 3'"
        )
    return Chain(given, tuple((name, {}) for name in found["steps"].split("+")))


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return a random generator that depends on a seed and on names, and on nothing else."""
    digest = hashlib.blake2b(repr((int(seed), *names)).encode(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def _known(alteration: str) -> list[Any]:
    return list(options_of(ALTERATIONS[alteration]).values())


def _check(alteration: str, options: Mapping[str, Any]) -> None:
    known = options_of(ALTERATIONS[alteration])
    for name, value in options.items():
        if name not in known:
            hint = did_you_mean(name, known) if known else "; it has none"
            raise SettingsError(f"unknown option '{name}' of alteration '{alteration}'{hint}")
        try:
            TypeAdapter(known[name].type).validate_python(value, strict=True)
        except ValidationError as fault:
            raise SettingsError(
                f"alteration {alteration}: {name} is {value!r}; {fault.errors()[0]['msg']}"
            ) from None
