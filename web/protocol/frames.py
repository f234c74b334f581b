"""The relay's frames: what the page may send, and what it accepts. Specification, section 1. Pure."""

import json

from .encoding import BASE64URL, utf8_bytes
from .envelope import BODY_CHARACTERS
from .errors import BadFrame, BadInput

FRAME_CHARACTERS = 1_048_576  # of a frame from the relay, far above its own limit; more is not parsed
SEQ_MOST = 2**53 - 1
ROOM_CHARACTERS, NAME_CHARACTERS, BUNDLE_CHARACTERS, TAKEN_CHARACTERS = 512, 256, 617, 223
NAMES, BUNDLES = 16, 101  # of a `found` at most, and of a name there: its rotations and its newest
KIND_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.-"


def write(frame):
    """The text of a frame to the relay."""
    return json.dumps(frame)


def room_address(level, room):
    """What the relay sees as the room: level and name in one opaque string."""
    return level + "/" + room


def number(value):
    return type(value) is int and 0 <= value <= SEQ_MOST


def joining(value):
    """The number of a member."""
    return type(value) is int and 1 <= value <= SEQ_MOST


def version(value):
    """That of a bundle."""
    return type(value) is int and 1 <= value < 2**32


def flag(value):
    return value is True or value is False


def text(most):
    def check(value):
        if type(value) is not str or not value or len(value) > most:
            return False
        try:
            utf8_bytes(value, "text")  # refuses half of a surrogate pair
        except BadInput:
            return False
        return True

    return check


def token(letters, most):
    def check(value):
        # strip() leaves nothing if there are only these letters; a loop over them is slow for a history.
        return type(value) is str and 0 < len(value) <= most and not value.strip(letters)

    return check


def moment(value):
    """2026-11-23T20:42:34.123Z"""
    if type(value) is not str or len(value) != 24 or value[23] != "Z" or value[10] != "T":
        return False
    if value[4] + value[7] + value[13] + value[16] + value[19] != "--::.":
        return False
    return (value[:4] + value[5:7] + value[8:10] + value[11:13] + value[14:16] + value[17:19] + value[20:23]).isdigit()


def list_of(fields):
    def check(value):
        return type(value) is list and all(fits(item, fields) for item in value)

    return check


def bundles(value):
    return type(value) is list and len(value) <= BUNDLES and all(bundle(one) for one in value)


def taken(value):
    """Prekeys of a name, or "" for none."""
    return value == "" or prekeys(value)


def names(value):
    """Of a `found`: 1 to NAMES."""
    return list_of(FOUND)(value) and 1 <= len(value) <= NAMES


def fits(item, fields):
    """Whether `item` is an object with exactly these members, each accepted by its check."""
    if type(item) is not dict or len(item) != len(fields):
        return False
    for name in fields:  # noqa: SIM110 - a generator costs twice as much there, for every entry of a history
        if name not in item or not fields[name](item[name]):
            return False
    return True


def entries(value):
    """At least one entry, in order of seq, each once."""
    if type(value) is not list or not value:
        return False
    last = 0
    for entry in value:
        if not fits(entry, ENTRY) or entry["seq"] <= last:
            return False
        last = entry["seq"]
    return True


room, name, body = text(ROOM_CHARACTERS), text(NAME_CHARACTERS), text(BODY_CHARACTERS)
kind, identifier = token(KIND_LETTERS, 32), token(BASE64URL, 64)
ENTRY = {"seq": number, "kind": kind, "id": identifier, "name": name, "at": moment, "body": body}
MEMBER = {"member": joining, "name": name}
bundle = token(BASE64URL + ".", BUNDLE_CHARACTERS)
FOUND = {"name": name, "bundles": bundles}
prekeys = token(BASE64URL + ".", TAKEN_CHARACTERS)

FROM_RELAY = {
    "joined": {
        "room": room,
        "log": identifier,
        "after": number,
        "oldest": number,
        "newest": number,
        "you": joining,
        "members": list_of(MEMBER),
        "kept": flag,
    },
    "entries": {"room": room, "entries": entries},
    "appended": {"room": room, "id": identifier, "seq": number},
    "member-joined": {"room": room, "member": joining, "name": name},
    "member-left": {"room": room, "member": joining, "name": name},
    "left": {"room": room},
    "looked": {"rooms": list_of({"room": room, "newest": number, "members": number})},
    "published": {"name": name, "version": version},
    "found": {"names": names},
    "prekeys-published": {"name": name, "number": version, "left": number},
    "prekeys-counted": {"name": name, "number": number, "left": number},
    "prekeys-taken": {"name": name, "prekeys": taken},
    "pong": {},
}
ERROR = {"code": token(KIND_LETTERS, 64), "message": text(1024), "room": room, "id": identifier}


def read(data):
    """The checked frame that the relay's text holds, a dict with `type`. Raises BadFrame."""
    if type(data) is not str or len(data) > FRAME_CHARACTERS:
        raise BadFrame("not text, or too large")
    try:
        frame = json.loads(data)
    except Exception:  # noqa: BLE001 - ValueError, or RuntimeError for 2,000 levels, or MemoryError
        raise BadFrame("not JSON")
    kind = frame.pop("type", None) if type(frame) is dict else None
    if kind == "error":
        fields = {field: ERROR[field] for field in ERROR if field in frame or field in ("code", "message")}
    else:
        fields = FROM_RELAY.get(kind) if type(kind) is str else None
    if fields is None or not fits(frame, fields):
        raise BadFrame("no frame of the specification")
    frame["type"] = kind
    return frame


def are_entries(frame):
    return type(frame) is dict and frame["type"] == "entries"


def merged(frames):
    """The same items, with frames joined that follow upon each other and hold entries of one room: one batch."""
    joined = []
    for frame in frames:
        before = joined[-1] if joined else None
        if are_entries(frame) and are_entries(before) and frame["room"] == before["room"]:
            before["entries"] += frame["entries"]
        else:
            joined.append(frame)
    return joined
