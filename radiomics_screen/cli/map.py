"""``radiomics-screen map``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from radiomics_screen.cli.verbosity import say

if TYPE_CHECKING:
    from radiomics_screen.settings.settings import Settings


def map_features(
    image: Annotated[Path, typer.Argument(help="Image file, or folder with one DICOM series.")],
    mask: Annotated[Path, typer.Argument(help="Mask file that marks the lesion.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the maps.")],
    params: Annotated[
        Path | None, typer.Option("--params", "-p", help="Parameter file (YAML or JSON).")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Preset parameter file; `params --list` shows all.")
    ] = None,
    label: Annotated[
        int | None, typer.Option(help="Mask value of the lesion; not needed if the mask has only one.")
    ] = None,
    file_format: Annotated[
        Literal["nrrd", "nii.gz"], typer.Option("--format", help="Format of the maps.")
    ] = "nrrd",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the maps in the folder.")] = False,
    montage: Annotated[bool, typer.Option(help="Also write a page that shows all maps, maps.html.")] = True,
    time_limit: Annotated[
        float | None,
        typer.Option(
            help="Seconds that all maps may take; finished ones are kept.", show_default="any number"
        ),
    ] = None,
) -> None:
    """Compute feature maps of one lesion: each voxel is described by its neighbourhood.

    Writes IMAGETYPE_FAMILY_FEATURE.nrrd for every feature, and a page that shows them. The section
    voxelSetting of the parameter file sets the size of the neighbourhood. Finished maps are kept: after an
    interruption, run the same command again to resume.
    """
    from radiomics_screen.core.errors import ScreenError, SettingsError
    from radiomics_screen.core.remarks import add_remark
    from radiomics_screen.extraction.maps.limited import write_maps_within
    from radiomics_screen.settings.presets import preset_path
    from radiomics_screen.settings.settings import load_settings

    if params and preset:
        raise SettingsError("give --params or --preset, not both")
    settings = load_settings(preset_path(preset) if preset else params, for_maps=True)
    written = write_maps_within(
        time_limit,
        image,
        mask,
        settings,
        output=output,
        label=label,
        file_format=file_format,
        overwrite=overwrite,
        progress=_tell,
    )
    page: Path | None = None
    if montage:
        names = (*written.made, *written.kept)
        try:
            page = _write_page(output, names, file_format, image, mask, label, settings)
        except ScreenError as error:
            add_remark(f"the maps are written, but not the page that shows them: {error}")
    kept = f", {len(written.kept)} were there already" if written.kept else ""
    say(f"maps        {output}: {len(written.made)} made{kept}\nprovenance  {written.provenance}")
    if page:
        say(f"montage     {page}")


def _tell(group: str) -> None:
    say(f"{group} ...", err=True)


def _write_page(
    folder: Path,
    names: Sequence[str],
    file_format: str,
    image: Path,
    mask: Path,
    label: int | None,
    settings: Settings,
) -> Path:
    """Write the page with all maps."""
    from radiomics_screen.features.catalogue import describe_columns
    from radiomics_screen.report.map_montage import write_map_montage

    known = {name: describe_columns([name])["families"].values() for name in names}
    facts = {
        name: [fact for family in of for fact in family["features"].values()] for name, of in known.items()
    }
    units = {name: str(found[0].get("unit", "")) for name, found in facts.items() if found}
    return write_map_montage(
        folder,
        {name: folder / f"{name}.{file_format}" for name in sorted(names)},
        image,
        mask,
        label=label,
        label_channel=settings.setting.get("label_channel"),
        units=units,
    )
