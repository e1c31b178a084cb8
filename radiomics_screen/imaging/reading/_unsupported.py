"""What a sound file uses and this package does not read."""

from __future__ import annotations


class UnsupportedError(Exception):
    """A file uses a feature that is not read; the text names it. The reader of the format words the error."""
