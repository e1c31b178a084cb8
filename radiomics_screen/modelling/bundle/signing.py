"""Who made a model folder: Ed25519 signatures (RFC 8032) of ``model.json``.

That file holds the SHA-256 of every other one, so its signature covers the folder. It lies beside it
as ``model.json.sig``: JSON with the name of the key and the signature of the plain bytes of
``model.json``, which other tools can check as well.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.bundle.manifest import CARD_FILE, read_json, write_json
from radiomics_screen.modelling.bundle.signing_keys import SigningKey, open_signing_key, read_public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE_FILE = f"{CARD_FILE}.sig"
#: Variable of the environment with public keys: no model is loaded that none of them has signed.
TRUSTED_KEYS = "RADIOMICS_SCREEN_TRUSTED_KEYS"

_HEAD = {"format": "radiomics_screen signature", "format_version": 1, "algorithm": "Ed25519"}
_SIGNATURE_BYTES = 64
_SHA256 = re.compile(r"[0-9a-f]{64}")

#: A private key: its file, if that has no password, or what ``open_signing_key`` returned.
SignWith = str | Path | SigningKey
#: One public key or several: their files.
Trusted = str | Path | Iterable[str | Path]


@dataclass(frozen=True)
class Keyring:
    """Public keys of which one has to have signed a model.

    Attributes
    ----------
    source
        Who asks for it, for messages.
    keys
        By their id.
    """

    source: str
    keys: Mapping[str, Ed25519PublicKey]


# --- signing ------------------------------------------------------------------------------------


def as_signing_key(sign_with: SignWith | None) -> SigningKey | None:
    """Return the key that is meant, opened; None where nothing is to be signed."""
    return (
        sign_with if sign_with is None or isinstance(sign_with, SigningKey) else open_signing_key(sign_with)
    )


def sign_folder(folder: Path, key: SigningKey | None) -> None:
    """Write the signature of a folder's ``model.json`` beside it; nothing where there is no key."""
    if key is None:
        return
    content = (folder / CARD_FILE).read_bytes()
    signature = {
        **_HEAD,
        "key_id": key.id,
        "model_sha256": hashlib.sha256(content).hexdigest(),
        "signature": base64.b64encode(key.sign(content)).decode("ascii"),
    }
    write_json(folder / SIGNATURE_FILE, signature)


# --- trusting -----------------------------------------------------------------------------------


def required_keys(trusted: Trusted | None) -> tuple[Keyring, ...]:
    """Return what a model has to be signed with: a key of each keyring, none where nothing is required.

    One keyring is what the caller trusts, another what the machine does
    (``RADIOMICS_SCREEN_TRUSTED_KEYS``): neither can loosen the other.

    Raises
    ------
    ModelError
        If a list names no key, a file holds none, or the machine's keys are not named from the root.
    """
    keyrings = []
    if trusted is not None:
        given = [trusted] if isinstance(trusted, str | Path) else trusted
        keyrings.append(_keyring("trusted", [Path(path) for path in given]))
    if named := os.environ.get(TRUSTED_KEYS, ""):
        paths = [Path(text.strip()) for text in named.split(os.pathsep) if text.strip()]
        for path in paths:
            if not path.is_absolute():
                raise ModelError(
                    f"{TRUSTED_KEYS} names {path}; give each key with its whole path from the root"
                )
        keyrings.append(_keyring(TRUSTED_KEYS, paths))
    return tuple(keyrings)


def _keyring(source: str, paths: Iterable[Path]) -> Keyring:
    keys = dict(read_public_key(path) for path in paths)
    if not keys:
        raise ModelError(
            f"{source} names no public key, so no model could be loaded: name one, or leave it out"
        )
    return Keyring(source, keys)


def check_signature(folder: Path, required: tuple[Keyring, ...]) -> None:
    """Check the signature of ``model.json``, of which nothing is parsed before.

    Where no key is required, a signature is only held against the file that it was made of: that finds
    a changed or mixed-up ``model.json`` and needs no cryptography, but proves nothing of its origin.

    Raises
    ------
    ModelError
        If a key is required and the folder is not signed, or not with such a key; or if the signature
        is damaged, or of another ``model.json``.
    """
    if not (folder / CARD_FILE).is_file():
        return  # no model folder at all: reading it tells so
    if not (folder / SIGNATURE_FILE).is_file():
        if required:
            raise ModelError(
                f"the model in {folder} is not signed, and only signed ones are to be loaded "
                f"({_sources(required)}): ask its maker for a signed one"
            )
        return
    content = (folder / CARD_FILE).read_bytes()
    key_id, signature = _read_signature(folder, content)
    for keyring in required:
        if key_id not in keyring.keys:
            known = ", ".join(name[:16] for name in keyring.keys)
            raise ModelError(
                f"the model in {folder} is signed with the key {key_id[:16]}, which is not trusted "
                f"({keyring.source}: {known}): ask its maker for the public key, and whether it is theirs"
            )
        if not _verifies(keyring.keys[key_id], signature, content):
            raise ModelError(
                f"{folder / SIGNATURE_FILE} is forged or damaged: the key {key_id[:16]}, which it names, has "
                f"not signed this {CARD_FILE}. Get the model from its maker again"
            )


def check_covered(folder: Path, digests: Mapping[str, str], required: tuple[Keyring, ...]) -> None:
    """Where a key is required, check that every file of the folder is what was signed, reports included.

    Files whose name begins with a dot are no part of any model and are passed over.

    Parameters
    ----------
    digests
        SHA-256 by name, as the signed ``model.json`` lists them. What is missing is not looked for here.

    Raises
    ------
    ModelError
        If a file was changed, or is not listed.
    """
    if not required:
        return
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        name = "/".join(parts)
        if not path.is_file() or name in (CARD_FILE, SIGNATURE_FILE) or any(p.startswith(".") for p in parts):
            continue
        if name not in digests:
            raise ModelError(f"the signature of {folder} does not cover {name}: take that file out")
        if hashlib.sha256(path.read_bytes()).hexdigest() != digests[name]:
            raise ModelError(f"{path} was changed or damaged after the model was signed")


def _sources(required: tuple[Keyring, ...]) -> str:
    return ", ".join(keyring.source for keyring in required)


def _read_signature(folder: Path, content: bytes) -> tuple[str, bytes]:
    """Return the id of the key and the signature, which has to be made for a file of this content."""
    path = folder / SIGNATURE_FILE
    found = read_json(path)
    for name, expected in _HEAD.items():
        if found.get(name) != expected:
            raise ModelError(
                f"{path}: {name} is {found.get(name)!r}, not {expected!r}: it is no signature of a model, or "
                "of a newer radiomics_screen"
            )
    key_id, digest = (_text(path, found, name) for name in ("key_id", "model_sha256"))
    text = _text(path, found, "signature", pattern=None)
    try:
        signature = base64.b64decode(text, validate=True)
    except ValueError as error:  # also where it is not ASCII
        raise ModelError(f"{path} is damaged: signature: {error}") from None
    if base64.b64encode(signature) != text.encode():  # the last letter has bits to spare
        raise ModelError(f"{path} is damaged: signature is not as it was written")
    if len(signature) != _SIGNATURE_BYTES:
        raise ModelError(f"{path} is damaged: signature has {len(signature)} bytes, not {_SIGNATURE_BYTES}")
    if hashlib.sha256(content).hexdigest() != digest:
        raise ModelError(f"{folder / CARD_FILE} was changed or damaged after the model was signed")
    return key_id, signature


def _text(path: Path, found: Mapping[str, Any], name: str, pattern: re.Pattern[str] | None = _SHA256) -> str:
    text = found.get(name)
    if not isinstance(text, str) or (pattern and not pattern.fullmatch(text)):
        raise ModelError(f"{path} is damaged: {name} is {str(text)[:80]!r}")
    return text


def _verifies(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
