"""The catalogue as text for a terminal, and as a page of documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Any

from radiomics_screen.features.catalogue.listing import Listing

WIDTH = 100
HINT = "Name a family for its definitions, or ask for --format json."
HEAD = """\
# Features

Made by `radiomics-screen features --format markdown`. What stands here is also in the provenance of every
table, for its columns, and `--format json` gives all of it to programs.

A column is named `IMAGE_FAMILY_FEATURE`; families that come in several aggregations add `_SUFFIX`. Codes are
those of the Image Biomarker Standardisation Initiative (IBSI). Where a feature of pyradiomics bears one, its
definition is the IBSI's but for what its note says. The unit "intensity" is that of the image. Definitions
are written to be programmed from: `sum_ij` runs over all i and j, `x^2` is a power, `|x|` an absolute value.
The region is the mask after resegmentation; grey levels are counted from 1.
"""
CONVENTIONS = {
    "pyradiomics": "pyradiomics' families",
    "bi-rads": "Families in the words of BI-RADS",
    "ibsi": "The IBSI's families",
    "image": "Families that describe the picture",
}


def as_text(listing: Listing, *, definitions: bool) -> str:
    """Return the listing as lines of at most WIDTH characters, with or without definitions."""
    blocks = [_family_text(family, definitions) for family in listing.get("families", ())]
    if aggregations := listing.get("aggregations"):
        rows = [(f"_{a['suffix']}", a["code"], a["definition"]) for a in aggregations]
        blocks.append(["columns of aggregated families end in", *_rows(rows)])
    if images := listing.get("image_types"):
        rows = [(i["name"], i["code"] or "-", i["summary"]) for i in images]
        blocks.append(["image types", *_rows(rows)])
    if listing.get("families") and not definitions:
        blocks.append([HINT])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _family_text(family: dict[str, Any], definitions: bool) -> list[str]:
    lines = _wrapped(_heading(family), indent="")
    if definitions:
        for text in (family["about"] or family["summary"], _noted(family)):
            lines += _wrapped(text)
        lines.append("")
    features = family["features"]
    rows = [(f["name"], f["code"] or "-", f["unit"] or "-", _title(f)) for f in features]
    for feature, row in zip(features, _blocks(rows), strict=True):
        lines += row
        if definitions:
            for text in (feature["definition"], _noted(feature)):
                lines += _wrapped(text, indent="      ")
    return lines


def _heading(family: dict[str, Any]) -> str:
    heading = family["title"] or family["summary"]
    code = f"IBSI {family['code']}; " if family["code"] else ""
    return f"{family['name']}: {heading} ({code}conventions: {family['conventions']})"


def _title(feature: dict[str, Any]) -> str:
    return " ".join(filter(None, (feature["title"], "(on request)" if feature["on_request"] else "")))


def _noted(entry: dict[str, Any]) -> str:
    return f"Note: {entry['note']}" if entry["note"] else ""


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False)


def _rows(rows: Sequence[tuple[str, ...]]) -> list[str]:
    return [line for block in _blocks(rows) for line in block]


def _blocks(rows: Sequence[tuple[str, ...]]) -> Iterator[list[str]]:
    """Yield the lines of each row: columns, of which the last is wrapped."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]) - 1)]
    indent = " " * (2 + sum(widths) + 2 * len(widths))
    for *cells, text in rows:
        start = "  " + "".join(f"{c.ljust(w)}  " for c, w in zip(cells, widths, strict=True))
        yield [
            line.rstrip() for line in wrap(text, WIDTH, initial_indent=start, subsequent_indent=indent)
        ] or [start.rstrip()]


def as_markdown(listing: Listing) -> str:
    """Return the listing as a page of documentation."""
    blocks = [HEAD]
    conventions = None
    for family in listing.get("families", ()):
        if family["conventions"] != conventions:
            conventions = family["conventions"]
            blocks.append(f"## {CONVENTIONS.get(conventions, conventions)}\n")
        blocks.append(_family_markdown(family))
    if aggregations := listing.get("aggregations"):
        rows = [(f"`_{a['suffix']}`", a["code"], a["definition"]) for a in aggregations]
        blocks += ["## Aggregations\n", _table(("suffix", "code", "matrices and values"), rows)]
    if images := listing.get("image_types"):
        named = [(f"`{i['name']}`", i["title"], i["code"], i["summary"]) for i in images]
        blocks += ["## Image types\n", _table(("image type", "name", "code", "what it gives"), named)]
    return "\n".join(blocks)


def _family_markdown(family: dict[str, Any]) -> str:
    code = f" ({family['code']})" if family["code"] else ""
    parts = [f"### `{family['name']}`: {family['title'] or family['summary']}{code}\n"]
    parts += [f"{text}\n" for text in (family["about"] or family["summary"], family["note"]) if text]
    if family["aggregations"]:
        parts.append(f"Suffixes: {', '.join(f'`_{s}`' for s in family['aggregations'])}.\n")
    keys = ["code", "unit", "definition"] + ["note"] * any(f["note"] for f in family["features"])
    rows = [[f"`{f['name']}`", _title(f), *(f[key] for key in keys)] for f in family["features"]]
    parts.append(_table(["feature", "name", *keys], rows))
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
