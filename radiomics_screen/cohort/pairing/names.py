"""What the name of a file and of its folders say: image or mask, and of which case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from radiomics_screen.cohort.pairing.files import Entry

_MASK = (
    "mask masks seg segs segm segmentation segmentations segmented label labels labelmap roi rois gt "
    "groundtruth annotation annotations contour contours dseg probseg"
)
_IMAGE = "image images img imgs scan scans picture pictures original originals orig"
MASK_WORDS, IMAGE_WORDS = frozenset(_MASK.split()), frozenset(_IMAGE.split())
#: What else may be in the name of a folder that holds images or masks alone.
_FILLERS = frozenset(
    {
        "tr", "ts", "va", "train", "test", "val", "validation", "lesion", "lesions", "tumor", "tumors",
        "tumour", "tumours", "binary", "ground", "truth", "manual", "final", "all", "data", "files", "png",
        "nii", "nifti", "us", "ultrasound", "breast",
    }
)  # fmt: skip
_CHANNEL = re.compile(r"_\d{4}$")  # nnU-Net
_ENTITIES = re.compile(r"_(?:label|desc|space|res|den|seg|atlas)-[^_]+")  # BIDS, of derivatives
_JOINED = re.compile(r"^(images?|imgs?|masks?|labels?|segmentations?|annotations?)(tr|ts|va)$", re.IGNORECASE)


@dataclass(frozen=True)
class Name:
    """What names say about one file.

    Attributes
    ----------
    is_mask
        Whether it is a mask.
    context
        The folders it lies in, without those that only say what they hold.
    keys
        Names that it may share with its partner, the likeliest first.
    variant
        What tells this mask from others of its image: a number, a reader; "" where nothing does.
    """

    is_mask: bool
    context: tuple[str, ...]
    keys: tuple[str, ...]
    variant: str = ""


def names_of(entries: Iterable[Entry]) -> list[Name]:
    """Return what the names of all entries say."""
    entries = list(entries)
    roles = [_folder_role(entry.folders) for entry in entries]
    has_mask_folders = "mask" in roles
    return [_name(entry, role, has_mask_folders) for entry, role in zip(entries, roles, strict=True)]


def words_of(text: str) -> list[str]:
    """Return the words of a name in small letters; capitals inside a name begin a word of a role.

    >>> words_of("Case_01-leftMask.1")
    ['case', '01', 'left', 'mask', '1']
    """
    text = unicodedata.normalize("NFC", text)
    apart = re.sub(r"(?<=[a-z0-9])(?=Mask|Seg|Label|Roi|ROI|Image)", "_", text)
    return [word for word in re.split(r"[\s_.\-]+", apart.casefold()) if word]


def as_key(words: Iterable[str]) -> str:
    """Return words as one key."""
    return " ".join(words)


def _name(entry: Entry, folder_role: str, has_mask_folders: bool) -> Name:
    words = words_of(entry.stem)
    places = [n for n, word in enumerate(words) if _is_mask_word(word)]
    is_image_folder = folder_role == "image" and has_mask_folders
    is_mask = folder_role == "mask" or (bool(places) and not is_image_folder)
    context = tuple(part.casefold() for part in display_context(entry.folders))
    if not is_mask:
        return Name(False, context, _image_keys(entry.stem, words))
    keys, variant = _mask_keys(entry.stem, words, places)
    return Name(True, context, keys, variant)


def _is_mask_word(word: str) -> bool:
    return re.sub(r"\d+$", "", word) in MASK_WORDS


def _image_keys(stem: str, words: list[str]) -> tuple[str, ...]:
    keys = [as_key(words), as_key(word for word in words if word not in IMAGE_WORDS)]
    if _CHANNEL.search(stem):
        keys.append(as_key(words_of(_CHANNEL.sub("", stem))))
    return tuple(dict.fromkeys(keys))


def _mask_keys(stem: str, words: list[str], places: list[int]) -> tuple[tuple[str, ...], str]:
    """Return the keys of a mask, and what comes behind the word that says that it is one."""
    keys, variant = [as_key(words)], ""
    if places:
        last = places[-1]
        number = re.sub(r"^\D+", "", words[last])
        rest = [*([number] if number else []), *words[last + 1 :]]
        keys.append(as_key([*words[:last], *rest]))
        keys.append(as_key(word for word in (*words[:last], *rest) if word not in IMAGE_WORDS))
        keys.append(as_key(words[:last]))
        keys.append(as_key(word for word in words[:last] if word not in IMAGE_WORDS))
        variant = " ".join(rest)
        if stem.startswith("sub-"):
            bids = words_of(_ENTITIES.sub("", stem))
            keys.append(as_key(word for word in bids if not _is_mask_word(word)))
    return tuple(dict.fromkeys(keys)), variant


@lru_cache(maxsize=65536)
def _role_of_folder(name: str) -> str:
    """Return what a folder holds by its name: "image", "mask", or "" where that is not all it says."""
    joined = _JOINED.match(name)
    words = words_of(joined[1] if joined else name)
    plain_words = {re.sub(r"\d+$", "", word) for word in words} - {""}
    if plain_words & MASK_WORDS or {"ground", "truth"} <= plain_words:
        return "mask" if plain_words <= MASK_WORDS | IMAGE_WORDS | _FILLERS else ""
    return "image" if plain_words & IMAGE_WORDS and plain_words <= IMAGE_WORDS | _FILLERS else ""


def _folder_role(folders: tuple[str, ...]) -> str:
    return next((role for folder in reversed(folders) if (role := _role_of_folder(folder))), "")


def display_context(folders: tuple[str, ...]) -> list[str]:
    """Return the folders without those that say what they hold, and without BIDS' name of a pipeline."""
    kept: list[str] = []
    after_derivatives = False
    for folder in folders:
        if folder.casefold() == "derivatives":
            after_derivatives = True
        elif after_derivatives:
            after_derivatives = False
            if folder.startswith("sub-"):
                kept.append(folder)
        elif joined := _JOINED.match(folder):
            kept.append(joined[2])
        elif not _role_of_folder(folder):
            kept.append(folder)
    return kept
