"""Files that end: a pipe would be waited for, and a device never ends."""

from __future__ import annotations

import errno
import stat
from pathlib import Path


def require_regular(path: Path) -> None:
    """Refuse what is no file: a pipe, a device, a folder.

    Raises
    ------
    OSError
        It is one of these, or is not there.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no file (a folder, a pipe or a device)", str(path))
