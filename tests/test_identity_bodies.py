"""Bodies of messages and of shared keys at level identity: what they can be, and what is written."""

import struct

import pytest

from known_answers import b64
from known_roster import ALICE, BOB
from protocol.errors import BadInput, Refusal
from protocol.identity import ORDER_8
from protocol.identity_bodies import (
    FIELDS,
    HISTORY_PREFIX,
    MEANINGS,
    MESSAGE_PREFIX,
    SHARED,
    history_fields,
    message_fields,
    message_parts,
    read_history,
    read_message,
    write,
)
from reference import ReferencePlatform

PLATFORM = ReferencePlatform()
SESSION, HASH, ANCHOR = b"s" * 16, b"h" * 32, b"a" * 32
HEADER = struct.pack(">32s16sQ32sIQ32s", ALICE.public, SESSION, 2**64 - 1, HASH, 2**32 - 1, 2**64 - 1, ANCHOR)
CIPHERTEXT, SIGNATURE = b"c" * 272, b"S" * 64
SMALL = [bytes(32), bytes.fromhex(ORDER_8[0]), b"\xff" * 32]


def message(data=HEADER + CIPHERTEXT + SIGNATURE):
    return MESSAGE_PREFIX + b64(data)


def history(count=2, sealed=None, first=2**64 - 1, tail=b""):
    fields = struct.pack(">32s32sQH", ALICE.public, BOB.public, first, count)
    return HISTORY_PREFIX + b64(fields + (b"x" * (48 + 32 * count) if sealed is None else sealed) + SIGNATURE + tail)


def code(read, body):
    try:
        read(PLATFORM, body)
    except Refusal as refusal:
        return refusal.code
    return "read"


# Messages


def test_a_message_is_taken_apart_and_put_together_with_the_largest_numbers():
    body = read_message(PLATFORM, message())
    assert (body.sender, body.session, body.list_hash) == (ALICE.public, SESSION, HASH)
    assert (body.epoch, body.counter, body.anchor_seq) == (2**64 - 1, 2**32 - 1, 2**64 - 1)
    assert (body.anchor_hash, body.ciphertext, body.signature) == (ANCHOR, CIPHERTEXT, SIGNATURE)
    assert (
        body.fields == HEADER == message_fields(ALICE.public, SESSION, 2**64 - 1, HASH, 2**32 - 1, (2**64 - 1, ANCHOR))
    )
    assert (body.public, body.speaker, body.constant) == (ALICE.public, ALICE.public + SESSION, b"")
    assert write(PLATFORM, MESSAGE_PREFIX, HEADER + CIPHERTEXT + SIGNATURE) == message()


def test_the_parts_of_a_message_are_its_octets_in_their_order():
    parts = message_parts(PLATFORM, message())
    assert b"".join(octets for _, octets in parts) == HEADER + CIPHERTEXT + SIGNATURE
    assert [field for field, _ in parts] == [field for field, _ in FIELDS] + ["ct", "sig"]
    assert {field for field, _ in parts} == set(MEANINGS)


def test_a_message_that_is_cut_is_malformed():
    data = HEADER + CIPHERTEXT + SIGNATURE
    for end in range(len(data)):
        assert code(read_message, message(data[:end])) == "malformed", end


def test_a_ciphertext_is_no_shorter_than_the_least_padding():
    assert code(read_message, message(HEADER + CIPHERTEXT[:-1] + SIGNATURE)) == "malformed"
    assert code(read_message, message(HEADER + CIPHERTEXT + b"c" + SIGNATURE)) == "read"


@pytest.mark.parametrize("octets", SMALL)
def test_a_sender_that_is_no_safe_key_is_refused(octets):
    assert code(read_message, message(octets + HEADER[32:] + CIPHERTEXT + SIGNATURE)) == "bad-identity"


@pytest.mark.parametrize("read", [read_message, read_history, message_parts])
@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("", "not-encrypted"),
        ("hello", "not-encrypted"),
        ("passphrase-1.AAAA", "other-level"),
        ("identity-members-1.AAAA", "other-level"),
    ],
)
def test_a_body_of_something_else_is_refused(read, body, found):
    assert code(read, body) == found


@pytest.mark.parametrize("read", [read_message, read_history])
def test_a_body_of_the_other_kind_is_refused(read):
    assert code(read, message() if read is read_history else history()) == "other-level"


@pytest.mark.parametrize("spoilt", ["=", "A", " ", "\n", "é", "."])
def test_a_body_has_one_spelling(spoilt):
    for read, body in ((read_message, message()), (read_history, history())):
        assert code(read, body + spoilt) == "malformed"
    with pytest.raises(Refusal):
        message_parts(PLATFORM, message() + spoilt)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": b"x" * 31},
        {"session": b"x" * 17},
        {"epoch": -1},
        {"epoch": 2**64},
        {"epoch": True},
        {"list_hash": b""},
        {"counter": 2**32},
        {"anchor": (2**64, ANCHOR)},
        {"anchor": (0, b"")},
    ],
)
def test_no_field_of_another_size_is_written(wrong):
    right = {"sender": ALICE.public, "session": SESSION, "epoch": 1, "list_hash": HASH, "counter": 0}
    with pytest.raises(BadInput):
        message_fields(**right | {"anchor": (0, ANCHOR)} | wrong)


# Former keys


def test_shared_keys_are_taken_apart_and_put_together():
    entry = read_history(PLATFORM, history())
    assert (entry.sender, entry.recipient, entry.first, entry.count) == (ALICE.public, BOB.public, 2**64 - 1, 2)
    assert (entry.sealed, entry.signature) == (b"x" * 112, SIGNATURE)
    assert entry.fields == history_fields(ALICE.public, BOB.public, 2**64 - 1, 2)


def test_at_least_one_and_at_most_a_thousand_keys_are_shared_at_once():
    assert code(read_history, history(count=SHARED)) == "read" and SHARED == 1_000
    assert code(read_history, history(count=1)) == "read"
    for count in (0, SHARED + 1):
        assert code(read_history, history(count=count)) == "malformed"
        with pytest.raises(BadInput):
            history_fields(ALICE.public, BOB.public, 1, count)
    assert history_fields(ALICE.public, BOB.public, 1, SHARED)[-2:] == b"\x03\xe8"


def test_shared_keys_that_are_cut_or_too_many_are_malformed():
    data = PLATFORM.from_base64url(history()[len(HISTORY_PREFIX) :])
    for end in range(len(data)):
        assert code(read_history, HISTORY_PREFIX + b64(data[:end])) == "malformed", end
    assert code(read_history, history(tail=b"\x00")) == "malformed"


@pytest.mark.parametrize("octets", SMALL)
@pytest.mark.parametrize("start", [0, 32])
def test_shared_keys_are_of_and_for_safe_keys(octets, start):
    data = PLATFORM.from_base64url(history()[len(HISTORY_PREFIX) :])
    body = HISTORY_PREFIX + b64(data[:start] + octets + data[start + 32 :])
    assert code(read_history, body) == "bad-identity"
