"""Mappings that cannot be changed, so that resolved settings can be shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class FrozenDict(dict[Key, Value]):
    """A dict that refuses to be changed; JSON, pickle and ``**`` take it as the dict that it is.

    Resolved settings are cached and shared. A caller who wants others makes a copy: ``dict(frozen)``.

    >>> FrozenDict(binWidth=25.0)["binWidth"]
    25.0
    """

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("resolved settings cannot be changed; change a copy (dict(...)) and load that")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[FrozenDict[Key, Value]], tuple[dict[Key, Value]]]:
        return type(self), (dict(self),)


def frozen(values: Mapping[Key, Value]) -> FrozenDict[Key, Value]:
    """Return a mapping that cannot be changed, nor the mappings in it, with the same items in their order."""
    if type(values) is FrozenDict:
        return values
    return FrozenDict({name: _frozen_value(value) for name, value in values.items()})


def _frozen_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return frozen(value)
    return tuple(map(_frozen_value, value)) if isinstance(value, list | tuple) else value
