"""The templates of all pages: whatever is put into them is text, never HTML."""

from __future__ import annotations

from typing import Any


def filled(template: str, **content: Any) -> str:
    """Return a template with its content; what is missing there is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("radiomics_screen.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template(template).render(**content)
