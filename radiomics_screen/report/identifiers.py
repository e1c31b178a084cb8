"""What names people in a table, and whether a file still holds it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from radiomics_screen.modelling.data.values import texts_of

#: Columns of a table whose values name a case, a patient or a file of theirs.
NAMING = ("case_id", "patient_id", "image", "mask")
#: Characters, from which on a text is looked for wherever it stands; more where none of them is a letter.
_SHORTEST, _SHORTEST_NUMBER = 4, 6
_EMBEDDED = re.compile(rb"base64,([A-Za-z0-9+/=]+)")


@dataclass(frozen=True)
class Identifiers:
    """Texts that name people.

    Attributes
    ----------
    telling
        Those that are looked for wherever they stand: of four characters or more with a letter among them,
        or of six or more.
    short
        The others, such as ``12``, which stand in any text by chance. They are taken out where identifiers
        stand, and cannot be looked for elsewhere.
    shared
        Those that the model itself has to say, since a column or an outcome is called so.
    """

    telling: frozenset[str]
    short: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Iterable[str], needed: Iterable[str] = ()) -> Identifiers:
        """Sort texts; those that are `needed` by the model are not looked for."""
        known = {text.strip() for text in texts} - {""}
        shared = known & set(needed)
        telling = {text for text in known - shared if _is_telling(text)}
        return cls(frozenset(telling), frozenset(known - shared - telling), frozenset(shared))

    def masked(self, text: str, *, short: bool = False) -> str:
        """Return a text with an ellipsis for each identifier; for the short ones too where asked for."""
        wanted = [*self.telling, *(self.short if short else ())]
        for one in sorted((name for name in wanted if name in text), key=len, reverse=True):
            text = _whole(one).sub("…", text)
        return text

    def in_text(self, text: str) -> Iterator[str]:
        """Yield the telling identifiers in a text, in whatever way JSON, HTML or a URL write them."""
        for one in self.telling:
            if any(form in text and _whole(form).search(text) for form in _forms(one)):
                yield one

    def in_folder(self, folder: Path) -> Iterator[tuple[Path, str]]:
        """Yield the files that hold a telling identifier, by name or content, each with it."""
        for path in sorted(folder.rglob("*")):
            texts = [path.relative_to(folder).as_posix()]
            if path.is_file():
                content = path.read_bytes()
                texts += [part.decode("utf-8", "replace") for part in (content, *_embedded(content))]
            for text in texts:
                yield from ((path, one) for one in self.in_text(text))


def _is_telling(text: str) -> bool:
    letters = re.search(r"[^\W\d_]", text)
    return len(text) >= (_SHORTEST if letters else _SHORTEST_NUMBER)


def named_in(table: pd.DataFrame, columns: Iterable[str] = ()) -> set[str]:
    """Return the texts of the naming columns of a table, and of others; of a path its name and stem, too."""
    found: set[str] = set()
    for name in {*NAMING, *columns}:
        if name not in table:
            continue
        texts = set(texts_of(table[name]).tolist())
        found |= texts
        if name in ("image", "mask"):
            paths = [Path(text.replace("\\", "/")) for text in texts if text]
            found |= {path.name for path in paths} | {path.name.partition(".")[0] for path in paths}
    return found


def _whole(text: str) -> re.Pattern[str]:
    """Match a text that is no part of a longer word or number."""
    return re.compile(rf"(?<![\w.]){re.escape(text)}(?!\w|\.\d)")


def _forms(text: str) -> set[str]:
    written = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return {text, escape(text), escape(text, quote=False), text.replace("&", "&amp;").replace("<", "&lt;"),
            escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"), quote(text), *written,
            text.replace('"', '""')}  # fmt: skip


def _embedded(content: bytes) -> Iterator[bytes]:
    """Yield what a page holds in base64: pictures with their text parts."""
    for found in _EMBEDDED.finditer(content):
        try:
            yield base64.b64decode(found[1])
        except binascii.Error:
            continue
