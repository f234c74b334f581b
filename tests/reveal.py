"""Searches what a relay received or stored for words: raw, decoded in every usual way, and decoded again."""

import base64
import contextlib
import json
import re
import sqlite3
import zlib
from functools import cache
from pathlib import Path
from urllib.parse import unquote_to_bytes

DEPTH = 4  # decodings one inside the other, such as gzip in base64 in JSON
BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]{6,}={0,2}")
HEX_RUN = re.compile(rb"(?:[0-9A-Fa-f]{2}){3,}")
BASE32_RUN = re.compile(rb"[A-Z2-7]{8,}")
SQUEEZED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")  # gzip and zlib begin so
JSON_ESCAPES = re.compile(rb'(?:\\(?:u[0-9A-Fa-f]{4}|["\\/bfnrt]))+')
WIDE_RUN = re.compile("[\u0100-\ud7ff\ue000-\uffff]{4,}")
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


def reveals(data: bytes, words: str) -> bool:
    """Whether the words stand in the data: whole, or what a person would still recognize, each longer word of them."""
    return any(stands_in(form, words) for form in forms_of(data))


def stands_in(form: bytes, words: str) -> bool:
    """The same of data that need not be decoded any more."""
    lower = form.lower()
    return any(needle in lower for needle in needles(words))


@cache
def needles(words: str) -> list[bytes]:
    return [spelt for word in (words, *re.findall(r"\w{6,}", words)) for spelt in spellings(word)]


def spellings(word: str) -> list[bytes]:
    return [spelt.encode(encoding).lower() for spelt in (word, word[::-1]) for encoding in ENCODINGS]


def forms_of(data: bytes) -> set[bytes]:
    """The data, and whatever can be decoded from any part of it."""
    found, fresh = {data}, {data}
    for _ in range(DEPTH):
        fresh = {form for one in fresh for form in decoded(one) if len(form) >= 4} - found
        found |= fresh
    return found


def decoded(data: bytes):
    """One step of every decoding."""
    yield unquote_to_bytes(data.replace(b"+", b" "))
    yield JSON_ESCAPES.sub(unescaped, data)
    for run in WIDE_RUN.findall(data.decode(errors="ignore")):
        yield run.encode("utf-16-be")  # two bytes hidden in each character
    for run in BASE64_RUN.findall(data):
        plain = run.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):  # the run may have begun with letters that are not of it
            part = plain[start:]
            part = part[: len(part) - (len(part) % 4 == 1)]
            yield base64.b64decode(part + b"=" * (-len(part) % 4))
    for run in HEX_RUN.findall(data):
        yield bytes.fromhex(run.decode())
    for run in BASE32_RUN.findall(data):
        part = run[: len(run) - len(run) % 8]
        yield base64.b32decode(part)
    for match in SQUEEZED.finditer(data):
        yield inflated(data[match.start() :], 47)
    yield inflated(data, -15)  # deflate without a header can only be guessed from the start


def unescaped(escapes: re.Match) -> bytes:
    return json.loads(b'"' + escapes[0] + b'"').encode("utf-8", "replace")


def inflated(data: bytes, window_bits: int) -> bytes:
    with contextlib.suppress(zlib.error):
        return zlib.decompressobj(window_bits).decompress(data, 1_000_000)
    return b""


def stored(file: Path) -> bytes:
    """All that the data file holds: the bytes of its files, and after them each field of each row."""
    raw = [part.read_bytes() for part in sorted(file.parent.glob(file.name + "*"))]
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        rows = [row for name in tables for row in database.execute(f'select * from "{name}"')]
    fields = [field if isinstance(field, bytes) else str(field).encode() for row in rows for field in row]
    return b"\n".join(raw + fields)
