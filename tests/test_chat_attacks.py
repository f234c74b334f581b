"""What people read when somebody attacks. That each attack is refused or marked at all, test_attack_matrix.py shows."""

import json

import pytest

from people import WORDS, classic_joined, forge, joined
from person import at_both_levels
from reference import run
from relay_client import RelayClient

SHARED = WORDS.decode()


@pytest.fixture
def mallory(server):
    """Writes to the relay as no page would; knows the passphrase only where a test says so."""
    with RelayClient(server.websocket_url) as client:
        yield client


def address(level: str, room: str = "kitchen") -> str:
    return f"{level.lower()}/{room}"


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


# ------------------------------------------------------------------------------------------ names


def test_at_level_classic_a_name_is_only_the_relays_word(alice, mallory):
    alice.joins("kitchen", SHARED, "Classic")
    mallory.join(address("Classic"), "Bob")
    mallory.appended(address("Classic"), run(classic_joined("Mallory").seal("hello")))
    alice.sees("hello", by="Bob")


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
