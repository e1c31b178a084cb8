"""What is read: the files of one attempt, and by which door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SIZE = 16


@dataclass(frozen=True)
class Specimen:
    """Sound or damaged files that are read together.

    Attributes
    ----------
    kind
        What counts are kept by, such as ``png``.
    door
        Name of the function that reads it.
    files
        Content by relative path.
    target
        The path that is handed to the door; ``.`` is the folder.
    is_summed
        Its whole content lies under a checksum: damage must not change a value silently.
    damage
        What was done to it; empty for a sound one.
    """

    kind: str
    door: str
    files: Mapping[str, bytes] = field(repr=False)
    target: str
    is_summed: bool = False
    damage: str = ""
