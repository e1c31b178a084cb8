"""Whose images they are: only where DICOM headers, BIDS names or folders named after patients say so.

A wrong guess would put one patient into training and test. Where it cannot be known, no column is written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from radiomics_screen.cohort.pairing.files import Entry
from radiomics_screen.cohort.pairing.names import display_context
from radiomics_screen.cohort.pairing.pairs import Pair

_FOLDER = re.compile(r"(?:patient|pat|pt|subject|subj|participant)s?[\s_.\-]?\w*\d\w*", re.IGNORECASE)
_BIDS = re.compile(r"sub-([A-Za-z0-9]+)(?=[_/]|$)")


def with_known_patients(pairs: Sequence[Pair]) -> tuple[list[Pair], str]:
    """Return pairs with their patients, and where these come from, or why there are none."""
    if not pairs:
        return [], ""
    if all(pair.patient_id for pair in pairs):
        return list(pairs), _told(pairs, "the pattern")
    for source, found in _SOURCES.items():
        patients = [found(pair.image) for pair in pairs]
        if all(patients):
            known = [replace(pair, patient_id=name) for pair, name in zip(pairs, patients, strict=True)]
            return known, _told(known, source)
    return [replace(pair, patient_id="") for pair in pairs], (
        "not known, so there is no column patient_id; if the paths name them, say where: "
        f"--patient '{_example(pairs[0].image)}' (in Python patient=...)"
    )


def _told(pairs: Sequence[Pair], source: str) -> str:
    """Return how many patients there are, and how they are known."""
    return f"{len({pair.patient_id for pair in pairs})}, from {source}"


def _example(image: Entry) -> str:
    """Return a pattern to begin with: the first folder, or the beginning of the name."""
    if display_context(image.folders)[:1] == list(image.folders[:1]) != []:
        return "{patient}/**"
    return "/".join((*image.folders, "{patient}_*"))


def _of_header(image: Entry) -> str:
    return image.patient_id


def _of_bids(image: Entry) -> str:
    found = _BIDS.search(image.relative.as_posix())
    return found[1] if found else ""


def _of_folder(image: Entry) -> str:
    folders = image.relative.parts if image.path.is_dir() else image.folders
    return next((folder for folder in folders if _FOLDER.fullmatch(folder)), "")


_SOURCES = {
    "the DICOM headers (PatientID)": _of_header,
    "BIDS names (sub-...)": _of_bids,
    "the folders named after patients": _of_folder,
}
