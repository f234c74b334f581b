"""Anchors: what a sender had been shown, against what we were shown."""

from hashlib import sha256

from protocol.levels import anchors as module
from protocol.levels.anchors import NOTHING, Anchors


def hash_of(body):
    return sha256(body.encode()).digest()


def shown(*bodies, first=1):
    anchors = Anchors()
    for seq, body in enumerate(bodies, first):
        anchors.note(seq, body)
    return anchors


def code(warning):
    return warning and warning.code


def test_nothing_shown_is_seq_0_and_a_hash_of_zeros():
    assert Anchors().newest == NOTHING == (0, bytes(32))
    assert Anchors().check(1, *NOTHING) is None


def test_the_newest_entry_shown_is_the_anchor_of_what_we_write():
    assert shown("a", "b").newest == (2, hash_of("b"))


def test_an_anchor_to_the_same_body_is_quiet():
    assert shown("a", "b").check(3, 1, hash_of("a")) is None


def test_an_anchor_to_another_body_shows_a_fork():
    assert code(shown("a", "b").check(3, 2, hash_of("B"))) == "forked"


def test_an_anchor_to_an_entry_that_we_were_never_shown_shows_a_fork():
    anchors = shown("a")
    anchors.note(3, "c")
    assert code(anchors.check(4, 2, hash_of("b"))) == "forked"


def test_an_anchor_not_below_the_messages_own_seq_shows_another_order():
    anchors = shown("a", "b")
    assert code(anchors.check(2, 2, hash_of("b"))) == "out-of-order"
    assert code(anchors.check(2, 2**64 - 1, bytes(32))) == "out-of-order"


def test_what_the_relay_no_longer_keeps_is_not_checked():
    anchors = Anchors()
    anchors.complete_from(5)
    anchors.note(5, "e")
    assert anchors.check(6, 4, hash_of("anything")) is None
    assert code(anchors.check(6, 5, hash_of("anything"))) == "forked"


def test_an_older_beginning_of_the_log_does_not_bring_checks_back():
    anchors = Anchors()
    anchors.complete_from(5)
    anchors.complete_from(1)
    assert anchors.check(6, 3, bytes(32)) is None


def test_an_entry_noted_again_when_its_key_is_there_changes_nothing():
    anchors = shown("a", "b")
    anchors.note(1, "another")
    assert (anchors.newest, anchors.check(3, 1, hash_of("a"))) == ((2, hash_of("b")), None)


def test_only_so_many_entries_are_remembered_and_older_anchors_are_not_checked(monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED", 3)
    anchors = shown(*"abcde")
    assert sorted(anchors.hashes) == [3, 4, 5]
    assert anchors.check(6, 2, bytes(32)) is None
    assert code(anchors.check(6, 3, bytes(32))) == "forked"


def test_the_hash_is_that_of_the_bodys_utf8():
    assert shown("é👋").newest[1] == sha256("é👋".encode()).digest()
