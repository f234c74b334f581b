"""Section 1 of the specification, what a page may send, stated once more, with Python's own json: a second opinion on
server.parse()."""

import json
import re
from collections.abc import Callable

DEEP = 500  # levels; whether so many can be read is the relay's affair
LARGE = 131_072  # bytes


def text(limit: int) -> Callable[[object], bool]:
    return lambda value: type(value) is str and 1 <= len(value) <= limit


def form(pattern: str) -> Callable[[object], bool]:
    return lambda value: type(value) is str and bool(re.fullmatch(pattern, value, re.ASCII))


def number(value: object) -> bool:
    return type(value) is int and 0 <= value <= 2**53 - 1


def upto_16(limit: int) -> Callable[[object], bool]:
    return lambda value: type(value) is list and 1 <= len(value) <= 16 and all(map(text(limit), value))


TOKEN = form(r"[A-Za-z0-9_-]{1,64}")
MEMBERS = {  # of each type; the second ones may be left out
    "join": ({"room": text(512), "name": text(256), "after": number}, {"log": TOKEN}),
    "leave": ({"room": text(512)}, {}),
    "append": (
        {"room": text(512), "kind": form("[a-z0-9.-]{1,32}"), "id": TOKEN, "body": text(65_536)},
        {"if_newest": number},
    ),
    "look": ({"rooms": upto_16(512)}, {}),
    "publish": ({"name": text(256), "bundle": text(617)}, {}),
    "look-up": ({"names": upto_16(256)}, {}),
    "publish-prekeys": ({"name": text(256), "upload": text(4_886)}, {}),
    "count-prekeys": ({"name": text(256)}, {}),
    "take-prekeys": ({"name": text(256)}, {}),
    "ping": ({}, {}),
}


class NotJSON(ValueError):
    """Python takes it and RFC 8259 or the specification does not."""


class Object(list):
    """The members of a JSON object in order, repeated ones too."""


def refuse(_: str) -> None:
    raise NotJSON


def whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float("inf")  # longer ones Python may not want to read


def read(data: bytes) -> object:
    """Raises ValueError (UnicodeDecodeError is one), RecursionError."""
    value = json.loads(data.decode(), object_pairs_hook=Object, parse_constant=refuse, parse_int=whole)
    every_string(value)
    return value


def every_string(value: object) -> None:
    """Raises UnicodeEncodeError at half of a surrogate pair."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, (list, tuple)):
        for one in value:
            every_string(one)


def opinion(data: bytes, is_binary: bool = False) -> tuple[set[str], dict | None]:
    """-> the codes of those sentences that are true of the frame, and if there are none, what its members are. Of what
    is no JSON any of several may be said, as a reader need not come to its end. Raises UnicodeDecodeError."""
    if is_binary or len(data) > LARGE:
        return {"binary" if is_binary else "too-large"}, None
    deep = {"too-deep"} if data.count(b"[") + data.count(b"{") > DEEP else set()
    data.decode()
    try:
        value = read(data)
    except RecursionError:
        return deep | {"not-json", "bad-frame", "unknown-type"}, None
    except ValueError:
        return deep | {"not-json", "bad-frame", "unknown-type"}, None
    if not isinstance(value, Object):
        return deep | {"bad-frame"}, None
    codes = about(value)
    return (deep | codes, None) if codes else (deep, dict(value))


def about(members: Object) -> set[str]:
    types = [value for name, value in members if name == "type"]
    known = [one for one in types if isinstance(one, str) and one in MEMBERS]
    codes = set() if types and known == types[:1] * len(types) else {"unknown-type"}
    needed, optional = MEMBERS[known[0]] if known else ({}, {})
    rules = needed | optional
    names = {name for name, _ in members}
    is_right = all(name == "type" or (name in rules and rules[name](value)) for name, value in members)
    return codes if is_right and needed.keys() <= names else codes | {"bad-frame"}
