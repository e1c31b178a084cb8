"""What pairing comes to: pairs, and files that are left over."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from radiomics_screen.cohort.pairing.files import Entry
from radiomics_screen.cohort.pairing.names import IMAGE_WORDS, display_context

MOST_FITTING = 8  # images that one mask may be paired with


@dataclass(frozen=True)
class Pair:
    """An image and a mask.

    Attributes
    ----------
    image, mask
        What was paired.
    case_id
        Unique name, made from the image's path.
    variant
        What tells the mask from others of the image.
    label
        Mask value of the lesion; None where the mask has one, or was not looked into.
    doubts
        Why a person should look at the pair; empty where nothing speaks against it.
    patient_id
        Whose it is; "" where that is not known.
    carried
        Columns of the list that the user's pattern names.
    """

    image: Entry
    mask: Entry
    case_id: str = ""
    variant: str = ""
    label: int | None = None
    doubts: tuple[str, ...] = ()
    patient_id: str = ""
    carried: Mapping[str, str] = field(default_factory=dict)

    def doubted(self, *reasons: str) -> Pair:
        """Return the pair with further doubts."""
        return replace(self, doubts=tuple(dict.fromkeys((*self.doubts, *reasons))))


@dataclass(frozen=True)
class Unpaired:
    """A file that is in no pair.

    Attributes
    ----------
    relative
        Its path below the folder that was searched.
    kind
        "image", "mask" or "unreadable".
    reason
        Why.
    """

    relative: PurePosixPath
    kind: str
    reason: str


def images_without_mask(images: Sequence[Entry], pairs: Sequence[Pair]) -> list[Unpaired]:
    """Return the images that are in no pair."""
    paired = {pair.image.relative for pair in pairs}
    return [
        Unpaired(image.relative, "image", "no mask fits it")
        for image in images
        if image.relative not in paired
    ]


def with_other_masks_doubted(pairs: Sequence[Pair]) -> list[Pair]:
    """Doubt pairs whose image has another mask that nothing tells from theirs."""
    same: dict[tuple[PurePosixPath, str], list[Pair]] = {}
    for pair in pairs:
        same.setdefault((pair.image.relative, pair.variant), []).append(pair)
    doubted = []
    for pair in pairs:
        others = [p.mask.relative for p in same[pair.image.relative, pair.variant] if p is not pair]
        reasons = [f"the image has another mask, {others[0]}"] if others else []
        doubted.append(pair.doubted(*reasons))
    return doubted


def named(pairs: Sequence[Pair]) -> list[Pair]:
    """Give each pair a unique name: the image's, with what tells its mask and label from others."""
    steps = (_of_image, _with_variant, _with_label, _of_files)
    names = [""] * len(pairs)
    for n, step in enumerate(steps):
        counts = Counter(step(pair) for pair in pairs)
        for place, pair in enumerate(pairs):
            if not names[place] and (counts[step(pair)] == 1 or n == len(steps) - 1):
                names[place] = step(pair)
    repeated = {name for name, count in Counter(names).items() if count > 1}
    return [
        replace(pair, case_id=_of_files(pair) if name in repeated else name)
        for pair, name in zip(pairs, names, strict=True)
    ]


def _of_image(pair: Pair) -> str:
    return pair.case_id or image_name(pair.image)


def _with_variant(pair: Pair) -> str:
    return "_".join(filter(None, [_of_image(pair), pair.variant.replace(" ", "_")]))


def _with_label(pair: Pair) -> str:
    return _with_variant(pair) + ("" if pair.label is None else f"_label{pair.label}")


def _of_files(pair: Pair) -> str:
    return f"{pair.image.relative}|{pair.mask.relative}" + ("" if pair.label is None else f"|{pair.label}")


def image_name(image: Entry) -> str:
    """Return the path of an image without the parts that only say that it is one.

    The folders stay, so that a case keeps its name when others come.
    """
    words = "|".join(sorted(IMAGE_WORDS, key=len, reverse=True))
    bare = re.sub(rf"^(?:{words})[\s_.\-]+|[\s_.\-]+(?:{words})$|^(?:{words})$", "", image.stem, flags=re.I)
    return "/".join((*display_context(image.folders), *([bare] if bare else []))) or image.stem
