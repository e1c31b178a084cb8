"""What lies in a folder: image files, DICOM series and objects, and what is neither."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from radiomics_screen.core.errors import CohortError, ReadError
from radiomics_screen.imaging.reading.formats import looks_like_dicom

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm", ".pbm", ".ppm", ".pnm")
VOLUMES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".hdr")
_DATA = (".img", ".img.gz", ".raw", ".zraw", ".raw.gz")  # belong to a header beside them
#: Endings of files that are certainly no images, so that they need not be opened.
_OTHERS = frozenset(
    {
        ".csv", ".tsv", ".txt", ".md", ".rst", ".json", ".xml", ".yaml", ".yml", ".pdf", ".html", ".htm",
        ".xlsx", ".xls", ".doc", ".docx", ".py", ".ipynb", ".zip", ".gz", ".tar", ".7z", ".log", ".db",
        ".parquet", ".npz", ".npy", ".mat", ".svg", ".gif", ".bval", ".bvec", ".pkl", ".h5", ".ini", ".sh",
        ".lock", ".mp4", ".avi",
    }
)  # fmt: skip
_NEVER = frozenset({"thumbs.db", "desktop.ini", "dicomdir", "__macosx", "$recycle.bin", "@eadir"})
#: Modalities whose files are slices of a volume; those of the others are pictures of their own.
_SLICED = frozenset({"CT", "MR", "PT", "NM"})


@dataclass(frozen=True)
class Entry:
    """One image or mask: a file, or a folder with one DICOM series.

    Attributes
    ----------
    path
        Where it lies.
    relative
        Its path below the folder that was searched.
    stem
        Its name without ending.
    modality, patient_id, series, instances
        Of DICOM images: what the headers say; "" and empty for others.
    """

    path: Path
    relative: PurePosixPath
    stem: str
    modality: str = ""
    patient_id: str = ""
    series: str = ""
    instances: frozenset[str] = frozenset()

    @property
    def folders(self) -> tuple[str, ...]:
        """Return the folders that it lies in, below the folder that was searched."""
        return self.relative.parts[:-1]


@dataclass(frozen=True)
class Drawn:
    """A DICOM segmentation or structure set, and what it refers to."""

    entry: Entry
    kind: str
    series: frozenset[str]
    instances: frozenset[str]


@dataclass
class Found:
    """All that lies in a folder.

    Attributes
    ----------
    entries
        Images and masks, by path.
    drawn
        DICOM segmentations and structure sets.
    unreadable
        Files that look like images and cannot be used, with the reason.
    others
        How many files of which ending are no images.
    """

    entries: list[Entry] = field(default_factory=list)
    drawn: list[Drawn] = field(default_factory=list)
    unreadable: list[tuple[PurePosixPath, str]] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


def files_of(folder: Path) -> Found:
    """Look through a folder and all below it; hidden files and what systems leave behind are passed over.

    Raises
    ------
    CohortError
        It is no folder, or cannot be entered.
    """
    if not folder.is_dir():
        raise CohortError(f"{folder}: there is no such folder; name the folder of images and masks")
    found, dicom = Found(), defaultdict[PurePosixPath, list[Path]](list)
    for path in _walk(folder, found):
        relative = PurePosixPath(path.relative_to(folder).as_posix())
        ending = ending_of(path.name)
        if ending in (*PICTURES, *VOLUMES):
            found.entries.append(Entry(path, relative, path.name[: -len(ending)]))
        elif ending in _DATA or path.suffix.lower() in _OTHERS:
            found.others[path.suffix.lower()] += 1
        else:
            _dicom_or_other(path, relative, found, dicom)
    _add_dicom(folder, dicom, found)
    found.entries.sort(key=lambda entry: entry.relative.as_posix())
    return found


def ending_of(name: str) -> str:
    """Return the ending of an image file in lower case, ".nii.gz" as a whole; else its suffix."""
    lower = name.lower()
    whole = (".nii.gz", ".img.gz", ".raw.gz")
    return next((ending for ending in whole if lower.endswith(ending)), Path(lower).suffix)


def _walk(folder: Path, found: Found) -> Iterator[Path]:
    """Yield the files below a folder, through links; a folder that a link leads back to is entered once."""
    entered: set[tuple[int, int]] = set()

    def refused(error: OSError) -> None:
        place = Path(error.filename)
        if place == folder:
            raise CohortError(f"{folder}: cannot be entered ({error.strerror}); check its permissions")
        name = PurePosixPath(place.relative_to(folder).as_posix())
        found.unreadable.append((name, f"the folder cannot be entered ({error.strerror})"))

    for place, folders, names in os.walk(folder, followlinks=True, onerror=refused):
        known = os.stat(place)
        if (known.st_dev, known.st_ino) in entered:
            folders.clear()
            continue
        entered.add((known.st_dev, known.st_ino))
        folders[:] = sorted(name for name in folders if _is_wanted(name))
        yield from (Path(place, name) for name in sorted(names) if _is_wanted(name))


def _is_wanted(name: str) -> bool:
    return not name.startswith((".", "~$")) and name.lower() not in _NEVER


def _dicom_or_other(
    path: Path, relative: PurePosixPath, found: Found, dicom: defaultdict[PurePosixPath, list[Path]]
) -> None:
    try:
        if not path.exists():
            found.unreadable.append((relative, "the link leads nowhere"))
        elif path.is_file() and looks_like_dicom(path):
            dicom[relative.parent].append(path)
        elif path.suffix.lower() in (".dcm", ".ima", ".dicom"):
            found.unreadable.append((relative, "is named as a DICOM file and is none"))
        else:
            found.others[path.suffix.lower() or "no ending"] += 1
    except OSError as error:
        found.unreadable.append((relative, f"cannot be opened ({error.strerror or error})"))


def _add_dicom(folder: Path, dicom: defaultdict[PurePosixPath, list[Path]], found: Found) -> None:
    """Add the DICOM objects of each folder: series of slices as their folder, others as files."""
    if not dicom:
        return
    from radiomics_screen.imaging.reading.dicom.references import describe_object

    for parent, paths in dicom.items():
        slices: dict[str, list[Entry]] = defaultdict(list)
        for path in paths:
            relative = parent / path.name
            try:
                header = describe_object(path)
            except (ReadError, OSError) as error:
                found.unreadable.append((relative, str(error)))
                continue
            stem = re.sub(r"\.(dcm|ima|dicom)$", "", path.name, flags=re.IGNORECASE)
            entry = Entry(
                path, relative, stem, header.modality, header.patient_id, header.series,
                frozenset(filter(None, [header.instance])),
            )  # fmt: skip
            if header.drawn:
                on = header.drawn_on_series, header.drawn_on_instances
                found.drawn.append(Drawn(entry, header.drawn, *on))
            elif header.has_pixels:
                slices[header.series].append(entry)
            else:
                found.others[f"DICOM {header.modality or 'object'} without pixels"] += 1
        _add_series(folder, parent, slices, found)


def _add_series(folder: Path, parent: PurePosixPath, slices: dict[str, list[Entry]], found: Found) -> None:
    for entries in slices.values():
        first = entries[0]
        if len(entries) == 1 or first.modality not in _SLICED:
            found.entries.extend(entries)
        elif len(slices) > 1 or parent == PurePosixPath("."):
            why = (
                "its folder is searched" if len(slices) == 1 else f"one of {len(slices)} series in its folder"
            )
            series = f"series {first.modality} {first.series[-12:]} of {len(entries)} files"
            found.unreadable.append((parent, f"{series}: {why}; give each series a folder of its own"))
        else:
            instances = frozenset().union(*(entry.instances for entry in entries))
            found.entries.append(
                Entry(
                    folder / parent,
                    parent,
                    parent.name,
                    first.modality,
                    first.patient_id,
                    first.series,
                    instances,
                )
            )
