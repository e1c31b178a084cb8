"""Which mask belongs to which image, by their names.

A mask is looked for among the images of its own folder first, then of folders above, below and beside it.
Every look-up is in an index, so that the time grows with the number of files, not with its square.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from radiomics_screen.cohort.pairing.files import Entry
from radiomics_screen.cohort.pairing.names import Name, names_of, words_of
from radiomics_screen.cohort.pairing.pairs import MOST_FITTING, Pair, Unpaired, images_without_mask

Context = tuple[str, ...]


@dataclass
class _Index:
    """The places of images by what may be asked for; a list says no more than that there are too many."""

    exact: dict[tuple[Context, str], list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    below: dict[tuple[Context, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    anywhere: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    begins: dict[tuple[Context, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    of_folder: dict[Context, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, place: int, name: Name) -> None:
        _append(self.of_folder[name.context], place)
        for rank, key in enumerate(name.keys):
            self.exact[name.context, key].append((rank, place))
            for depth in range(len(name.context)):
                _append(self.below[name.context[:depth], key], place)
            _append(self.anywhere[key], place)
            words = key.split(" ") if key else []
            for count in range(len(words)):
                _append(self.begins[name.context, " ".join(words[:count])], place)


def _append(places: list[int], place: int) -> None:
    if len(places) <= MOST_FITTING and place not in places:
        places.append(place)


def match_names(entries: Sequence[Entry]) -> tuple[list[Pair], list[Unpaired]]:
    """Return pairs of images and masks, and what is left over with the reason."""
    names = names_of(entries)
    index = _Index()
    for place, name in enumerate(names):
        if not name.is_mask:
            index.add(place, name)
    masks = [place for place, name in enumerate(names) if name.is_mask]
    pairs: list[Pair] = []
    left: list[int] = []
    taken: set[int] = set()
    for place in masks:
        if found := _exactly(index, names[place]):
            places, also = found
            taken.update(places)
            pairs += _pairs(entries, names, place, places, _also(entries, also))
        else:
            left.append(place)
    unpaired: list[Unpaired] = []
    for place in left:
        places, reason = _loosely(index, names, place, taken, entries)
        if places:
            pairs += _pairs(entries, names, place, places, [reason] if reason else [])
        else:
            unpaired.append(Unpaired(entries[place].relative, "mask", reason))
    images = [entry for entry, name in zip(entries, names, strict=True) if not name.is_mask]
    pairs.sort(key=lambda pair: (pair.image.relative.as_posix(), pair.mask.relative.as_posix()))
    return pairs, images_without_mask(images, pairs) + unpaired


def _pairs(
    entries: Sequence[Entry], names: Sequence[Name], mask: int, images: Sequence[int], doubts: Iterable[str]
) -> list[Pair]:
    doubts = list(doubts)
    if len(images) > 1 and not all(_is_channel(entries[place]) for place in images):
        doubts.append(f"the mask fits {len(images)} images")
    variant = names[mask].variant
    return [Pair(entries[n], entries[mask], variant=variant, doubts=tuple(doubts)) for n in images]


def _is_channel(entry: Entry) -> bool:
    """Tell whether an image is a channel of a case, as nnU-Net names them."""
    return entry.stem[-5:-4] == "_" and entry.stem[-4:].isdigit()


def _also(entries: Sequence[Entry], places: Sequence[int]) -> list[str]:
    return [f"the mask's name also fits {entries[places[0]].relative}"] if places else []


def _exactly(index: _Index, name: Name) -> tuple[list[int], list[int]] | None:
    """Return the images of the same folder and key, and others that a less likely key would fit."""
    for n, key in enumerate(name.keys):
        if found := index.exact.get((name.context, key)):
            least = min(rank for rank, _ in found)
            chosen = [place for rank, place in found if rank == least][: MOST_FITTING + 1]
            others = [
                place
                for later in name.keys[n + 1 :]
                if later
                for _, place in index.exact.get((name.context, later), [])
                if place not in chosen
            ]
            return chosen, others
    return None


def _loosely(
    index: _Index, names: Sequence[Name], mask: int, taken: set[int], entries: Sequence[Entry]
) -> tuple[list[int], str]:
    """Return images that fit less exactly, and the doubt; without images, why there are none."""
    refused = ""
    for places, doubt in _candidates(index, names, mask):
        free = [place for place in places if place not in taken]
        if not free:
            refused = refused or f"{entries[places[0]].relative} would fit, but has a mask of its own"
        elif len(places) > MOST_FITTING:
            refused = (
                refused or f"more than {MOST_FITTING} images fit it, such as {entries[places[0]].relative}"
            )
        else:
            return free, doubt
    return [], refused or "no image fits it"


def _candidates(index: _Index, names: Sequence[Name], mask: int) -> Iterator[tuple[list[int], str]]:
    """Yield images by ever looser rules, with the doubt that the rule leaves."""
    name = names[mask]
    for key in name.keys:
        nested = list(index.below.get((name.context, key), []))
        for depth in range(len(name.context)):
            nested += [place for _, place in index.exact.get((name.context[:depth], key), [])]
        if nested and (key or name.context):
            yield nested[: MOST_FITTING + 1], ""
    for key in filter(None, name.keys):
        everywhere = index.anywhere.get(key, [])
        beside = [place for place in everywhere if _is_within(names[place].context, name.context)]
        if beside:
            yield beside, ""
    for key in name.keys:
        if (longer := index.begins.get((name.context, key))) and (key or name.context):
            yield longer, "" if key.startswith("sub ") else "the names fit only in part"
        if shorter := _shorter(index, name.context, key):
            yield shorter, "the names fit only in part"
    if name.context and len(alone := index.of_folder.get(name.context, [])) == 1:
        yield alone, "paired as the only image of its folder; the names do not fit"
    for key in filter(None, name.keys):
        if far := index.anywhere.get(key):
            yield far, "same name, but in a folder of another name"


def _is_within(one: Context, other: Context) -> bool:
    """Tell whether all folders of one file are among those of the other."""
    return set(one) <= set(other) or set(other) <= set(one)


def _shorter(index: _Index, context: Context, key: str) -> list[int]:
    """Return images whose whole name begins that of the mask; the rest of it must be no number."""
    words = words_of(key)
    for count in range(len(words) - 1, 0, -1):
        is_other_number = any(word.isdigit() for word in words[count:])
        if not is_other_number and (found := index.exact.get((context, " ".join(words[:count])))):
            return [place for _, place in found][: MOST_FITTING + 1]
    return []
