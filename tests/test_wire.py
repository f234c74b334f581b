"""What the relay sees: entries kept within bounds, and taken apart so that nothing is added and nothing is lost."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from identity_room import settle, world
from known_answers import b64, every
from lab.attacks.attack import Accomplice
from lab.conversation import Talk
from lab.levels import LAB, LabPassphrase
from people import classic_joined, entry, forge, joined, opened
from protocol.encoding import uint
from protocol.envelope import PASSPHRASE_FIELDS
from protocol.errors import WrongPassphrase
from protocol.identity_bodies import FIELDS as IDENTITY_FIELDS
from protocol.ladder import LADDER
from protocol.levels import Changed, Opened, Waiting
from protocol.levels.changes import Add, Remove
from protocol.padding import pad, padded_size, texts_of
from protocol.wire import CHARACTERS, ENTRIES, FORGOTTEN, UNOPENED, Wire
from ratchet_room import Device, Page, met, pair
from reference import ReferencePlatform, run

PLATFORM = ReferencePlatform()
LEVELS = [*LADDER.levels, *LAB.levels]
CLASSIC, PASSPHRASE = every()["classic"][0]["body"], every()["passphrase"][0]["body"]
TALK = Talk(PLATFORM, LADDER.of("identity"))
run(TALK.hold("meet at noon"))
IDENTITY = TALK.said[0].entry["body"]
ALICE, BOB = met()
ALICE.says("meet at noon")
BEGIN, RATCHET = [one["body"] for one in ALICE.relay.entries]
BODIES = {
    "classic": CLASSIC,
    "passphrase": PASSPHRASE,
    "identity": IDENTITY,
    "ratchet": RATCHET,
    "lab-classic": CLASSIC,
    "lab-passphrase": "lab-" + PASSPHRASE,
    "lab-identity": "lab-" + IDENTITY,
}
FIELDS = {
    "classic": ["iv", "ciphertext", "salt"],
    "passphrase": [name for name, _ in PASSPHRASE_FIELDS] + ["ct", "sig"],
    "identity": [name for name, _ in IDENTITY_FIELDS] + ["ct", "sig"],
    "ratchet": ["session", "dh", "pn", "n", "ct"],
}
every_level = pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.id)


def at(seq, body, **more):
    return entry(seq, body, row=f"s0-{seq}", **more)


def pane_of(level, one, outcome=None, padding=True):
    wire = Wire()
    wire.keep(one, outcome)
    return wire.pane(PLATFORM, level, f"{level.id}/kitchen", one["row"], padding)


def characters(part):
    """What a part stands for where it is not spelt in base64url."""
    return bytes.fromhex(part.shown).decode() if part.is_hex else part.shown


def body_again(pane):
    """The body that a pane shows: characters as they stand, and the fields between them, joined, in base64url."""
    if [part.name for part in pane.body] == ["body"]:
        return characters(pane.body[0])
    body, run_of_fields = "", b""
    for part in pane.body:
        if part.name:
            run_of_fields += bytes.fromhex(part.shown)
        else:
            body, run_of_fields = body + b64(run_of_fields) + part.shown, b""
    return body + b64(run_of_fields)


def leak(pane, what):
    return dict(pane.leaks)[what]


# An entry, taken apart


@every_level
def test_the_fields_of_a_body_have_the_names_of_the_specification_and_give_the_body_again(level):
    body = BODIES[level.id]
    pane = pane_of(level, at(1, body))
    assert [part.name for part in pane.body if part.name] == FIELDS[level.id.removeprefix("lab-")]
    assert all(part.meaning and part.is_hex for part in pane.body if part.name)
    assert body_again(pane) == pane.stored == body
    assert pane.characters == len(body)
    assert all(len(part.shown.replace(" ", "")) == 2 * part.size for part in pane.body if part.is_hex)


@every_level
def test_the_members_of_an_entry_are_shown_as_the_relay_has_them(level):
    one = at(7, BODIES[level.id], id="an-id", name="Jürgen")
    pane = pane_of(level, one)
    shown = [(part.name, part.shown, part.size) for part in pane.members]
    assert shown == [
        ("room", f"{level.id}/kitchen", len(level.id) + 8),
        ("seq", "7", 0),
        ("kind", "message", 7),
        ("id", "an-id", 5),
        ("name", "Jürgen", 7),
        ("at", one["at"], 24),
    ]


@every_level
@pytest.mark.parametrize("body", ["I never said this", "passphrase-1.", PASSPHRASE[:150], CLASSIC + " ", "{}", "lab-"])
def test_a_body_that_cannot_be_taken_apart_is_shown_as_it_is(level, body):
    pane = pane_of(level, at(1, body))
    [part] = pane.body
    assert (part.name, part.shown, part.is_hex) == ("body", body, False)
    assert body_again(pane) == body
    assert leak(pane, "Length") == f"{len(body)} bytes, with whatever stands in them"


def test_what_would_not_give_the_body_again_is_not_taken_apart():
    class Lenient(LabPassphrase):
        """A level to come that takes two spellings of one body."""

        @classmethod
        def parts(cls, platform, body):
            return super().parts(platform, body.strip())

    honest, other = BODIES["lab-passphrase"], BODIES["lab-passphrase"] + " "
    assert [part.name for part in pane_of(Lenient, at(1, honest)).body if part.name] == FIELDS["passphrase"]
    assert body_again(pane_of(Lenient, at(1, other))) == other


@pytest.mark.parametrize("text", ["line\nline", "nul\x00", "\u202emirror", "e\u200bq", "\x7f", "\n"])
def test_what_a_page_cannot_show_as_it_is_is_shown_in_hexadecimal(text):
    pane = pane_of(LabPassphrase, at(1, text, name=text))
    parts = [*(part for part in pane.members if part.name == "name"), *pane.body]
    assert [part.is_hex for part in parts] == [True, True]
    assert [characters(part) for part in parts] == [text, text]
    assert leak(pane, "Name").startswith("a name that cannot be shown")


PIECES = st.sampled_from(
    ["passphrase-1.", "lab-passphrase-1.", CLASSIC, PASSPHRASE, '{"iv":"', '","salt":"', "A" * 500]
)
ANY_BODY = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=80),
    st.lists(st.one_of(PIECES, st.text("AQ_-=. \x00é", max_size=9)), min_size=1, max_size=6).map("".join).filter(len),
    st.binary(max_size=600).map(lambda data: "passphrase-1." + b64(data)),
    st.binary(max_size=600).map(lambda data: "lab-passphrase-1." + b64(data)),
)


@every_level
@given(body=ANY_BODY, name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), padding=st.booleans())
@example(body="passphrase-1." + b64(bytes(180)), name="Alice", padding=False)
@settings(max_examples=60, deadline=None)
def test_whatever_comes_is_shown_whole_and_gives_the_body_again(level, body, name, padding):
    pane = pane_of(level, at(1, body, name=name), None, padding)
    assert body_again(pane) == body
    assert characters(next(part for part in pane.members if part.name == "name")) == name
    assert all(words for _, words in pane.leaks)


# What it tells the relay


def sealed(level, text):
    """(entry, outcome) of what this session says."""
    one = at(1, run(level.seal(text)))
    [outcome] = opened(level, one)
    assert isinstance(outcome, Opened)
    return one, outcome


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (1, "1 to 255 bytes"),
        (255, "1 to 255 bytes"),
        (256, "256 to 271 bytes"),
        (271, "256 to 271 bytes"),
        (272, "272 to 287 bytes"),
        (511, "496 to 511 bytes"),
        (512, "512 to 543 bytes"),
        (16_384, "16,384 to 17,407 bytes"),
    ],
)
def test_with_padding_the_length_of_a_text_is_told_only_roughly(size, told):
    level = joined()
    pane = pane_of(level, *sealed(level, "x" * size))
    assert leak(pane, "Length") == f"the text has {told}: padding hides how many"
    assert pane.note == ""


def test_the_lengths_that_are_told_are_all_and_only_those_that_padding_makes_alike():
    by_size = {}
    for length in range(1, 3_000):
        by_size.setdefault(len(pad(bytes(length))), []).append(length)
    by_size.pop(max(by_size))  # its texts are not all below 3,000
    assert {size: (lengths[0], lengths[-1]) for size, lengths in by_size.items()} == {
        size: texts_of(size) for size in by_size
    }
    assert [size for size in range(-20, max(by_size)) if texts_of(size)] == sorted(by_size)[:-1]
    assert padded_size(255) == 256


def test_without_padding_the_relay_would_know_the_length_and_the_ciphertext_begins_as_it_was_sent():
    level, text = joined(), "é" * 6
    one, outcome = sealed(level, text)
    as_sent, without = pane_of(level, one, outcome), pane_of(level, one, outcome, padding=False)
    assert leak(without, "Length") == "the text has exactly 12 bytes"
    assert without.note and without.stored == ""
    shown, sent = ({part.name: part for part in pane.body} for pane in (without, as_sent))
    assert sent.keys() == shown.keys()
    assert shown["ct"].size == 12 + 16 and shown["sig"].size == 64
    assert shown["ct"].shown.replace(" ", "") == sent["ct"].shown.replace(" ", "")[:24] + "??" * 16
    assert shown["sig"].shown.replace(" ", "") == "??" * 64
    same = [name for name in sent if sent[name].shown == shown[name].shown]
    assert same == [name for name in sent if name not in ("ct", "sig")]
    # The claim itself: the same text, sealed without padding under the same key, nonce and header.
    really = forge(level, padded=text.encode(), anchor=level.anchors.newest)
    assert without.characters == len(really)
    parts = dict(level.parts(PLATFORM, forge(level, padded=text.encode())))
    assert parts["ct"][:12].hex() == shown["ct"].shown.replace(" ", "")[:24]


def test_where_no_text_is_known_it_is_shown_as_it_came_and_said_so():
    one = at(1, PASSPHRASE)
    for outcome in (WrongPassphrase(), Waiting(b"key")):
        pane = pane_of(LabPassphrase, at(1, BODIES["lab-passphrase"]), outcome, padding=False)
        assert pane.note == UNOPENED and body_again(pane) == BODIES["lab-passphrase"]
    assert body_again(pane_of(LADDER.of("passphrase"), one, WrongPassphrase(), padding=False)) == PASSPHRASE


@pytest.mark.parametrize("padding", [True, False])
def test_classic_has_no_padding_and_says_so(padding):
    level = classic_joined()
    pane = pane_of(level, *sealed(level, "x" * 300), padding)
    assert leak(pane, "Length") == "the text has exactly 300 bytes, as this level does not pad"
    assert pane.note == "" and body_again(pane) == pane.stored


def test_a_length_that_no_honest_page_makes_is_called_so():
    level = joined()
    pane = pane_of(level, at(1, forge(level, padded=bytes(300))))
    assert leak(pane, "Length") == "ct has 316 bytes, which no honest page makes"


@every_level
def test_what_leaks_is_named_with_the_values_of_this_message(level):
    pane = pane_of(level, at(1, BODIES[level.id], name="Alice"))
    assert [what for what, _ in pane.leaks] == ["Room", "Time", "Name", "Session", "Length", "Address"]
    assert f"{level.id}/kitchen" in leak(pane, "Room")
    assert leak(pane, "Time") == at(1, "")["at"]
    assert leak(pane, "Name").startswith("Alice,")


# Lists of members, and shared keys


def room_of_three(level):
    """A room's entries, in which Alice has added Bob and Carol, told Carol what was before, and Bob has left."""
    people = [run(Accomplice.made(PLATFORM, name)) for name in ("Alice", "Bob", "Carol")]
    alice, bob, carol = sessions = [run(level.start(PLATFORM, "kitchen", one.name, one)) for one in people]
    entries = []

    def append(control):
        entries.append(at(len(entries) + 1, control.body, kind=control.kind))
        first, *_ = [run(session.open([entries[-1]])) for session in sessions]
        outcomes.extend(first)

    outcomes = []
    run(alice.prepare())
    append(run(alice.control(False)))
    for one in people[1:]:
        alice.steward.wish(Add(one.ours.public, one.name))
        append(run(alice.control(False)))
    alice.steward.to_share.append(carol.ours.public)
    append(run(alice.control(False)))
    run(bob.prepare())
    bob.steward.wish(Remove(bob.ours.public))
    append(run(bob.control(False)))
    assert all(isinstance(outcome, Changed) for outcome in outcomes), outcomes
    return people, entries, outcomes


LIST = ["number", "previous", "time", "signer", "count"]
MEMBER, KEY, EPOCH = ["identity", "flags", "name"], ["enc", "ct"], ["epoch", "wrapper", "commitment"]
with_lists = pytest.mark.parametrize(
    "level", [level for level in LEVELS if level.has_duties and not level.of_two], ids=lambda level: level.id
)


def numbered(names, count):
    return [f"{name} {number}" for number in range(1, count + 1) for name in names]


@with_lists
def test_a_list_of_members_and_its_epoch_are_taken_apart_and_give_the_body_again(level):
    people, entries, outcomes = room_of_three(level)
    panes = [pane_of(level, *both) for both in zip(entries, outcomes, strict=True)]
    names = [[part.name for part in pane.body if part.name] for pane in panes]
    assert names[0] == [*LIST, *MEMBER, "list_sig", *EPOCH, *KEY, "epoch_sig"]
    assert names[2] == [*LIST, *numbered(MEMBER, 3), "list_sig", *EPOCH, *numbered(KEY, 3), "epoch_sig"]
    assert names[3] == ["sender", "recipient", "first", "count", "enc", "ct", "sig"]
    assert names[4] == [*LIST, *numbered(MEMBER, 2), "list_sig"]  # who leaves begins no epoch
    for one, pane in zip(entries, panes, strict=True):
        assert body_again(pane) == pane.stored == one["body"] and pane.note == ""
        assert all(part.meaning and part.is_hex for part in pane.body if part.name)
    shown = {part.name: bytes.fromhex(part.shown) for part in panes[2].body if part.is_hex}
    assert [shown[f"identity {number}"] for number in (1, 2, 3)] == [one.ours.public for one in people]
    assert shown["name 3"] == b"\0\0\0\x05Carol" and shown["number"] == uint(2, 4, "number")


@with_lists
def test_without_padding_nothing_else_is_shown_of_a_list(level):
    _, entries, outcomes = room_of_three(level)
    for one, outcome in zip(entries, outcomes, strict=True):
        pane = pane_of(level, one, outcome, padding=False)
        assert pane.note == "" and body_again(pane) == pane.stored == one["body"]


@with_lists
def test_the_relay_learns_who_is_in_who_is_an_admin_who_changed_it_and_when(level):
    people, entries, outcomes = room_of_three(level)
    opened, _, third, shared, left = [pane_of(level, *both) for both in zip(entries, outcomes, strict=True)]
    assert leak(third, "Members") == "“Alice”, an admin; “Bob”; “Carol”. Each by name and key"
    assert leak(opened, "Change").startswith("list 0, by “Alice”, at 20")
    assert leak(third, "Key") == "room key 3 begins, by “Alice”: when, and not which"
    alice, _, carol = [one.ours.public[:4].hex() for one in people]
    assert leak(shared, "Shared") == (
        f"the key {alice}... to the key {carol}...: 2 former keys, from number 1 on, and not which they are"
    )
    assert "Key" not in dict(left.leaks)
    assert [what for what, _ in left.leaks] == ["Room", "Time", "Name", "Members", "Change", "Address"]


@with_lists
@given(cut=st.integers(0, 900), more=st.binary(max_size=3), kind=st.sampled_from(["members", "history"]))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_as_a_list_is_shown_whole_and_gives_the_body_again(level, cut, more, kind):
    prefix = {"members": level.members_prefix, "history": level.history_prefix}[kind]
    data = b"\0" * 76 + b"\x02" + (b"\xff" * 33 + b"\0\0\0\x01\xff") * 2 + b"\xff" * 700
    for body in (prefix + b64(data[:cut] + more), prefix + "A" * (cut % 80), prefix):
        pane = pane_of(level, at(1, body, kind=kind))
        assert body_again(pane) == body and all(words for _, words in pane.leaks)


# Beginnings of conversations


@pytest.mark.parametrize("with_opk", [True, False])
def test_a_beginning_is_taken_apart_and_gives_the_body_again_and_tells_who_begins_with_whom(with_opk):
    alice, bob, relay = pair()
    bob.published = bob.published if with_opk else []
    Page(alice, relay).reads().begins_with(bob)
    [one] = relay.entries
    pane = pane_of(LADDER.of("ratchet"), at(1, one["body"], kind="begin"))
    taken = ["identity", "ephemeral", "spk", "count", *(["opk"] if with_opk else [])]
    rest = ["name", "recipient", "recipient_name", "lost", "dh", "pn", "n", "ct", "sig"]
    assert [part.name for part in pane.body if part.name] == taken + rest
    assert body_again(pane) == pane.stored == one["body"] and all(part.meaning for part in pane.body if part.name)
    assert leak(pane, "Conversation") == "“Alice” begins it with “Bob”: both by name and key, and signed"
    assert [what for what, _ in pane.leaks] == ["Room", "Time", "Name", "Conversation", "Address"]


def test_a_beginning_of_who_has_lost_the_keys_tells_the_relay_so():
    alice, bob = met()
    again = Page(Device("Alice", 1), alice.relay).reads()
    again.begins_with(bob.device)
    pane = pane_of(LADDER.of("ratchet"), at(2, alice.relay.entries[-1]["body"], kind="begin"))
    assert "lost the keys" in leak(pane, "Device")


@given(cut=st.integers(0, 400), more=st.binary(max_size=3))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_as_a_beginning_is_shown_whole_and_gives_the_body_again(cut, more):
    level = LADDER.of("ratchet")
    data = PLATFORM.from_base64url(BEGIN.partition(".")[2])
    for body in (
        "ratchet-begin-1." + b64(data[:cut] + more),
        "ratchet-begin-1." + "A" * (cut % 80),
        "ratchet-begin-1.",
    ):
        pane = pane_of(level, at(1, body, kind="begin"))
        assert body_again(pane) == body and all(words for _, words in pane.leaks)


# What is kept


def kept(wire, row):
    pane = wire.pane(PLATFORM, LabPassphrase, "lab-passphrase/kitchen", row)
    return pane and pane.note != FORGOTTEN


def test_lists_of_members_are_kept_of_whomever_they_are_and_stand_at_a_notice():
    alice, bob = world("Alice", "Bob").pages
    alice.adds(bob)
    settle(alice, bob)
    alice.says("hello")
    settle(alice, bob)
    for page, kinds in ((alice, ["members", "members", "message"]), (bob, ["members", "members"])):
        kept = page.session.wire.entries()
        assert [one["kind"] for one in kept] == kinds
        rows = [page.show.by_id[one["row"]]["kind"] for one in kept]
        assert rows == ["notice" if kind == "members" else "message" for kind in kinds]
        pane = page.session.wire.pane(PLATFORM, page.level, "identity/den", kept[0]["row"])
        assert leak(pane, "Members") == "“Alice”, an admin. Each by name and key"


def test_only_levels_of_the_lab_are_open_to_view():
    assert [level.open_to_view for level in LEVELS] == [level in LAB.levels for level in LEVELS]


def test_only_the_newest_are_kept_and_of_older_ones_it_is_known_that_they_were():
    wire = Wire()
    for seq in range(1, ENTRIES + 3):
        assert wire.has_dropped() is (seq > ENTRIES + 1)
        wire.keep(at(seq, "x"), None)
    assert [one["seq"] for one in wire.entries()] == list(range(3, ENTRIES + 3))
    assert wire.entry("s0-2") is None and wire.entry("n1") is None
    assert [kept(wire, f"s0-{seq}") for seq in (1, 2, 3, ENTRIES + 2)] == [False, False, True, True]
    assert len(wire.order) == ENTRIES
    wire.renew(at(1, "x"), None)  # its key came late
    assert kept(wire, "s0-1") is False and len(wire.order) == wire.characters == ENTRIES


def test_long_bodies_count_by_their_characters():
    wire, longest = Wire(), 65_536
    most = CHARACTERS // longest
    for seq in range(1, most + 2):
        wire.keep(at(seq, "x" * longest), None)
    assert [kept(wire, "s0-1"), kept(wire, "s0-2")] == [False, True]
    assert wire.characters == most * longest


def test_an_entry_that_opens_later_is_kept_once_with_what_came_of_it():
    level = joined()
    one, outcome = sealed(level, "hello")
    wire = Wire()
    wire.keep(one, Waiting(b"key"))
    wire.renew(one, outcome)
    wire.renew(at(2, "not kept"), outcome)
    assert wire.order == ["s0-1"] and wire.characters == len(one["body"])
    assert wire.kept == {"s0-1": (one, outcome)} and wire.entry("s0-1") == (one, outcome)
