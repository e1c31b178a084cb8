"""The options of `fit`, written where people read them: signature, docstring, and the page on modelling.

    python -m benchmarks.fit_options             # which of them are out of date
    python -m benchmarks.fit_options --write     # bring them up to date

Each option is a field of a group in ``radiomics_screen/modelling/options/groups.py``, the only source.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import textwrap
from pathlib import Path

from radiomics_screen.modelling.options.option import Option, options_in
from radiomics_screen.modelling.options.request import GROUPS, all_options

REPOSITORY = Path(__file__).parents[1]
FITTING = REPOSITORY / "radiomics_screen" / "modelling" / "fitting.py"
PAGE = REPOSITORY / "docs" / "explanation" / "modelling.md"
_WIDTH = 110
_BEGIN, _END = "<!-- options of fit: python -m benchmarks.fit_options --write -->", "<!-- end of options -->"


def signature_lines() -> str:
    """Return the options as keyword-only parameters."""
    return "\n".join(f"    {_parameter(one)}" for one in all_options().values())


def _parameter(one: Option) -> str:
    if one.default is dataclasses.MISSING:
        return f"{one.name}: {one.type},"
    default = f'"{one.default}"' if isinstance(one.default, str) else repr(one.default)
    return f"{one.name}: {one.type} = {default},"


def docstring_lines() -> str:
    """Return the options as entries of a numpydoc section."""
    return "\n".join(_entry(one) for one in all_options().values())


def _entry(one: Option) -> str:
    unset = f" Default: {one.info.unset}." if one.info.unset else ""
    text = one.help("docstring") + unset
    return f"    {one.name}\n{textwrap.fill(text, _WIDTH, initial_indent=' ' * 8, subsequent_indent=' ' * 8)}"


def options_table() -> str:
    """Return the tables of all options, one a group, as Markdown."""
    parts = []
    for group, kind in GROUPS.items():
        rows = [
            f"| `{one.name}` | `{one.flag}` | {one.default_text} | {one.help('docstring')} |"
            for one in options_in(kind).values()
        ]
        about = (kind.__doc__ or "").partition("\n")[0]
        head = ["| in Python | command line | default | |", "|---|---|---|---|"]
        parts.append("\n".join([f"**{group.capitalize()}.** {about}", "", *head, *rows]))
    return "\n\n".join(parts)


def updated_fitting(text: str) -> str:
    """Return the text of fitting.py with its options as they are."""
    text = re.sub(
        r"(    # options\n).*?(    # end of options\n)",
        lambda found: f"{found[1]}{signature_lines()}\n{found[2]}",
        text,
        flags=re.S,
    )
    return re.sub(
        r"(    table\n        A feature table[^\n]*\n).*?(    design, preparation)",
        lambda found: f"{found[1]}{docstring_lines()}\n{found[2]}",
        text,
        flags=re.S,
    )


def updated_page(text: str) -> str:
    """Return the text of docs/explanation/modelling.md with its options as they are."""
    return re.sub(
        f"{re.escape(_BEGIN)}.*?{re.escape(_END)}",
        lambda _: f"{_BEGIN}\n\n{options_table()}\n\n{_END}",
        text,
        flags=re.S,
    )


def outdated(*, write: bool = False) -> list[str]:
    """Return the files that do not list the options as they are, and write them anew if asked."""
    found = []
    for path, update in ((FITTING, updated_fitting), (PAGE, updated_page)):
        before = path.read_text(encoding="utf-8")
        after = update(before)
        if after != before:
            found.append(str(path.relative_to(REPOSITORY)))
            if write:
                path.write_text(after, encoding="utf-8")
    return found


def main() -> None:
    """Show or write what is out of date."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    for path in outdated(write=write):
        print(f"{'written' if write else 'out of date'}: {path}")


if __name__ == "__main__":
    main()
