"""Patterns of paths with placeholders: where the user says how images, masks and patients are named."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from radiomics_screen.cohort.pairing.files import Entry
from radiomics_screen.cohort.pairing.pairs import Pair, Unpaired, images_without_mask
from radiomics_screen.core.errors import CohortError, option_named

_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\{(\w*)\}|[^*?{]+|\{")
_OURS = ("image", "mask", "label", "label_channel", "pairing_doubt")


@dataclass(frozen=True)
class Pattern:
    """A glob whose placeholders (``{case}``) stand for a part of a path.

    >>> Pattern.of("images/{case}.png", "images").values("images/a-1.png")
    {'case': 'a-1'}
    """

    text: str
    placeholders: tuple[str, ...]
    expression: re.Pattern[str]

    @classmethod
    def of(cls, text: str, option: str) -> Pattern:
        """Return the pattern of a text.

        Raises
        ------
        CohortError
            A placeholder has no usable name.
        """
        parts, names = [], list[str]()
        for token in _TOKENS.finditer(text.replace("\\", "/").removeprefix("./")):
            piece, name = token[0], token[1]
            if name is not None or piece == "{":
                if not name or not name.isidentifier() or name in _OURS:
                    raise CohortError(
                        f"{option_named(option)} '{text}': a placeholder is a name in braces, such as "
                        f"{{case}} or {{patient}}, and none of {', '.join(_OURS)}"
                    )
                parts.append(f"(?P={name})" if name in names else f"(?P<{name}>[^/]+)")
                names += [] if name in names else [name]
            else:
                wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
                parts.append(wild.get(piece, re.escape(piece)))
        return cls(text, tuple(names), re.compile("".join(parts)))

    def values(self, path: str) -> dict[str, str] | None:
        """Return what the placeholders stand for in a path; None where it does not fit."""
        fitting = self.expression.fullmatch(path)
        return None if fitting is None else fitting.groupdict()


def match_patterns(
    entries: Sequence[Entry], images: str, masks: str
) -> tuple[list[Pair], list[Unpaired], list[Entry]]:
    """Pair by two patterns; what fits that of the masks is no image.

    Returns
    -------
    Pairs, what is left over of the files that fit a pattern, and the files that fit none.

    Raises
    ------
    CohortError
        The patterns share no placeholder, or nothing fits one of them.
    """
    of_images, of_masks = Pattern.of(images, "images"), Pattern.of(masks, "masks")
    shared = [name for name in of_images.placeholders if name in of_masks.placeholders]
    if not shared:
        raise CohortError(
            f"{option_named('images')} '{images}' and {option_named('masks')} '{masks}' share no "
            "placeholder; write {case} in both for what images and masks have in common"
        )
    partners: dict[tuple[str, ...], list[tuple[Entry, dict[str, str]]]] = defaultdict(list)
    of_mask, rest = list[tuple[Entry, dict[str, str]]](), list[Entry]()
    for entry in entries:
        path = entry.relative.as_posix()
        if (values := of_masks.values(path)) is not None:
            of_mask.append((entry, values))
        elif (values := of_images.values(path)) is not None:
            partners[tuple(values[name] for name in shared)].append((entry, values))
        else:
            rest.append(entry)
    for found, option, text in ((partners, "images", images), (of_mask, "masks", masks)):
        if not found:
            example = f"; a path is {entries[0].relative}" if entries else ""
            raise CohortError(f"no file fits {option_named(option)} '{text}'{example}")
    pairs, unpaired = [], []
    for mask, values in of_mask:
        fitting = partners.get(tuple(values[name] for name in shared), [])
        doubts = (f"the mask fits {len(fitting)} images",) if len(fitting) > 1 else ()
        pairs += [_pair(image, mask, {**values, **more}, values, doubts) for image, more in fitting]
        if not fitting:
            unpaired.append(Unpaired(mask.relative, "mask", "no image fits it"))
    every = [image for group in partners.values() for image, _ in group]
    return pairs, images_without_mask(every, pairs) + unpaired, rest


def _pair(
    image: Entry, mask: Entry, values: dict[str, str], of_mask: dict[str, str], doubts: tuple[str, ...]
) -> Pair:
    carried = {name: value for name, value in values.items() if name not in ("case", "patient")}
    variant = " ".join(value for name, value in of_mask.items() if name in carried)
    patient = values.get("patient", "")
    return Pair(image, mask, values.get("case", ""), variant, None, doubts, patient, carried)


def with_patients(pairs: Sequence[Pair], pattern: str) -> list[Pair]:
    """Return pairs with the patients that a pattern of the images' paths names.

    Raises
    ------
    CohortError
        The pattern has no ``{patient}``, or does not fit every image.
    """
    of_patients = Pattern.of(pattern, "patient")
    if "patient" not in of_patients.placeholders:
        raise CohortError(
            f"{option_named('patient')} '{pattern}': write {{patient}} where the patient is named"
        )
    known, unfit = [], list[str]()
    for pair in pairs:
        path = pair.image.relative.as_posix()
        values = of_patients.values(path)
        if values is None:
            unfit.append(path)
        else:
            known.append(replace(pair, patient_id=values["patient"]))
    if unfit:
        raise CohortError(
            f"{option_named('patient')} '{pattern}' does not fit {len(unfit)} of {len(pairs)} images, "
            f"such as {unfit[0]}; patients must be known of all images"
        )
    return known
