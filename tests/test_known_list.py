"""The list that a device has kept of a room: written, read strictly, and gone on from."""

import struct

import pytest

from known_answers import sized
from known_roster import ALICE, BOB, CAROL, ROOM, entry, hash_of, list_part, people
from protocol.errors import Refusal
from protocol.identity_envelope import MEMBERS_PREFIX, read_members
from protocol.levels.known_list import KnownList
from reference import ReferencePlatform, run

PLATFORM = ReferencePlatform()
PART = list_part(ALICE, ROOM, 3, b"\x07" * 32, people(ALICE, BOB), time=1_800_000_000)
HEAD = b"\x01" + sized(b"L1") + struct.pack(">QQ", 9, 1_800_000_100)


def read(octets):
    return KnownList.read(PLATFORM, ROOM, octets)


def code(octets):
    try:
        read(octets)
    except Refusal as refusal:
        return refusal.code
    return "read"


def test_what_was_kept_is_read_as_it_was():
    known = read(HEAD + PART)
    assert (known.log, known.epoch, known.seen, known.list.number) == ("L1", 9, 1_800_000_100, 3)
    assert [member.name for member in known.list.members] == ["Alice", "Bob \U0001f44b"]
    assert known.list_hash == hash_of(ROOM, PART)
    assert known.octets() == HEAD + PART


def test_what_is_kept_of_a_list_that_was_read_is_these_bytes():
    body = entry(ALICE, 0, bytes(32), people(ALICE, BOB), 1)
    one = read_members(PLATFORM, body).list
    data = PLATFORM.from_base64url(body[len(MEMBERS_PREFIX) :])
    kept = KnownList(ROOM, "log-2", one, 1, 7).octets()
    assert kept == b"\x01" + sized(b"log-2") + struct.pack(">QQ", 1, 7) + data[: len(one.fields) + 64]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x00" + (HEAD + PART)[1:],
        b"\x02" + (HEAD + PART)[1:],
        HEAD + PART + b"\x00",
        b"\x01" + sized(b"\xff") + struct.pack(">QQ", 9, 1) + PART,
        b"\x01" + sized(b"x" * 65) + struct.pack(">QQ", 9, 1) + PART,
    ],
)
def test_what_is_no_known_list_is_malformed(octets):
    assert code(octets) == "malformed"


def test_a_known_list_that_is_cut_is_malformed():
    for end in range(len(HEAD + PART)):
        assert code((HEAD + PART)[:end]) == "malformed", end


def test_a_kept_key_that_is_no_safe_one_is_refused():
    assert code(HEAD + PART[:44] + bytes(32) + PART[76:]) == "bad-identity"


def test_the_latest_times_and_numbers_are_read():
    octets = (
        b"\x01" + sized(b"L1") + b"\xff" * 16 + list_part(ALICE, ROOM, 2**32 - 1, bytes(32), people(ALICE), 2**64 - 1)
    )
    known = read(octets)
    assert (known.epoch, known.seen, known.list.time, known.list.number) == (2**64 - 1,) * 3 + (2**32 - 1,)
    assert known.octets() == octets


def test_only_an_admin_of_it_counts_as_one():
    known = read(HEAD + PART)
    assert [known.has_admin(one.public) for one in (ALICE, BOB, CAROL)] == [True, False, False]


def test_a_page_goes_on_from_it_and_refuses_what_does_not_follow():
    state = read(HEAD + PART).roster(MEMBERS_PREFIX)
    follows = run(state.apply(PLATFORM, entry(ALICE, 4, hash_of(ROOM, PART), people(ALICE), 10)))
    assert (follows.list.number, follows.epoch) == (4, 10)
    # Epochs may have been begun since then of which nothing is kept, though no list is missing.
    assert run(state.apply(PLATFORM, entry(ALICE, 4, hash_of(ROOM, PART), people(ALICE), 20))).epoch == 20
    later = run(state.apply(PLATFORM, entry(ALICE, 9, b"\x01" * 32, people(ALICE), 30), missing=True))
    assert (later.list.number, later.epoch) == (9, 30)
    for signer, number, epoch, expected in (
        (ALICE, 3, 10, "old-list"),
        (ALICE, 4, 9, "old-epoch"),
        (BOB, 9, 30, "forked-list"),
    ):
        previous = hash_of(ROOM, PART) if number == 4 else b"\x01" * 32
        with pytest.raises(Refusal) as refusal:
            run(state.apply(PLATFORM, entry(signer, number, previous, people(ALICE, BOB), epoch), missing=True))
        assert refusal.value.code == expected
