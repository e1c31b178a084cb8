"""The text of a parameter file, read as YAML 1.2 or JSON: plain data, bounded in size and depth."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from radiomics_screen.core.errors import SettingsError
from radiomics_screen.core.printable import cause_of
from radiomics_screen.core.regular_files import require_regular

#: How long a parameter file may be (characters), how deep its parts may be nested, and how many values it may
#: hold when everything that it repeats by reference is written out.
LONGEST, DEEPEST, MOST_VALUES = 2_000_000, 40, 200_000
#: How many names one part may have.
MOST_NAMES = 1000

_MOST_BITS = 63
_NAMED = 12  # in a message
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "seq", "map")}


class _Refused(yaml.YAMLError):
    """What is YAML, and has no place in a parameter file."""

    def __init__(self, node: yaml.Node, reason: str) -> None:
        mark = node.start_mark
        super().__init__(f"line {mark.line + 1}, column {mark.column + 1}: {reason}")


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, with a few rules of its own.

    Numbers are those of YAML 1.2, as in pyradiomics: 1e-6 is one, and 010 is ten. A date is text. A key given
    twice is refused, where others forget the first; so is what JSON has no word for, such as sets.
    """

    _depth = 0
    _composed = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        self._composed += 1
        if self._composed > MOST_VALUES and parent is not None:
            raise _Refused(parent, f"holds more than {MOST_VALUES} values")
        if self._depth > DEEPEST and parent is not None:
            raise _Refused(parent, f"parts are nested more than {DEEPEST} deep")
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def get_single_data(self) -> Any:
        node = self.get_single_node()
        if node is None:
            return None
        _require_bounded(node)
        return self.construct_document(node)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        text = self.construct_scalar(node).replace("_", "")
        try:
            number = int(text, 0) if text.lstrip("+-").startswith(("0x", "0o", "0b")) else int(text)
        except ValueError:
            raise _Refused(node, f"'{text:.20}' is no whole number") from None
        if number.bit_length() > _MOST_BITS:
            raise _Refused(node, f"{text:.20}... is too large for a number")
        return number

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        own = [key for key, _ in node.value if key.tag != _MERGE]
        for key in own:
            if not isinstance(key, yaml.ScalarNode):
                raise _Refused(key, "a key must be a name")
        if len(own) > MOST_NAMES:
            raise _Refused(node, f"a part holds {len(own)} names, and {MOST_NAMES} are read at most")
        keys = [self.construct_object(key, deep=True) for key in own]
        if twice := sorted({str(k) for k, times in Counter(keys).items() if times > 1}):
            raise _Refused(node, f"{_some(twice)}: given twice")
        return super().construct_mapping(node, deep=deep)


def _some(names: list[str]) -> str:
    """Return the first of many names."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"{name:.60}" for name in names[:_NAMED]) + more


def _require_bounded(root: yaml.Node) -> None:
    """Refuse content that is no plain data, refers to itself, or repeats its parts beyond measure."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size_of(node: yaml.Node) -> int:
        if id(node) in sizes:
            return sizes[id(node)]
        if id(node) in open_nodes:
            raise _Refused(node, "a part refers to itself")
        if node.tag not in _PLAIN_TAGS and node.tag != _MERGE:
            raise _Refused(
                node, f"'{node.tag.removeprefix('tag:yaml.org,2002:')}' has no place in parameters"
            )
        open_nodes.add(id(node))
        if len(open_nodes) > DEEPEST:
            raise _Refused(node, f"parts are nested more than {DEEPEST} deep")
        children = [] if isinstance(node, yaml.ScalarNode) else node.value
        parts = (part for child in children for part in (child if isinstance(child, tuple) else (child,)))
        sizes[id(node)] = 1 + sum(map(size_of, parts))
        open_nodes.remove(id(node))
        if sizes[id(node)] > MOST_VALUES:
            raise _Refused(
                node, f"holds more than {MOST_VALUES} values with all that is repeated by reference"
            )
        return sizes[id(node)]

    size_of(root)


_INT, _FLOAT, _DATE = (f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "timestamp"))
_INTEGERS = r"[-+]?(0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*)$"
_FLOATS = (
    r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9]+|[0-9][0-9_]*(?=[eE]))([eE][-+]?[0-9]+)?$"
    r"|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"
)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag not in (_INT, _FLOAT, _DATE)]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_INT, re.compile(_INTEGERS), list("-+0123456789"))
_Loader.add_implicit_resolver(_FLOAT, re.compile(_FLOATS), list("-+.0123456789"))
_Loader.add_constructor(_INT, _Loader.construct_yaml_int)


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML or JSON file.

    Raises
    ------
    SettingsError
        The file cannot be read, or is neither.
    """
    return parse_yaml(read_text(path), path)


def read_text(path: Path) -> str:
    """Return the text of a parameter file.

    Raises
    ------
    SettingsError
        The file cannot be read, or is no text.
    """
    try:
        require_regular(path)
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise _neither(path, error) from error


def parse_yaml(text: str, path: Path | str) -> Any:
    """Return the content of a text in YAML or JSON, which was read from `path`.

    Raises
    ------
    SettingsError
        It is neither.
    """
    if len(text) > LONGEST:
        raise SettingsError(
            f"{path}: is {len(text):,} characters long; a parameter file has {LONGEST:,} at most"
        )
    try:
        return yaml.load(text.replace("\t", "    "), Loader=_Loader)
    except _Refused as reason:
        raise SettingsError(f"{path}: {reason}") from None
    except yaml.YAMLError as error:
        raise _neither(path, error) from error
    except (ValueError, TypeError, LookupError) as error:  # from a tag that the text forces on a value
        raise _neither(path, error) from error


def _neither(path: Path | str, error: Exception) -> SettingsError:
    return SettingsError(f"{path}: is neither YAML nor JSON: {cause_of(error)}")
