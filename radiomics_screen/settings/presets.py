"""The ready parameter files that come with the package."""

from __future__ import annotations

from pathlib import Path

from radiomics_screen.core.errors import SettingsError, did_you_mean


def preset_names() -> list[str]:
    """Return the names of the ready parameter files, with their folder where they lie in one."""
    folder = _folder()
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml"))


def preset_path(name: str) -> Path:
    """Return where a ready parameter file lies.

    Raises
    ------
    SettingsError
        There is none of this name.
    """
    names = preset_names()
    if name not in names:
        raise SettingsError(f"unknown preset '{name}'{did_you_mean(name, names)}")
    return _folder() / f"{name}.yaml"


def _folder() -> Path:
    """Return the folder: inside an installed package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"
