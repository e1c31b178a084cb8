"""Damage that keeps a format's checksums and framing sound, so that what lies deeper is reached."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from random import Random
from typing import Any
from zipfile import BadZipFile, ZipFile

from benchmarks.attacks.mutations import EXTREMES, WORDS, mutate

Damage = Callable[[bytes, Random], bytes]


def png_chunks(content: bytes, random: Random) -> bytes:
    """Change, drop, repeat or swap chunks of a PNG, each with a right checksum."""
    chunks, at = [], 8
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    number = random.randrange(len(chunks))
    name, data = chunks[number]
    what = random.randrange(5)
    if what == 0:
        chunks[number] = (name, mutate(data, random)[0])
    elif what == 1:
        del chunks[number]
    elif what == 2:
        chunks.insert(random.randrange(len(chunks)), (name, data))
    elif what == 3 and name == b"IDAT":
        chunks[number] = (name, zlib.compress(mutate(zlib.decompress(data), random)[0]))
    else:
        added = random.choice([b"tRNS", b"gAMA", b"acTL", b"fcTL", b"pHYs", b"iCCP", b"zTXt", b"eXIf"])
        chunks.insert(1, (added, random.randbytes(random.choice([0, 1, 2, 6, 9, 26]))))
    framed = [len(d).to_bytes(4, "big") + n + d + zlib.crc32(n + d).to_bytes(4, "big") for n, d in chunks]
    return content[:8] + b"".join(framed)


def tiff_tags(content: bytes, random: Random) -> bytes:
    """Change one entry of the first directory, or lead its chain back to itself."""
    order = "<" if content[:2] == b"II" else ">"
    is_big = struct.unpack_from(order + "H", content, 2)[0] == 43
    at = struct.unpack_from(order + ("Q" if is_big else "I"), content, 8 if is_big else 4)[0]
    count = struct.unpack_from(order + ("Q" if is_big else "H"), content, at)[0]
    first, size, word = (at + 8, 20, "Q") if is_big else (at + 2, 12, "I")
    changed = bytearray(content)
    entry = first + size * random.randrange(count)
    width = 8 if is_big else 4
    value = random.choice(EXTREMES) % (1 << (8 * width))
    what = random.randrange(5)
    if what == 0:
        struct.pack_into(
            order + "H",
            changed,
            entry,
            random.choice([256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 322, 330, 338, 339, 34665]),
        )
    elif what == 1:
        struct.pack_into(order + "H", changed, entry + 2, random.randrange(20))
    elif what == 2:
        struct.pack_into(order + word, changed, entry + 4, value)
    elif what == 3:
        struct.pack_into(
            order + word, changed, entry + 4 + width, random.choice([value, random.randrange(70)])
        )
    else:
        struct.pack_into(
            order + word, changed, first + size * count, random.choice([at, 8, len(content), value])
        )
    return bytes(changed)


def nifti_fields(content: bytes, random: Random) -> bytes:
    """Set a dimension, the type, the scale, the place of the voxels or an axis to an extreme."""
    is_packed = content[:2] == b"\x1f\x8b"
    changed = bytearray(gzip.decompress(content) if is_packed else content)
    fields = [(40 + 2 * n, "h") for n in range(8)] + [
        (70, "h"),
        (72, "h"),
        (252, "h"),
        (254, "h"),
        (123, "B"),
    ]
    fields += [(n, "f") for n in (*range(76, 108, 4), 108, 112, 116, *range(256, 328, 4))]
    for _ in range(random.choice([1, 1, 2, 4])):
        at, kind = random.choice(fields)
        if kind == "f":
            value = random.choice([0.0, -1.0, 1e38, -1e38, 1e-40, float("nan"), float("inf"), 0.5, 353.0])
            struct.pack_into("<f", changed, at, value)
        else:
            value = random.choice([*EXTREMES, 2, 3, 4, 5, 7, 8, 16, 64, 512, 1024, 1536])
            size = struct.calcsize(kind)
            changed[at : at + size] = (value % (1 << (8 * size))).to_bytes(size, "little")
    return gzip.compress(bytes(changed), 1) if is_packed else bytes(changed)


def gzip_members(content: bytes, random: Random) -> bytes:
    """Part the content into members, repeat one, or add what is none."""
    if content[:2] != b"\x1f\x8b":
        return mutate(content, random)[0]
    inner = gzip.decompress(content)
    at = random.randrange(len(inner))
    return random.choice([
        gzip.compress(inner[:at], 1) + gzip.compress(inner[at:], 1),
        content + content,
        content + random.randbytes(20),
        gzip.compress(inner[:at], 1),
        gzip.compress(mutate(inner, random)[0], 1),
        gzip.compress(content, 1),
    ])  # fmt: skip


def text_header(content: bytes, random: Random) -> bytes:
    """Change, drop, repeat or move a line of a header of text (NRRD, MetaImage)."""
    mark = b"\n\n" if content.startswith(b"NRRD") else b"ElementDataFile"
    end = content.find(mark)
    lines = content[:end].split(b"\n") if end > 0 else content.split(b"\n")
    number = random.randrange(len(lines))
    what = random.randrange(5)
    if what == 0:
        del lines[number]
    elif what == 1:
        lines.insert(random.randrange(len(lines)), lines[number])
    elif what == 2:
        lines.insert(
            number,
            random.choice(
                [
                    b"byte skip: -1",
                    b"line skip: 9999999999",
                    b"content: x",
                    b"DimSize = 1 1 1 1",
                    b"HeaderSize = -1",
                    b"encoding: bzip2",
                    b"kinds: vector domain domain",
                ]
            ),
        )
    else:
        parts = lines[number].split(b" ")
        parts[random.randrange(len(parts))] = random.choice([*WORDS, str(random.choice(EXTREMES)).encode()])
        lines[number] = b" ".join(parts)
    return b"\n".join(lines) + (content[end:] if end > 0 else b"")


def dicom_elements(content: bytes, random: Random) -> bytes:
    """Change VR, length or value of an element, add nested ones, or swap the transfer syntax."""
    places = [at for at in range(132, len(content) - 8) if content[at + 4 : at + 6] in _KINDS]
    if not places:
        return mutate(content, random)[0]
    changed = bytearray(content)
    at = random.choice(places)
    what = random.randrange(5)
    if what == 0:
        changed[at + 4 : at + 6] = random.choice([*_KINDS, b"SQ", b"UN", b"OB", b"??", b"OV"])
    elif what == 1:
        changed[at + 6 : at + 8] = random.choice([0, 1, 2, 3, 255, 65534, 65535]).to_bytes(2, "little")
    elif what == 2:
        changed[at + 8 : at + 10] = random.choice(
            [b"\0\0", b"\xff\xff", b"-1", b"9e", b"1\\", b"  ", b"\x01\0"]
        )
    elif what == 3:
        depth = random.choice([1, 5, 40, 3000])
        opened = (b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff") * depth
        closed = (b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0") * random.choice([0, depth])
        changed[at:at] = opened + closed
    else:
        uid = random.choice(
            [
                b"1.2.840.10008.1.2",
                b"1.2.840.10008.1.2.2",
                b"1.2.840.10008.1.2.5",
                b"1.2.840.10008.1.2.4.50",
                b"1.2.840.10008.1.2.1.99",
            ]
        )
        found = content.find(b"1.2.840.10008.1.2", 132 + 100)
        if found > 0:
            changed[found : found + len(uid)] = uid
    return bytes(changed)


_KINDS = (b"US", b"UI", b"CS", b"DS", b"IS", b"OW", b"LO")


def zip_entries(content: bytes, random: Random) -> bytes:
    """Change an entry of a ZIP archive, leave it out, or give it another name."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            entries = [(name, archive.read(name)) for name in archive.namelist()]
    except BadZipFile:
        return mutate(content, random)[0]
    number = random.randrange(len(entries))
    name, data = entries[number]
    what = random.randrange(4)
    if what == 0:
        del entries[number]
    elif what == 1:
        entries[number] = (random.choice(["../" + name, name + "x", "/" + name]), data)
    else:
        entries[number] = (name, mutate(data, random)[0])
    stream = BytesIO()
    with ZipFile(stream, "w") as archive:
        for each, written in entries:
            archive.writestr(each, written)
    return stream.getvalue()


def json_values(content: bytes, random: Random) -> bytes:
    """Exchange, leave out or change a value of JSON at any depth, also of JSON within another file."""
    start, end = content.find(b'{"'), content.rfind(b"}") + 1
    for begin in (start, 0):
        try:
            data = json.loads(content[max(begin, 0) : end])
            break
        except ValueError:
            continue
    else:
        return mutate(content, random)[0]
    return content[: max(begin, 0)] + other_json(data, random) + content[end:]


_VALUES = (
    None, True, 0, -1, 1e308, 2**70, "", "../x", "/etc/passwd", "a\0b", [],
    [[]], {}, {"a": 1}, [1, "x"], "NaN",
    float("nan"),
)  # fmt: skip


def other_json(data: Any, random: Random) -> bytes:
    """Return JSON with one value, at any depth, exchanged or left out."""
    at = data
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            return json.dumps(data).encode()
        key = random.choice(keys)
        if not isinstance(at[key], dict | list) or random.random() < 0.2:
            break
        at = at[key]
    if random.random() < 0.2:
        del at[key]
    else:
        at[key] = random.choice(_VALUES)
    return json.dumps(data).encode()


#: Damage by the kind of specimen.
STRUCTURED: dict[str, tuple[Damage, ...]] = {
    "png": (png_chunks,), "tiff": (tiff_tags,), "nii": (nifti_fields,),
    "nii.gz": (nifti_fields, gzip_members), "nrrd": (text_header,), "mha": (text_header,),
    "nhdr": (text_header,), "mhd": (text_header,), "dicom": (dicom_elements,),
    "dicom series": (dicom_elements,), "list xlsx": (zip_entries,),
    "table csv": (json_values,), "table parquet": (json_values,),
}  # fmt: skip
