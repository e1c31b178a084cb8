"""``radiomics-screen features``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from radiomics_screen.cli.verbosity import echo


def features(
    families: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FAMILY", help="Families to show with definitions; without any, all are listed."
        ),
    ] = None,
    form: Annotated[
        Literal["text", "json", "markdown"], typer.Option("--format", help="Output format.")
    ] = "text",
    images: Annotated[bool, typer.Option("--images", help="Show image types instead of families.")] = False,
) -> None:
    """List the features: name, IBSI code, unit and definition."""
    import json

    from radiomics_screen.features.catalogue.images import listed_images
    from radiomics_screen.features.catalogue.listing import Listing, listed_families
    from radiomics_screen.features.catalogue.pages import as_markdown, as_text
    from radiomics_screen.filters import FILTERS

    listing: Listing = {}
    if families or not images:
        listing |= listed_families(families or ())
    if images or not families:
        listing["image_types"] = listed_images(FILTERS.items())
    if form == "json":
        echo(json.dumps(listing, indent=2))
    elif form == "markdown":
        echo(as_markdown(listing), nl=False)
    else:
        echo(as_text(listing, definitions=bool(families)), nl=False)
