"""Text of files and lists, made safe to show on a terminal."""

from __future__ import annotations

import unicodedata

#: Characters that turn the direction of what follows.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LONGEST = 200  # characters of a cause


def printable(text: str) -> str:
    r"""Return a text whose control characters are written out, but for line ends and tabs.

    An identifier or a file name may hold commands to the terminal: to clear it, to rename its window, to show
    text backwards.

    >>> printable("a\x1b[2Jb\n")
    'a\\x1b[2Jb\n'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written_out(character) for character in text)


def cause_of(error: BaseException) -> str:
    r"""Return what a library says of a damaged file, in one line: it may quote the file at length.

    >>> cause_of(ValueError("no\nnumber"))
    'no number'
    >>> cause_of(ValueError())
    'ValueError'
    """
    text = printable(" ".join(str(error).split())) or type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _written_out(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"
    return ascii(character)[1:-1] if hidden or character in _TURNING else character
