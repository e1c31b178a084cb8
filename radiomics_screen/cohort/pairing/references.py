"""Which image a DICOM segmentation or structure set was drawn on: by the UIDs that it names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from radiomics_screen.cohort.pairing.files import Drawn, Entry
from radiomics_screen.cohort.pairing.pairs import Pair, Unpaired


def match_references(images: Sequence[Entry], drawn: Sequence[Drawn]) -> tuple[list[Pair], list[Unpaired]]:
    """Return pairs, and the segmentations and structure sets whose images are not there."""
    by_series: dict[str, list[Entry]] = defaultdict(list)
    by_instance: dict[str, Entry] = {}
    for image in images:
        if image.series:
            by_series[image.series].append(image)
        by_instance.update(dict.fromkeys(image.instances, image))
    pairs, unpaired = [], []
    for one in drawn:
        found = {id(by_instance[uid]): by_instance[uid] for uid in one.instances if uid in by_instance}
        if not found:
            found = {id(image): image for uid in one.series for image in by_series.get(uid, [])}
        partners = sorted(found.values(), key=lambda image: image.relative.as_posix())
        doubts = (f"the {one.kind} refers to {len(partners)} images",) if len(partners) > 1 else ()
        pairs += [
            Pair(image, one.entry, variant=one.entry.stem if len(drawn) > 1 else "", doubts=doubts)
            for image in partners
        ]
        if not partners:
            unpaired.append(Unpaired(one.entry.relative, "mask", _reason(one)))
    return pairs, unpaired


def _reason(drawn: Drawn) -> str:
    if drawn.series:
        return f"the {drawn.kind} refers to series {min(drawn.series)}, which is not in the folder"
    if drawn.instances:
        return f"the {drawn.kind} refers to image {min(drawn.instances)}, which is not in the folder"
    return f"the {drawn.kind} names no series that it was drawn on"
