"""Frames and WebSockets as nobody would write them, by hypothesis (fuzz.py says how to run more). Whatever comes, the
relay answers as the specification has it, logs nothing, holds nothing, and serves a bystander."""

import json
import socket
from contextlib import suppress
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import server
from frame_rules import LARGE, MEMBERS, opinion
from fuzz import ROOM, Bystander, complaints, cut, nothing_is_left, places, profile
from known_bundles import ANN, BOB, bundle
from raw_connection import RawConnection, frame
from relay_server import RelayServer
from test_prekeys import upload

ENDLESS = dict.fromkeys(
    [
        *("bad_frames", "frames_burst", "address_frames_burst", "connections_per_address", "rooms", "members_per_room"),
        *("names", "address_names_burst", "address_takes_burst"),
    ],
    10**6,
) | {"address_bytes_burst": 10**12}
FROM_RELAY = {
    "joined": {"room", "log", "after", "oldest", "newest", "you", "members", "kept"},
    "entries": {"room", "entries"},
    "appended": {"room", "id", "seq"},
    "member-joined": {"room", "member", "name"},
    "member-left": {"room", "member", "name"},
    "left": {"room"},
    "looked": {"rooms"},
    "published": {"name", "version"},
    "found": {"names"},
    "prekeys-published": {"name", "number", "left"},
    "prekeys-counted": {"name", "number", "left"},
    "prekeys-taken": {"name", "prekeys"},
    "pong": set(),
}


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    relay = RelayServer(tmp_path_factory.mktemp("relay"), log_level="debug", **ENDLESS)
    yield relay
    relay.end()


@pytest.fixture(scope="module")
def bystander(relay):
    return Bystander(relay.client(), relay.folder / "log.sqlite")


@pytest.fixture(autouse=True)
def nothing_else_happens(relay, bystander):
    with nothing_is_left(relay.process.pid, f"http://127.0.0.1:{relay.port}"):
        yield
    bystander.is_unconcerned()
    assert complaints(relay.output) == []


# Frames of the relay's protocol

characters = st.characters() | st.sampled_from('\0\n"\\\x7f\x85\u2028\ufeff\ufffe\ud800\udfff\U0001f600é')
strings = st.text(characters, max_size=8)
rooms = st.sampled_from(["r", "s", "é", "\U0001f600", "r" * 512])
tokens = st.sampled_from(["i", "-_", "a" * 64, "a" * 65, "", "i\n", "i ", "é", "\u0661"])
numbers = st.integers(-1, 2) | st.sampled_from([2**53 - 1, 2**53, 2**63, 2**64, 10**400, -(2**63), 0.0, 1.0, 1e300])
KNOWN = [bundle(ANN, "Ann"), bundle(BOB, "Ann"), bundle(ANN, "Ann", 2, ANN), bundle(BOB, "Ann", 2, ANN)]
bundles = st.sampled_from([*KNOWN, KNOWN[0][:-1], KNOWN[1].swapcase(), "bundle-1.", "b", "é", "", "b" * 617, "b" * 618])
UPLOADS = [upload(ANN, "Ann"), upload(ANN, "Ann", 2, one_time=[bytes(32)] * 3), upload(BOB, "Ann"), "u" * 4_886]
GOOD = {  # of each member what it may be, or almost
    "type": st.sampled_from([*MEMBERS, "Ping", "", "error", "joined"]),
    "room": rooms,
    "rooms": st.lists(rooms, max_size=17),
    "name": st.sampled_from(["n", "Ann", "\U0001f600" * 256, "n" * 257, "", "\0"]),
    "names": st.lists(st.sampled_from(["n", "Ann", "é", "\U0001f600" * 256]), max_size=17),
    "bundle": bundles,
    "upload": st.sampled_from([*UPLOADS, UPLOADS[0][:-1], "prekeys-1.", "", "u" * 4_887]),
    "log": tokens,
    "id": tokens,
    "kind": st.sampled_from(["message", "k" * 32, "k" * 33, ".-0", "K", "", "k\n", "ß"]),
    "body": st.sampled_from(["b", "\x01" * 300, "\U0001f600" * 3, ""]),
    "after": numbers,
    "if_newest": numbers,
}
anything = st.recursive(
    st.none() | st.booleans() | numbers | st.floats() | strings,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(strings, inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(list(GOOD))
others = st.lists(st.tuples(names | strings, anything), max_size=2)  # at the end, often a second time


@st.composite
def well_meant(draw) -> list[tuple[str, object]]:
    """The members of a frame that may well be right, in any order."""
    type_ = draw(st.sampled_from([*MEMBERS, "append", "join", "publish"]))
    needed, optional = MEMBERS[type_]
    chosen = [*needed, *(name for name in optional if draw(st.booleans()))]
    members = [("type", type_)] + [(name, draw(GOOD[name])) for name in chosen]
    return draw(st.permutations(members))


@st.composite
def mutated(draw) -> list[tuple[str, object]]:
    members = draw(well_meant())
    if draw(st.booleans()):
        members.pop(draw(st.integers(0, len(members) - 1)))
    if draw(st.booleans()):
        name = draw(names)
        members.append((name, draw(GOOD[name])))
    return members + draw(others)


def written(members: list[tuple[str, object]], is_ascii: bool) -> str:
    """JSON by hand, as repeated members are not for Python's."""
    parts = (f"{json.dumps(n, ensure_ascii=is_ascii)}:{json.dumps(v, ensure_ascii=is_ascii)}" for n, v in members)
    return "{" + ",".join(parts) + "}"


objects = st.builds(written, well_meant() | mutated(), st.booleans())
NOISE = ["", " ", ",", "}", "]", "[", "{", '"', "\\", "\0", "1", "-", "e9", "NaN", "null", "\ufeff", "é", "\\ud800"]


@st.composite
def spoiled(draw) -> str:
    """A frame with something put in, left out or repeated."""
    text = draw(objects)
    for _ in range(draw(st.integers(1, 2))):
        at, skip = draw(st.integers(0, len(text))), draw(st.integers(-3, 3))
        text = text[:at] + draw(st.sampled_from(NOISE)) + text[max(at + skip, 0) :]
    return text


@st.composite
def deep(draw) -> str:
    levels = draw(st.sampled_from([2, 10, 100, 900, 5_000, 20_000]))
    begin, end = draw(st.sampled_from([("[", "]"), ('{"a":', "}"), ('[{"room":', "}]")]))
    whole = begin * levels + "1" + end * draw(st.sampled_from([levels, levels - 1, 0]))
    around = ["%s", '{"type":"ping","x":%s}', '{"room":%s,"type":"leave"}', '{"id":"i","log":%s']
    return draw(st.sampled_from(around)) % whole


frames = (objects | spoiled() | deep()).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary()


def judged(data: bytes, is_binary: bool) -> tuple[str | None, dict | None]:
    """server.parse() -> the code of the refusal, or the members of the frame."""
    try:
        taken = server.parse(bytearray(data), is_binary, LARGE)
    except server.Refused as refused:
        return refused.code, None
    members = {name: getattr(taken, name) for name in taken.__struct_fields__}
    return None, {name: value for name, value in members.items() if value is not None}


@profile(300)
@given(frames, st.sampled_from([False, False, False, True]))
@example(b'{"type":"ping","type":"leave","room":"r"}', False)
@example(b'{"type":"leave","room":1,"room":"r"}', False)
@example(b'{"type":"leave","room":"r","room":"s"}', False)
def test_the_relay_takes_a_frame_exactly_if_the_specification_does_and_says_nothing_untrue_of_it(data, is_binary):
    try:
        codes, members = opinion(data, is_binary)
    except UnicodeDecodeError:
        with pytest.raises(UnicodeDecodeError):
            server.parse(bytearray(data), is_binary, LARGE)
        return
    code, taken = judged(data, is_binary)
    assert code in codes if code else members is not None, f"{code}, and not one of {codes}"
    if not code:
        assert taken == {name: value for name, value in members.items() if name != "type"}


def is_as_specified(answer: dict) -> bool:
    """A frame from the relay: its members by its type, and of errors code, sentence and what else they may have."""
    members = answer.keys() - {"type"}
    if answer["type"] != "error":
        return members == FROM_RELAY[answer["type"]]
    sentence = server.ERRORS[answer["code"]]
    detail = answer["message"].removeprefix(sentence)
    assert answer["message"] == sentence + detail
    assert not detail or (answer["code"] in ("bad-frame", "too-large") and len(detail) < 250)
    return members <= {"code", "message", "room", "id"}


@profile(120)
@given(st.lists(frames, min_size=1, max_size=8), places)
def test_whatever_stands_in_frames_each_is_answered_as_specified(relay, bystander, sent, where):
    with RawConnection(relay.url) as raw:
        whole = b"".join(frame(0x81, data) for data in sent) + frame(0x88, b"\x03\xe8")
        with suppress(ConnectionError):  # it has closed already
            for piece in cut(whole, where):
                raw.socket.sendall(piece)
        found = answers_of(raw)
    for answer in found[:-1]:
        assert is_as_specified(answer), answer
    assert found[-1] in (1000, 1007)
    bystander.is_unconcerned()


def answers_of(raw: RawConnection) -> list:
    """Text frames as JSON and the payloads of others as they come, and at the end the close code."""
    found = []
    while answer := raw.next():
        opcode, payload = answer
        assert not found or not isinstance(found[-1], int), "nothing after a close frame"
        if opcode == 8:
            assert len(payload) != 1
            payload[2:].decode()
            found.append(int.from_bytes(payload[:2], "big"))
            with suppress(OSError):
                raw.socket.shutdown(socket.SHUT_WR)
        else:
            found.append(json.loads(payload) if opcode == 1 else payload)
    return found


@profile(30)
@given(
    st.sampled_from(["append", "leave"]),
    st.sampled_from([(), ("if_newest",)]),
    st.sampled_from(["i", "same"]),
    st.sampled_from(["list", "message"]),
)
def test_nobody_writes_to_a_room_without_being_in_it(relay, bystander, type_, more, id, kind):
    members = {"append": {"kind": kind, "id": id, "body": "b"} | dict.fromkeys(more, 1), "leave": {}}[type_]
    with RawConnection(relay.url) as raw:
        raw.send(0x81, json.dumps({"type": type_, "room": ROOM} | members).encode()[:125])
        raw.send(0x88, b"")
        answers = answers_of(raw)
    assert [one.get("code") for one in answers if isinstance(one, dict)] == ["not-joined"]
    bystander.is_unconcerned()


# WebSocket frames

TEXTS = [b'{"type":"ping"}', b'{"type":"look","rooms":["nobody"]}', b"{", b"", b"\xff", b"\xed\xa0\x80", b"\xc3"]
TEXTS += [
    b"\xa9",
    '{"type":"look","rooms":["é"]}'.encode(),
    b'{"type":"leave","room":"r"}',
    b" " * 70_000,
    b" " * 131_073,
]
CLOSES = [b"", b"\x03", b"\x03\xe8", b"\x03\xe8bye", b"\x03\xee", b"\x0f\xa0\xff", b"\xff\xff"]
opcodes = st.sampled_from([0x81, 0x81, 0x81, 0x01, 0x00, 0x80, 0x89, 0x8A])
texts, closes = (st.integers(0, len(some) - 1).map(some.__getitem__) for some in (TEXTS, CLOSES))
whole_frames = st.builds(frame, opcodes, texts | st.binary(max_size=12))
lengths = st.none() | st.sampled_from([0, 1, 125, 126, 65_535, 2**18, 2**18 + 1, 2**63 - 1, 2**63, 2**64 - 1])


@st.composite
def wrong_frames(draw) -> bytes:
    length, form = draw(lengths), draw(st.sampled_from([0, 0, 126, 127]))
    form = 127 if form and (length or 0) >= 65_536 else form
    payload = draw(texts | closes | st.binary(max_size=125))
    is_masked = draw(st.sampled_from([True, True, True, False]))
    return frame(draw(st.integers(0, 255)), payload, length, form if len(payload) < 126 else 0, is_masked)


@profile(120)
@given(st.tuples(*[st.lists(some, max_size=most) for some, most in ((whole_frames, 6), (wrong_frames(), 2))]), places)
def test_whatever_frames_come_however_they_are_cut_the_answer_is_the_same_and_well_formed(
    relay, bystander, sent, where
):
    data = b"".join(chain(*sent)) + frame(0x88, b"\x03\xe8")
    (answers, pongs, code), (others, other_pongs, other) = outcome(relay, [data]), outcome(relay, cut(data, where))
    assert answers == others
    # A close frame or a ping that comes in one read with text that is not UTF-8 is answered first.
    assert (pongs, code) == (other_pongs, other) or 1007 in (code, other)
    bystander.is_unconcerned()


def outcome(relay, pieces: list[bytes]) -> tuple[list[dict], list[bytes], int]:
    """What came: text frames, pongs of the WebSocket, which come after what was said in the same read, and the close
    code."""
    with RawConnection(relay.url) as raw:
        with suppress(ConnectionError):
            for piece in pieces:
                raw.socket.sendall(piece)
        with suppress(OSError):  # of half a frame there is no more
            raw.socket.shutdown(socket.SHUT_WR)
        found = answers_of(raw)
    answers, pongs = ([one for one in found if isinstance(one, type_)] for type_ in (dict, bytes))
    assert all(map(is_as_specified, answers))
    assert len(found) == len(answers) + len(pongs) + 1
    assert found[-1] in {0, *server.CLOSE_CODES}
    return answers, pongs, found[-1]
