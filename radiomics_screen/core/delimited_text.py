"""Tables of text (.csv, .tsv, .txt) as programs write them: their encoding, separator and decimal sign."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.core.text_cells import with_point

_SEPARATORS = ",;\t|"
#: Lead bytes of the Chinese characters that are used most, in GB 2312 and its successors.
_COMMON_HANZI = range(0xB0, 0xD8)


class Dialect(NamedTuple):
    """How a table of text is written.

    Attributes
    ----------
    separator
        What stands between cells.
    is_declared
        Whether a first line of its own says so (``sep=;``), as Excel understands it.
    """

    separator: str
    is_declared: bool


def decoded(content: bytes, name: str) -> str:
    """Decode as UTF-8, or as UTF-16 by its mark, and else, with a remark, as what Windows writes in the West.

    Parameters
    ----------
    content
        The whole file.
    name
        What the remark calls it.

    Raises
    ------
    UnicodeError
        It is no text, or text in an encoding that has to be named.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    if b"\0" in content:
        raise UnicodeError("it is no text; give it the ending of what it is (.xlsx, .parquet)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if _is_chinese(content):
            raise UnicodeError(
                "it seems to be Chinese text in GBK (GB 18030), not in UTF-8; save it as CSV UTF-8"
            ) from None
        text = content.decode("cp1252")
        add_remark(
            f"{name} is not in UTF-8 and was read as Windows-1252 (Western European); save it as CSV UTF-8 "
            "if letters look wrong"
        )
        return text


def _is_chinese(content: bytes) -> bool:
    """Tell whether bytes beyond ASCII come in pairs that are mostly common Chinese characters."""
    runs = re.findall(rb"[\x80-\xff]+", content)
    if not runs or any(len(run) % 2 for run in runs):
        return False
    leads = [lead for run in runs for lead in run[::2]]
    return sum(lead in _COMMON_HANZI for lead in leads) > len(leads) / 2


def dialect_of(text: str) -> Dialect:
    """Return how a table is written, from its first lines."""
    head = text.partition("\n")[0]
    told = re.fullmatch(r"\s*\"?sep=(.)\"?\s*", head, re.IGNORECASE)
    if told:
        return Dialect(told.group(1), True)
    first = next((line for line in text.splitlines() if line.strip()), "")
    unquoted = re.sub(r'"[^"]*"', "", first)
    return Dialect(max(_SEPARATORS, key=unquoted.count), False)


def rows_of(text: str, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each line and its cells; decimal commas become points where semicolons separate.

    Raises
    ------
    csv.Error
        The text is no table.
    """
    body = text.partition("\n")[2] if dialect.is_declared else text
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=dialect.separator)
    line = 1 + dialect.is_declared
    for cells in reader:
        yield line, [with_point(c) for c in cells] if dialect.separator == ";" else cells
        line = 1 + dialect.is_declared + reader.line_num
