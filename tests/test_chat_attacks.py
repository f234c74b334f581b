"""What a relay, or someone who can write to it, may try on the pages: each attempt is refused or marked, and said."""

import json
import os

import pytest

from people import WORDS, classic_joined, forge, joined
from person import at_both_levels
from protocol.envelope import PBKDF2, Parameters, passphrase_fields, write_passphrase
from protocol.levels.passphrase import header
from protocol.padding import LEAST
from reference import ReferencePlatform, run
from relay_client import RelayClient

SHARED = WORDS.decode()
PLATFORM = ReferencePlatform()


@pytest.fixture
def mallory(server):
    """Writes to the relay as no page would; knows the passphrase only where a test says so."""
    with RelayClient(server.websocket_url) as client:
        yield client


def address(level: str, room: str = "kitchen") -> str:
    return f"{level.lower()}/{room}"


def last_body(client: RelayClient, room: str) -> str:
    """The newest body in a room's log."""
    newest = client.join(room, "Mallory")["newest"]
    return client.entries(room, newest)[-1]["body"]


def altered(body: str) -> str:
    """The body with one letter of its ciphertext changed."""
    at = body.index("ciphertext") + 20 if body.startswith("{") else len(body) - 150
    return body[:at] + ("A" if body[at] != "A" else "B") + body[at + 1 :]


# ------------------------------------------------------------------------------------------ from outside


@at_both_levels
def test_a_body_that_is_not_encrypted_is_refused_and_said(alice, bob, mallory, level):
    alice.joins("kitchen", SHARED, level)
    room = address(level)
    mallory.join(room, "Bob")
    mallory.appended(room, "hello, it is me, Bob")
    mallory.appended(room, json.dumps({"text": "hello, it is me, Bob"}))
    rows = alice.until(lambda: [row for row in alice.rows() if row.code == "not-encrypted"][1:], "two refusals")
    assert "is not encrypted" in rows[0].text
    alice.sees_talk()
    bob.joins("kitchen", SHARED, level)
    bob.says("the true Bob")
    alice.sees("the true Bob", by="Bob")


def test_a_body_of_a_lower_level_is_refused_although_its_passphrase_is_right(alice, mallory):
    alice.joins("kitchen", SHARED)
    mallory.join(address("Passphrase"), "Bob")
    mallory.appended(address("Passphrase"), run(classic_joined("Bob").seal("hello")))
    alice.sees_refusal("other-level")
    alice.sees_talk()


def test_a_body_of_a_higher_level_is_refused_too(alice, mallory):
    alice.joins("kitchen", SHARED, "Classic")
    mallory.join(address("Classic"), "Bob")
    mallory.appended(address("Classic"), forge(joined("Bob")))
    alice.sees_refusal("other-level")
    alice.sees_talk()


@at_both_levels
def test_an_altered_message_is_refused_and_the_next_one_still_opens(alice, bob, mallory, level):
    alice.joins("kitchen", level=level)
    bob.joins("kitchen", level=level)
    alice.says("pay 10 to Bob")
    bob.sees("pay 10 to Bob")
    mallory.appended(address(level), altered(last_body(mallory, address(level))))
    for each in (alice, bob):
        each.sees_refusal("bad-signature" if level == "Passphrase" else "cannot-open")
    alice.says("thank you")
    bob.sees_talk("Alice: pay 10 to Bob", "Alice: thank you")


@at_both_levels
def test_a_message_that_is_repeated_is_shown_once_and_the_repeat_is_said(alice, bob, mallory, level):
    alice.joins("kitchen", level=level)
    bob.joins("kitchen", level=level)
    alice.says("pay 10 to Bob")
    bob.sees("pay 10 to Bob")
    mallory.appended(address(level), last_body(mallory, address(level)))
    for each in (alice, bob):
        each.sees_refusal("replayed")
        each.sees_talk("Alice: pay 10 to Bob")


def test_a_message_moved_to_another_room_is_refused_although_the_passphrase_is_the_same(alice, bob, mallory):
    alice.joins("garden")
    alice.says("yes, do it")
    alice.sees("yes, do it", state="relayed")
    bob.joins("kitchen")
    body = last_body(mallory, address("Passphrase", "garden"))
    mallory.join(address("Passphrase"), "Alice")
    mallory.appended(address("Passphrase"), body)
    bob.sees_refusal("bad-signature")
    bob.sees_talk()


def test_an_entry_of_an_unknown_kind_is_a_row_that_says_so(alice, mallory):
    alice.joins("kitchen")
    mallory.join(address("Passphrase"), "Bob")
    mallory.appended(address("Passphrase"), "anything", kind="epoch")
    alice.sees_refusal("unknown-kind")


@at_both_levels
def test_a_flood_of_unknown_keys_delays_no_message_whose_key_is_known(alice, bob, mallory, level):
    alice.joins("kitchen", level=level)
    bob.joins("kitchen", level=level)
    alice.says("before")
    bob.sees("before")
    mallory.join(address(level), "Mallory")
    for _ in range(30):
        mallory.appended(address(level), with_unknown_key(level))
    alice.says("after")
    bob.sees("after")
    waiting = [row for row in bob.rows() if row.kind == "waiting"]
    assert len(waiting) >= 20
    assert "waiting for a key" in waiting[0].text


def with_unknown_key(level: str) -> str:
    """A body that looks right, and takes a slow derivation to find out that it does not open."""
    if level == "Classic":
        iv, ciphertext, salt = [PLATFORM.base64url(os.urandom(size)) for size in (12, 40, 16)]
        return f'{{"iv":"{iv}","ciphertext":"{ciphertext}","salt":"{salt}"}}'
    private, public = run(PLATFORM.ed25519_generate())
    parameters = Parameters(PBKDF2, 600_000, os.urandom(16))
    fields = passphrase_fields(parameters, public, "Mallory", 0, 0, bytes(32))
    ciphertext = os.urandom(LEAST + 16)
    signature = run(PLATFORM.ed25519_sign(private, header(b"kitchen", fields) + ciphertext))
    return write_passphrase(PLATFORM, fields, ciphertext, signature)


# ------------------------------------------------------------------------------------------ names


def test_at_level_classic_a_name_is_only_the_relays_word(alice, mallory):
    alice.joins("kitchen", SHARED, "Classic")
    mallory.join(address("Classic"), "Bob")
    mallory.appended(address("Classic"), run(classic_joined("Mallory").seal("hello")))
    alice.sees("hello", by="Bob")


def test_at_level_passphrase_a_name_is_the_signers_whatever_the_relay_says(alice, mallory):
    alice.joins("kitchen", SHARED)
    mallory.join(address("Passphrase"), "Bob")
    mallory.appended(address("Passphrase"), forge(joined("Mallory"), "hello"))
    alice.sees("hello", by="Mallory")


def test_a_session_that_changes_its_name_is_refused(alice, mallory):
    alice.joins("kitchen", SHARED)
    mallory.join(address("Passphrase"), "Mallory")
    mallory.appended(address("Passphrase"), forge(joined("Mallory"), "hello"))
    mallory.appended(address("Passphrase"), forge(joined("Mallory"), "hello", name="Bob", counter=1))
    alice.sees_refusal("session-changed")
    alice.sees_talk("Mallory: hello")


def test_who_poses_under_anothers_name_has_another_tag(alice, bob, mallory):
    alice.joins("kitchen", SHARED)
    bob.joins("kitchen", SHARED)
    bob.says("I am Bob")
    mallory.join(address("Passphrase"), "Bob")
    mallory.appended(address("Passphrase"), forge(joined("Bob"), "I am Bob, too"))
    assert alice.sees("I am Bob", by="Bob").tag != alice.sees("I am Bob, too", by="Bob").tag


# ------------------------------------------------------------------------------------------ order


def test_a_withheld_message_leaves_a_gap_that_is_marked_and_so_is_its_late_arrival(alice, mallory):
    room, session = address("Passphrase"), joined("Bob")
    one, two, three = [forge(session, text, counter=i) for i, text in enumerate(("one", "two", "three"))]
    alice.joins("kitchen", SHARED)
    mallory.join(room, "Bob")
    mallory.appended(room, one)
    mallory.appended(room, three)
    assert alice.sees("one").warnings == ""
    marked = alice.sees("three")
    assert marked.code == "gap"
    assert marked.warnings.startswith("1 message of this sender before this one has not arrived")
    mallory.appended(room, two)
    assert alice.sees("two").code == "late"
    mallory.appended(room, forge(session, "four", counter=3))
    assert alice.sees("four").warnings == ""


def test_two_members_who_are_shown_different_logs_are_told_so(alice, mallory):
    alice.joins("kitchen", SHARED)
    alice.says("for the others this reads differently")
    alice.sees("for the others this reads differently", state="relayed")
    room = address("Passphrase")
    mallory.join(room, "Bob")
    mallory.appended(room, forge(joined("Bob"), "I agree", anchor=(1, bytes(32))))
    marked = alice.sees("I agree", by="Bob")
    assert marked.code == "forked"
    assert "the relay tells you different things" in marked.warnings


def test_a_message_that_stands_before_what_its_sender_had_seen_is_marked(alice, mallory):
    alice.joins("kitchen", SHARED)
    room = address("Passphrase")
    mallory.join(room, "Bob")
    mallory.appended(room, forge(joined("Bob"), "as you say", anchor=(7, bytes(32))))
    assert alice.sees("as you say").code == "out-of-order"


def test_honest_talk_is_marked_nowhere(alice, bob):
    alice.joins("kitchen")
    bob.joins("kitchen")
    for i in range(5):
        alice.says(f"Alice {i}")
        bob.says(f"Bob {i}")
    for each in (alice, bob):
        each.until(lambda each=each: len(each.messages()) == 10, "all ten arrive")
        each.sees("Alice 4", state="" if each is bob else "relayed")
        assert not [row for row in each.rows() if row.warnings or row.kind == "refusal"]
