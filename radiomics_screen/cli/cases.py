"""``radiomics-screen cases``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from radiomics_screen.cli.verbosity import say, silent_for

_SILENT_S = 5


def cases(
    folder: Annotated[Path, typer.Argument(help="Folder with images and masks, at any depth.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="List of cases to write (.csv).")] = Path(
        "cases.csv"
    ),
    images: Annotated[
        str | None,
        typer.Option(help="Pattern of the images, such as 'images/{case}.png'; with --masks."),
    ] = None,
    masks: Annotated[
        str | None,
        typer.Option(help="Pattern of the masks, such as 'masks/{case}_mask*.png'; with --images."),
    ] = None,
    patient: Annotated[
        str | None,
        typer.Option(help="Pattern of the images that says where the patient is named: '{patient}/**'."),
    ] = None,
    montage: Annotated[
        Path | None,
        typer.Option(help="Page with thumbnails (.html); else beside the list, if there are doubts."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Read the masks; without, only names are looked at.")
    ] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the list that is there.")] = False,
) -> None:
    """Pair the images and masks of a folder, and write the list of cases that `extract` takes.

    Pairs are found by names, by folders (images/ and masks/, one folder a patient, nnU-Net, BIDS) and by the
    references of DICOM segmentations and structure sets. What cannot be paired is written to
    NAME.unpaired.csv, doubtful pairs are shown in NAME.doubts.html, and a preset is suggested.
    """
    from radiomics_screen.cohort.pairing.find import find_cases
    from radiomics_screen.cohort.pairing.listing import require_writable, write_cases
    from radiomics_screen.cohort.pairing.summary import summary_of
    from radiomics_screen.report.pairs_page import ShownPair, write_pairs_page

    def progress(done: int, total: int) -> None:
        if silent_for() > _SILENT_S:
            say(f"{done} of {total} masks looked at ...", err=True)

    page = montage or output.with_suffix(".doubts.html")
    require_writable(output, page, overwrite=overwrite)
    found = find_cases(folder, images=images, masks=masks, patient=patient, check=check, progress=progress)
    path, unpaired = write_cases(found, output, overwrite=overwrite)
    is_shown = bool(found.doubtful or montage)
    if is_shown:
        shown = [
            ShownPair(
                pair.case_id,
                pair.image.path,
                pair.mask.path,
                (str(pair.image.relative), str(pair.mask.relative)),
                pair.label,
                pair.doubts,
            )
            for pair in (*found.doubtful, *(pair for pair in found.pairs if not pair.doubts))
        ]
        write_pairs_page(shown, page)
    elif overwrite:  # the page of an earlier list, of which no doubt is left
        page.unlink(missing_ok=True)
    say(summary_of(found, path, unpaired, page if is_shown else None))
