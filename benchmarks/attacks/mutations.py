"""Damage that knows nothing of a format: bits, spans, lengths and numbers in text."""

from __future__ import annotations

import re
import struct
from random import Random

EXTREMES = (
    0,
    1,
    -1,
    127,
    128,
    255,
    256,
    32767,
    32768,
    65535,
    2**24,
    2**31 - 1,
    -(2**31),
    2**32 - 1,
    2**63 - 1,
)
WORDS = (
    b"", b"-1", b"0", b"1e999", b"nan", b"-inf", b"99999999999999999999", b"../../etc/passwd", b"\0", b"%s%n",
    b"[[[[", b"&a *a", b"!!python/object/apply:os.system ['true']", b"=1+1", b"\xff\xfe", b'"', b"'", b"\n",
)  # fmt: skip


def mutate(content: bytes, random: Random) -> tuple[bytes, str]:
    """Return damaged content, and the name of the damage."""
    name = random.choice(list(MUTATIONS))
    return MUTATIONS[name](bytearray(content or b"\0"), random), name


def flip_bits(content: bytearray, random: Random) -> bytes:
    for _ in range(random.choice([1, 1, 2, 8, 64])):
        content[_place(content, random)] ^= 1 << random.randrange(8)
    return bytes(content)


def truncate(content: bytearray, random: Random) -> bytes:
    return bytes(content[: random.randrange(len(content))])


def insert(content: bytearray, random: Random) -> bytes:
    at = _place(content, random)
    content[at:at] = random.randbytes(random.choice([1, 2, 4, 16, 300]))
    return bytes(content)


def remove(content: bytearray, random: Random) -> bytes:
    at = _place(content, random)
    del content[at : at + random.choice([1, 2, 4, 16, 300])]
    return bytes(content)


def duplicate(content: bytearray, random: Random) -> bytes:
    at = _place(content, random)
    span = content[at : at + random.choice([1, 4, 16, 300])]
    content[at:at] = span * random.choice([1, 2, 50])
    return bytes(content)


def set_number(content: bytearray, random: Random) -> bytes:
    size, kind = random.choice([(1, "B"), (2, "H"), (4, "I"), (8, "Q")])
    if len(content) <= size:
        return bytes(content)
    at = min(_place(content, random), len(content) - size)
    value = random.choice(EXTREMES) % (1 << (8 * size))
    content[at : at + size] = struct.pack(random.choice("<>") + kind, value)
    return bytes(content)


def change_token(content: bytearray, random: Random) -> bytes:
    tokens = list(re.finditer(rb"[A-Za-z0-9_.+-]+", bytes(content[:4096])))
    if not tokens:
        return flip_bits(content, random)
    token = random.choice(tokens)
    content[token.start() : token.end()] = random.choice([*WORDS, str(random.choice(EXTREMES)).encode()])
    return bytes(content)


def _place(content: bytearray, random: Random) -> int:
    """Return a place, in every second case within the first bytes, where headers are."""
    return random.randrange(min(len(content), 512) if random.random() < 0.5 else len(content))


MUTATIONS = {
    each.__name__: each for each in (flip_bits, truncate, insert, remove, duplicate, set_number, change_token)
}
#: Damage after which a file with a checksum can give no other value.
UNSTRUCTURED = frozenset(MUTATIONS)
