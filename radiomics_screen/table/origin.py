"""How a table in memory came about, kept in the attributes of its DataFrame."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NoReturn, Self


class Origin(dict[str, Any]):
    """A provenance that cannot be changed, so that all copies of a table can share it.

    pandas copies the attributes of a DataFrame deeply whenever a column is selected. A provenance has
    thousands of entries, and copying it takes longer than most work on a column. It is a dict in all other
    respects: it compares, prints, pickles and turns into JSON like one.

    Parameters
    ----------
    content
        The provenance; copied once, here.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__(copy.deepcopy(dict(content)))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[type[Self], tuple[dict[str, Any]]]:
        return type(self), (dict(self),)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("the origin of a table cannot be changed: make a dict of it first, dict(origin)")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse
