"""A folder becomes a list of cases: images and masks paired, doubts told, nothing left out unnamed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from radiomics_screen.cohort.pairing.doubts import AT_BORDER, checked
from radiomics_screen.cohort.pairing.files import Found, files_of
from radiomics_screen.cohort.pairing.match import match_names
from radiomics_screen.cohort.pairing.pairs import Pair, Unpaired, named, with_other_masks_doubted
from radiomics_screen.cohort.pairing.patients import with_known_patients
from radiomics_screen.cohort.pairing.patterns import match_patterns, with_patients
from radiomics_screen.cohort.pairing.references import match_references
from radiomics_screen.cohort.pairing.suggestions import Suggestion, suggestions
from radiomics_screen.core.errors import CohortError, option_named
from radiomics_screen.core.plurals import counted


@dataclass(frozen=True)
class FoundCases:
    """What pairing found in a folder.

    Attributes
    ----------
    folder
        The folder.
    pairs
        Pairs of image and mask, by the path of the image, doubtful ones included.
    unpaired
        Images without mask, masks without image, and files that cannot be read; each with the reason.
    others
        How many files of which ending are no images.
    patients
        Where patients come from, or why they are not known.
    suggestions
        Ready parameter files that may suit, with the reason.
    is_checked
        Whether masks were read; otherwise only names speak.
    """

    folder: Path
    pairs: tuple[Pair, ...]
    unpaired: tuple[Unpaired, ...]
    others: Counter[str]
    patients: str
    suggestions: tuple[Suggestion, ...]
    is_checked: bool

    @property
    def doubtful(self) -> tuple[Pair, ...]:
        """Return the pairs that a person should look at, those that only touch the border last."""
        doubtful = [pair for pair in self.pairs if pair.doubts]
        return tuple(sorted(doubtful, key=lambda pair: pair.doubts == (AT_BORDER,)))


def find_cases(
    folder: str | Path,
    *,
    images: str | None = None,
    masks: str | None = None,
    patient: str | None = None,
    check: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> FoundCases:
    """Pair the images and masks of a folder.

    Parameters
    ----------
    folder
        Where to look, with all folders below it.
    images, masks
        Patterns of paths below the folder, both or none: ``*``, ``?``, ``**`` and placeholders such as
        ``{case}``. Image and mask belong together where all placeholders that both have are equal;
        ``{patient}`` names the patient, and any other one becomes a column. None: by names, folders and
        DICOM's references.
    patient
        Pattern of the images' paths with ``{patient}``, to say whose they are.
    check
        Read the masks, to tell empty ones, several labels and other sizes.
    progress
        Told how many pairs of how many were checked.

    Raises
    ------
    CohortError
        The folder cannot be used, a pattern is wrong, or nothing could be paired.
    """
    if (images is None) != (masks is None):
        raise CohortError(f"give {option_named('images')} and {option_named('masks')}, or none of both")
    folder = Path(folder)
    found = files_of(folder)
    pairs, unpaired = _paired(found, images, masks)
    if not pairs:
        raise CohortError(_nothing(folder, found, unpaired))
    if patient is not None:
        pairs = with_patients(pairs, patient)
    pairs, source = with_known_patients(pairs)
    pairs = with_other_masks_doubted(pairs)
    if check:
        total = len(pairs)
        pairs = checked(pairs, lambda done: progress(done, total))
    used = {pair.image.relative: pair.image for pair in pairs}
    unreadable = [Unpaired(relative, "unreadable", reason) for relative, reason in found.unreadable]
    return FoundCases(
        folder,
        tuple(named(pairs)),
        tuple(sorted([*unpaired, *unreadable], key=lambda one: (one.kind, one.relative.as_posix()))),
        found.others,
        source,
        tuple(suggestions(list(used.values()))),
        check,
    )


def _paired(found: Found, images: str | None, masks: str | None) -> tuple[list[Pair], list[Unpaired]]:
    if images is not None and masks is not None:
        every = [*found.entries, *(one.entry for one in found.drawn)]
        pairs, unpaired, rest = match_patterns(every, images, masks)
        found.others["images that fit neither pattern"] += len(rest)
        return pairs, unpaired
    by_reference, lost = match_references(found.entries, found.drawn)
    by_name, left = match_names(found.entries)
    referred = {pair.image.relative for pair in by_reference}
    left = [one for one in left if one.kind != "image" or one.relative not in referred]
    pairs = sorted(
        by_reference + by_name, key=lambda p: (p.image.relative.as_posix(), p.mask.relative.as_posix())
    )
    return pairs, left + lost


def _nothing(folder: Path, found: Found, unpaired: list[Unpaired]) -> str:
    if not found.entries and not found.drawn:
        return f"{folder}: holds no image in any format that can be read"
    kinds = Counter(one.kind for one in unpaired)
    masks_first = sorted(unpaired, key=lambda one: one.kind != "mask")
    examples = ", ".join(f"{one.relative} ({one.reason})" for one in masks_first[:2])
    counts = (
        f"{counted(kinds['image'], 'image')} without mask, {counted(kinds['mask'], 'mask')} without image"
    )
    return (
        f"{folder}: no image and mask could be paired: {counts}, such as {examples}; say how they are named "
        f"by {option_named('images')} and {option_named('masks')}, "
        "such as 'images/{case}.png' and 'masks/{case}_mask.png'"
    )
