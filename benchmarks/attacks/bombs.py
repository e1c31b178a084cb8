"""Files that unfold to far more than they weigh, nest without end, or count to the extreme."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import SimpleITK as sitk

from benchmarks.attacks.documents import specimens as documents
from benchmarks.attacks.pictures import masks, picture, volume, written
from benchmarks.attacks.specimens import Specimen

_LARGE = 1 << 30


def specimens() -> Iterator[Specimen]:
    """Yield all of them."""
    yield from _pictures()
    yield from _volumes()
    yield from _texts()
    yield from _sheets()
    yield from _parquets()


def _pictures() -> Iterator[Specimen]:
    rows = gzip.compress(bytes(_LARGE // 4), 9)
    squeezed = zlib.compress(bytes(_LARGE // 4), 9)
    for width, height in ((2**31 - 1, 2**31 - 1), (30000, 30000), (16, 16), (1, 2**31 - 1)):
        head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
        yield _image(
            "png.png",
            b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", squeezed) + _chunk(b"IEND", b""),
            f"{width} x {height}",
        )
    text = _chunk(b"zTXt", b"c\0\0" + squeezed) + _chunk(b"iCCP", b"c\0\0" + squeezed)
    small = struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in picture()))
    yield _image(
        "png.png",
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", small) + text + _chunk(b"IDAT", data) + _chunk(b"IEND", b""),
        "texts",
    )
    for count in (2**32 - 1, 100_000):
        for compression, strip in ((8, squeezed), (1, b"")):
            yield _image(
                "tiff.tif", _tiff(count, compression, strip), f"{count} wide, compression {compression}"
            )
    yield _image("pnm.pgm", b"P5 999999 999999 255\n" + bytes(100), "size")
    yield _image("pnm.pgm", b"P2 16 16 255\n" + b"9" * 2_000_000, "long number")
    yield _image(
        "bmp.bmp",
        b"BM" + struct.pack("<IIIIiiHHIIIIII", 100, 0, 54, 40, 2**31 - 1, 2**31 - 1, 1, 8, 0, 0, 0, 0, 0, 0),
        "size",
    )
    yield _image("gz.nii.gz", rows, "zeros")


def _volumes() -> Iterator[Specimen]:
    plain = written(sitk.GetImageFromArray(volume()), ".nii")
    for sizes in ((3, 32767, 32767, 32767), (3, 16, 16, 4), (7, 32767, 32767, 1, 1, 1, 1, 32767)):
        changed = bytearray(plain)
        struct.pack_into(f"<{len(sizes)}h", changed, 40, *sizes)
        yield _image(
            "nifti.nii.gz",
            gzip.compress(bytes(changed) + bytes(_LARGE // 4), 9),
            f"dims {sizes}",
            "mask.nrrd",
        )
    for sizes in ("16 16 4", "99999 99999 99999", "1000 1000 200"):
        head = f"NRRD0004\ntype: short\ndimension: 3\nsizes: {sizes}\nencoding: gzip\nendian: little\n\n"
        yield _image(
            "nrrd.nrrd", head.encode() + gzip.compress(bytes(_LARGE // 4), 9), f"sizes {sizes}", "mask.nrrd"
        )
        head = "ObjectType = Image\nNDims = 3\nBinaryData = True\nCompressedData = True\n"
        head += f"DimSize = {sizes}\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
        yield _image(
            "meta.mha", head.encode() + zlib.compress(bytes(_LARGE // 4), 9), f"sizes {sizes}", "mask.nrrd"
        )
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    inner = packer.compress(bytes(_LARGE // 2)) + packer.flush()
    uid = b"1.2.840.10008.1.2.1.99"
    meta = b"\x02\0\x10\0UI" + struct.pack("<H", len(uid)) + uid
    yield _image(
        "deflated.dcm",
        bytes(128) + b"DICM" + b"\x02\0\0\0UL\x04\0" + struct.pack("<I", len(meta)) + meta + inner,
        "zeros",
    )


def _texts() -> Iterator[Specimen]:
    laughs = "a0: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    merged = "a0: &a0 {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 9)
    )
    texts = {
        "laughs": laughs, "merge": merged, "deep lists": "[" * 100_000, "deep maps": "{a: " * 50_000,
        "deep blocks": "".join(" " * n + "a:\n" for n in range(1000)),
        "self": "a: &a [*a]", "long": "a" * 3_000_000,
        "number": "setting: {binWidth: " + "9" * 100_000 + "}",
        "tag": "!!python/object/apply:os.system ['true']",
        "base 60": "setting: {binWidth: " + "1:" * 10_000 + "1}",
        "half the keys": "setting:\n" + "".join(f" k{n}: 1\n" for n in range(90_000)),
        "sections": "".join(f"k{n}: 1\n" for n in range(90_000)),
        "many keys": "".join(f"k{n}: 1\n" for n in range(150_000)),
    }  # fmt: skip
    for name, text in texts.items():
        yield Specimen("bomb yaml", "settings", {"p.yaml": text.encode()}, "p.yaml", damage=name)
    for name, text in {
        "wide": "a," * 1_000_000,
        "one cell": "image,mask\n" + "x" * 5_000_000,
        "quote": 'image,mask\n"' + "x\n" * 500_000,
        "nul": "image,mask\n" + "\0" * 100_000,
    }.items():
        yield Specimen("bomb csv", "cases", {"l.csv": text.encode()}, "l.csv", damage=name)
        yield Specimen("bomb csv", "table", {"t.csv": text.encode()}, "t.csv", damage=name)
    for name, text in {"deep": "[" * 200_000, "number": '{"a": ' + "9" * 200_000 + "}"}.items():
        yield Specimen("bomb json", "model", {"m/model.json": text.encode()}, "m", damage=name)


def _parquets() -> Iterator[Specimen]:
    import pyarrow as pa
    from pyarrow import parquet

    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(30_000_000, np.int8)), pa.array(["x" * 1000]))
    table = pa.table({"image": column})
    stream = BytesIO()
    parquet.write_table(table, stream)
    for door, name in (("cases", "l.parquet"), ("table", "t.parquet")):
        yield Specimen(
            "bomb parquet", door, {name: stream.getvalue()}, name, damage="one long text, 30 million times"
        )


def _sheets() -> Iterator[Specimen]:
    sound = next(each.files["l.xlsx"] for each in documents() if each.kind == "list xlsx")
    laughs = (
        b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "x">'
        + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10 if n else b"&a;") for n in range(12))
        + b"]><l>&a11;</l>"
    )
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    sheet = "xl/worksheets/sheet1.xml"
    parts = {
        "laughs": laughs, "zeros": bytes(_LARGE),
        "late laughs": b'<?xml version="1.0"?>' + b" " * 5000 + laughs[21:],
        "far cell": head + b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>',
        "far row": head + b'<row r="999999999999"><c r="A999999999999"><v>1</v></c></row>'
        b"</sheetData></worksheet>",
        "deep": b"<a>" * 1_000_000, "many rows": head + b"<row><c><v>1</v></c></row>" * 2_000_000,
    }  # fmt: skip
    for name, part in parts.items():
        yield Specimen(
            "bomb xlsx", "cases", {"l.xlsx": _with_part(sound, sheet, part)}, "l.xlsx", damage=name
        )


def _with_part(content: bytes, name: str, part: bytes) -> bytes:
    stream = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(stream, "w", ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(each, part if each == name else old.read(each))
    return stream.getvalue()


def _image(name: str, content: bytes, damage: str, mask: str = "mask.png") -> Specimen:
    kind = f"bomb {name.split('.', 1)[0]}"
    return Specimen(kind, "image", {name: content, mask: masks()[mask]}, name, damage=damage)


def _chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def _tiff(count: int, compression: int, strip: bytes) -> bytes:
    tags = [
        (256, count),
        (257, count),
        (258, 8),
        (259, compression),
        (262, 1),
        (273, 200),
        (277, 1),
        (278, count),
        (279, len(strip)),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)
    return head.ljust(200, b"\0") + strip
