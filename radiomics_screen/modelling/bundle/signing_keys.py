"""Keys to sign models with: made, kept in PEM files, and opened. Needs the package cryptography."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from radiomics_screen.core.errors import ModelError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ENCRYPTED, _PRIVATE, _PUBLIC = b"BEGIN ENCRYPTED PRIVATE KEY", b"PRIVATE KEY-----", b"BEGIN PUBLIC KEY"


@dataclass(frozen=True)
class SigningKey:
    """A private key, opened.

    Attributes
    ----------
    id
        SHA-256 of its public key (DER, SubjectPublicKeyInfo), in hexadecimal digits.
    """

    id: str
    _private: Ed25519PrivateKey = field(repr=False)

    def sign(self, content: bytes) -> bytes:
        """Return the signature of `content`, 64 bytes."""
        return self._private.sign(content)


class KeyPair(NamedTuple):
    """The files of a new pair of keys, and its id."""

    private: Path
    public: Path
    id: str


def make_keys(name: str | Path, *, password: str | None = None) -> KeyPair:
    """Make a pair of keys: ``NAME.key`` to sign with, for its owner only, and ``NAME.pub`` to hand out.

    Parameters
    ----------
    name
        Path of both files but for their ending.
    password
        With which the private key is encrypted; None leaves it open to whoever can read the file.

    Raises
    ------
    ModelError
        If one of the files is there already or cannot be written, the password is empty, or the package
        cryptography is not installed.
    """
    _require_cryptography()
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if password == "":
        raise ModelError("the password of a key is empty; leave it out, or give one")
    key = Ed25519PrivateKey.generate()
    lock = form.BestAvailableEncryption(password.encode()) if password else form.NoEncryption()
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, lock)
    public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    place = Path(name)
    paths = (place.with_name(f"{place.name}.key"), place.with_name(f"{place.name}.pub"))
    if there := [str(path) for path in paths if os.path.lexists(path)]:
        raise ModelError(f"{there[0]} is there already, and a key is never overwritten; take another name")
    _write_new(paths[0], private, mode=0o600)
    try:
        _write_new(paths[1], public, mode=0o644)
    except ModelError:
        paths[0].unlink()  # one without the other is of no use
        raise
    return KeyPair(*paths, _id_of(key.public_key()))


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        # made with its mode, so that there is no moment in which others can read it
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
    except OSError as error:
        raise ModelError(f"the key {path} cannot be written: {error.strerror or error}") from error


def has_password(path: str | Path) -> bool:
    """Tell whether a private key is kept with a password."""
    return _ENCRYPTED in _content(Path(path))


def open_signing_key(path: str | Path, password: str | None = None) -> SigningKey:
    """Open a private key.

    Raises
    ------
    ModelError
        If the file is no private Ed25519 key in PEM format, the password is wrong, missing or not
        needed, or the package cryptography is not installed.
    """
    _require_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = Path(path)
    content = _content(path)
    if _PUBLIC in content and _PRIVATE not in content:
        raise ModelError(
            f"{path} is a public key; models are signed with the private one, which ends in .key"
        )
    locked = _ENCRYPTED in content
    if locked and not password:
        raise ModelError(f"the key {path} has a password: open it with open_signing_key(path, password)")
    if password and _PRIVATE in content and not locked:
        raise ModelError(f"a password was given, but the key {path} has none")
    try:
        key = load_pem_private_key(content, password.encode() if password else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        reason = "the password is wrong, or the file damaged" if locked else "the file is damaged, or none"
        raise ModelError(f"the private key {path} cannot be opened: {reason}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ModelError(f"{path} is no Ed25519 key; `radiomics-screen keys` makes one")
    return SigningKey(_id_of(key.public_key()), key)


def read_public_key(path: Path) -> tuple[str, Ed25519PublicKey]:
    """Return the id and the key of a public key's file.

    Raises
    ------
    ModelError
        If the file is no public Ed25519 key in PEM format, or the package cryptography is not installed.
    """
    _require_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    content = _content(path)
    if _PRIVATE in content:
        raise ModelError(
            f"{path} is a private key; name the public one, which ends in .pub, and keep that one safe"
        )
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise ModelError(f"{path} is no public key, or damaged; `radiomics-screen keys` makes one") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ModelError(f"{path} is no Ed25519 key; `radiomics-screen keys` makes one")
    return _id_of(key), key


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # a ValueError where the path has a NUL character
        raise ModelError(
            f"the key {path} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error


def _id_of(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(encoded).hexdigest()


def _require_cryptography() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise ModelError(
            "signatures need the package cryptography: pip install 'radiomics-screen[sign]'"
        ) from None
