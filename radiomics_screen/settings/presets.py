"""The ready parameter files that come with the package."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from radiomics_screen.core.errors import SettingsError, did_you_mean

#: Names of files, in folders or not: nothing that leads out of the folder.
_NAME = re.compile(r"[\w-]+(\.[\w-]+)*(/[\w-]+(\.[\w-]+)*)*")


def preset_names() -> list[str]:
    """Return the names of the ready parameter files, with their folder where they lie in one."""
    folder = _folder()
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml"))


def preset_summaries() -> dict[str, str]:
    """Return what each ready parameter file is for: the sentence in its first line, by its name."""
    folder = _folder()
    found = {}
    for name in preset_names():
        with (folder / f"{name}.yaml").open(encoding="utf-8") as lines:
            found[name] = next(lines).removeprefix("#").strip()
    return found


def preset_path(name: str) -> Path:
    """Return where a ready parameter file lies.

    Raises
    ------
    SettingsError
        There is none of this name.
    """
    path = _folder() / f"{name}.yaml"
    if not (_NAME.fullmatch(name) and path.is_file()):
        raise SettingsError(f"unknown preset '{name}'{did_you_mean(name, preset_names())}")
    return path


def settings_or_preset(settings: Any, preset: str | None) -> Any:
    """Return the settings that are given, or the path of the preset that is named instead.

    Raises
    ------
    SettingsError
        Both are given, or there is no such preset.
    """
    if preset is None:
        return settings
    if settings is not None:
        raise SettingsError("settings and preset are both given; give one of them")
    return preset_path(preset)


def _folder() -> Path:
    """Return the folder: inside an installed package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"
