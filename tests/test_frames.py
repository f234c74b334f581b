"""The relay's frames, as the page reads them: a checked dict, or BadFrame and nothing else."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from people import AT, entry
from protocol import frames
from protocol.errors import BadFrame

SPECIFICATION = Path(frames.__file__).with_name("README.md").read_text("utf-8")
JOINED = {"type": "joined", "room": "r", "log": "L1", "after": 0, "oldest": 1, "newest": 2, "you": 3, "kept": True}
JOINED |= {"members": [{"member": 3, "name": "Zoë"}]}
GOOD = {
    "joined": JOINED,
    "entries": {"type": "entries", "room": "r", "entries": [entry(1, "body 👋"), entry(2, "x" * 65_536)]},
    "appended": {"type": "appended", "room": "r", "id": "a-Z_9", "seq": 2**53 - 1},
    "member-joined": {"type": "member-joined", "room": "r", "member": 1, "name": "Bob"},
    "member-left": {"type": "member-left", "room": "r", "member": 1, "name": "Bob"},
    "left": {"type": "left", "room": "r"},
    "looked": {"type": "looked", "rooms": [{"room": "r", "newest": 0, "members": 0}]},
    "published": {"type": "published", "name": "Zoë", "version": 2**32 - 1},
    "prekeys-published": {"type": "prekeys-published", "name": "Zoë", "number": 2**32 - 1, "left": 100},
    "prekeys-counted": {"type": "prekeys-counted", "name": "Zoë", "number": 0, "left": 0},
    "prekeys-taken": {"type": "prekeys-taken", "name": "Zoë", "prekeys": "prekey-1.A_-9"},
    "found": {"type": "found", "names": [{"name": "Zoë", "bundles": ["bundle-1.A_-9"]}, {"name": "b", "bundles": []}]},
    "pong": {"type": "pong"},
    "error": {"type": "error", "code": "too-fast", "message": "Wait a little.", "room": "r", "id": "a"},
}


def text(frame):
    return json.dumps(frame, ensure_ascii=False)


def refused(data):
    with pytest.raises(BadFrame):
        frames.read(data)
    return True


@pytest.mark.parametrize("frame", GOOD.values(), ids=GOOD)
def test_each_frame_of_the_specification_is_read(frame):
    assert frames.read(text(frame)) == frame


def test_the_frames_read_are_those_of_the_specification():
    listed = SPECIFICATION.split("### From the relay")[1].split("###")[0].split("\n## ")[0]
    named = re.findall(r"`([a-z-]+)`", " ".join(re.findall(r"^\| (`[a-z`, -]+) \|", listed, re.MULTILINE)))
    assert sorted(named) == sorted(GOOD) == sorted([*frames.FROM_RELAY, "error"])


@pytest.mark.parametrize("frame", GOOD.values(), ids=GOOD)
def test_a_frame_with_one_member_more_is_refused(frame):
    assert refused(text(frame | {"more": 1}))


OPTIONAL = [("error", "room"), ("error", "id")]
MEMBERS = [(kind, member) for kind in GOOD for member in GOOD[kind]]


@pytest.mark.parametrize(("kind", "member"), [both for both in MEMBERS if both not in OPTIONAL])
def test_a_frame_with_one_member_less_is_refused(kind, member):
    assert refused(text({name: GOOD[kind][name] for name in GOOD[kind] if name != member}))


def test_an_error_needs_neither_room_nor_id():
    bare = {"type": "error", "code": "bad-frame", "message": "That is no frame."}
    assert frames.read(text(bare)) == bare


WRONG = [None, True, 1.0, 1e300, -1, 2**53, 10**400, "", [], {}, [[]], [{}], "\ud800", "x" * 70_000, float("nan")]


@pytest.mark.parametrize(("kind", "member"), MEMBERS)
def test_a_member_of_another_type_or_out_of_its_limits_is_refused(kind, member):
    for value in WRONG:
        if (member, value) in (("kept", True), ("members", []), ("rooms", []), ("prekeys", "")):
            continue
        assert refused(json.dumps(GOOD[kind] | {member: value})), value


@pytest.mark.parametrize("member", entry(1, "b"))
def test_a_member_of_an_entry_of_another_type_or_out_of_its_limits_is_refused(member):
    for value in WRONG:
        bad = GOOD["entries"] | {"entries": [entry(1, "b"), entry(2, "b") | {member: value}]}
        assert refused(json.dumps(bad)), value


@pytest.mark.parametrize(
    ("member", "good", "bad"),
    [
        ("kind", "a.z-09", ["A", "a_b", "a b", "é", "a\n", " a", "aéa", "\u2003"]),
        ("kind", "k" * 32, ["k" * 33]),
        ("id", "Az09_-", ["a.b", "a b", "a\n", "\na", "aéa", "a=", "a\x00"]),
        ("id", "i" * 64, ["i" * 65]),
    ],
)
def test_the_kind_and_id_of_an_entry_have_only_their_letters(member, good, bad):
    def one(value):
        return text(GOOD["entries"] | {"entries": [entry(1, "b", **{member: value})]})

    assert frames.read(one(good))["entries"][0][member] == good
    assert all(refused(one(value)) for value in bad)


@pytest.mark.parametrize("seqs", [(1, 1), (2, 1), (1, 3, 2), (1, 2, 2), (0,), (0, 1), ()])
def test_entries_that_do_not_stand_in_order_of_seq_each_once_are_refused(seqs):
    assert refused(text(GOOD["entries"] | {"entries": [entry(seq, "b") for seq in seqs]}))


def test_the_seqs_of_entries_may_have_gaps():
    kept = text(GOOD["entries"] | {"entries": [entry(seq, "b") for seq in (3, 7, 2**53 - 1)]})
    assert len(frames.read(kept)["entries"]) == 3


def found(*names):
    return text({"type": "found", "names": list(names)})


def test_a_found_has_as_many_names_and_bundles_as_can_be_asked_for_and_kept():
    one = {"name": "n" * 256, "bundles": ["b" * 617] * 101}
    assert len(frames.read(found(*[one] * 16))["names"]) == 16, "the most of everything is not too large a frame"
    assert refused(found())
    assert refused(found(*[{"name": "n", "bundles": []}] * 17))
    assert refused(found(one | {"bundles": ["b"] * 102}))
    for wrong in ("", "b" * 618, "b c", "é", "b=", 1, None, ["b"]):
        assert refused(found(one | {"bundles": ["b", wrong]})), wrong
    for wrong in WRONG:
        assert wrong == [] or refused(found(one | {"bundles": wrong})), wrong
        assert refused(found(one | {"name": wrong})), wrong
    assert refused(found(one, {"name": "b"}))
    assert refused(found(one | {"more": 1}))


def test_the_version_of_a_bundle_is_from_1_and_of_four_bytes():
    assert frames.read(text(GOOD["published"] | {"version": 1}))["version"] == 1
    assert refused(text(GOOD["published"] | {"version": 0}))
    assert refused(text(GOOD["published"] | {"version": 2**32}))


def test_prekeys_may_be_none_and_are_never_longer_than_they_can_be():
    assert frames.read(text(GOOD["prekeys-taken"] | {"prekeys": ""}))["prekeys"] == ""
    assert frames.read(text(GOOD["prekeys-taken"] | {"prekeys": "p" * 223}))
    assert refused(text(GOOD["prekeys-taken"] | {"prekeys": "p" * 224}))
    assert refused(text(GOOD["prekeys-taken"] | {"prekeys": "p\n"}))


def test_no_member_has_the_number_0():
    assert refused(text(JOINED | {"you": 0}))
    assert refused(text(JOINED | {"members": [{"member": 0, "name": "Zoë"}]}))
    assert refused(text(GOOD["member-joined"] | {"member": 0}))
    assert refused(text(GOOD["member-left"] | {"member": 0}))


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-23T20:42:34.123",
        AT + " ",
        "2026-11-23 20:42:34.123Z",
        "2026x11-23T20:42:34.123Z",
        "x" * 24,
        "2026-11-23T20:42:34,123Z",
        "20\uff126-11-23T20:42:34.123",
        "2026-11-23T20-42-34.123Z",
        "+026-11-23T20:42:34.123Z",
    ],
)
def test_a_time_in_another_form_is_refused(at):
    assert refused(text(GOOD["entries"] | {"entries": [entry(1, "b", at=at)]}))


@pytest.mark.parametrize(
    "data",
    [
        "",
        "{",
        "null",
        "[]",
        '"pong"',
        "1",
        '{"type":["pong"]}',
        '{"type":null}',
        '{"type":"Pong"}',
        '{"Type":"pong"}',
        '{"type":"pong"}{"type":"pong"}',
        '{"type":"pong"} x',
        "{'type':'pong'}",
        '{"type":"pong",}',
        "NaN",
        "\ufeff{}",
        '{"type":"appended","room":"r","id":"a","seq":1e3}',
        '{"type":"appended","room":"r","id":"a","seq":NaN}',
        '{"type":"appended","room":"r","id":"a","seq":Infinity}',
        '{"type":"appended","room":"r","id":"a","seq":1.0}',
        '{"type":"left","room":"\\ud83d\\ud83d"}',
        '{"type":"left","room":"\\udc00"}',
    ],
)
def test_text_that_is_no_frame_is_refused(data):
    assert refused(data)


@pytest.mark.parametrize("data", [b'{"type":"pong"}', None, 1, ["pong"], bytearray(b"x")], ids=repr)
def test_a_frame_that_is_no_text_is_refused(data):
    assert refused(data)


def test_two_thousand_and_a_million_levels_are_refused():
    for levels in (2_000, 500_000):
        assert refused("[" * levels + "]" * levels)
        assert refused('{"type":"left","room":' + "[" * levels + "]" * levels + "}")
        assert refused('{"a":' * (levels // 5) + "1" + "}" * (levels // 5))


def test_a_number_of_a_hundred_thousand_digits_is_refused():
    assert refused('{"type":"appended","room":"r","id":"a","seq":' + "9" * 100_000 + "}")


def test_a_frame_past_the_limit_is_not_even_parsed():
    pong = '{"type":"pong"}'
    assert frames.read(pong + " " * (frames.FRAME_CHARACTERS - len(pong))) == {"type": "pong"}
    assert refused(pong + " " * (frames.FRAME_CHARACTERS - len(pong) + 1))


def test_the_largest_entries_frame_of_the_relay_is_read():
    """At most 262,144 bytes, or one entry of any size."""
    every = [entry(seq, "x" * 65_000) for seq in (1, 2, 3, 4)]
    assert len(frames.read(text(GOOD["entries"] | {"entries": every}))["entries"]) == 4


def test_the_limits_count_characters():
    longest = "👋" * 512
    assert frames.read(text({"type": "left", "room": longest}))["room"] == longest
    assert refused(text({"type": "left", "room": longest + "e"}))
    assert refused(text(GOOD["entries"] | {"entries": [entry(1, "é" * 65_537)]}))


def only_a_frame_or_bad_frame(data):
    try:
        frame = frames.read(data)
    except BadFrame:
        return
    assert frame["type"] in GOOD


@given(st.text(st.characters(codec=None)))
def test_any_text_is_a_frame_or_bad_frame(data):
    only_a_frame_or_bad_frame(data)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=70)
ANY_JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*JOINED, "id"]) | st.text(), inner)
)


@given(ANY_JSON)
def test_any_json_is_a_frame_or_bad_frame(value):
    only_a_frame_or_bad_frame(json.dumps(value))


@given(st.sampled_from(list(GOOD.values())), st.data())
def test_any_change_of_a_good_frame_is_a_frame_or_bad_frame(frame, data):
    member = data.draw(st.sampled_from(list(frame)))
    only_a_frame_or_bad_frame(json.dumps(frame | {member: data.draw(ANY_JSON)}))


@given(st.sampled_from(list(GOOD.values())), st.data())
def test_any_letter_changed_in_a_good_frame_gives_a_frame_or_bad_frame(frame, data):
    letters = list(text(frame)[:500])
    letters[data.draw(st.integers(0, len(letters) - 1))] = data.draw(st.characters(codec=None))
    only_a_frame_or_bad_frame("".join(letters))


def test_what_is_written_is_json_that_reads_back():
    frame = {"type": "append", "room": 'a"b\\\n👋', "kind": "message", "id": "a", "body": "b"}
    assert json.loads(frames.write(frame)) == frame


def test_a_rooms_address_is_its_level_and_its_name():
    assert frames.room_address("classic", "a/b") == "classic/a/b"
