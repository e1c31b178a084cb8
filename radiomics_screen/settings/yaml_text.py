"""The text of a parameter file, read as YAML 1.2 or JSON."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from radiomics_screen.core.errors import SettingsError


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, with a few rules of its own.

    Numbers are those of YAML 1.2, as in pyradiomics: 1e-6 is one, and 010 is ten. A key given twice
    is refused, where others forget the first.
    """

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        text = self.construct_scalar(node).replace("_", "")
        return int(text, 0) if text.lstrip("+-").startswith(("0x", "0o", "0b")) else int(text)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(k) for k in keys if keys.count(k) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"{', '.join(twice)}: given twice", node.start_mark
            )
        return super().construct_mapping(node, deep=deep)


_INT, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
_INTEGERS = r"[-+]?(0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*)$"
_FLOATS = (
    r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9]+|[0-9][0-9_]*(?=[eE]))([eE][-+]?[0-9]+)?$"
    r"|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"
)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag not in (_INT, _FLOAT)]
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
    try:
        return yaml.load(text.replace("\t", "    "), Loader=_Loader)
    except yaml.YAMLError as error:
        raise _neither(path, error) from error


def _neither(path: Path | str, error: Exception) -> SettingsError:
    reason = " ".join(str(error).split())
    return SettingsError(f"{path}: is neither YAML nor JSON: {reason}")
