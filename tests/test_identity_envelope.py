"""The form of a `members` entry: what no list can be, and what is written."""

import struct

import pytest

from known_identity import SEEDS
from known_roster import ALICE, BOB, CAROL, ROOM, Person, Signer, body_of, entry, epoch_part, hash_of, list_part, people
from protocol.errors import BadInput, Refusal
from protocol.identity import ORDER_8, OurIdentity
from protocol.identity_envelope import (
    MEMBERS,
    MEMBERS_PREFIX,
    Member,
    epoch_fields,
    list_fields,
    read_members,
    write_members,
)
from protocol.roster import Roster, sign_epoch, sign_list
from protocol.roster import hash_of as roster_hash
from reference import ReferencePlatform, run

PLATFORM = ReferencePlatform()


def code(body):
    try:
        read_members(PLATFORM, body)
    except Refusal as refusal:
        return refusal.code
    return "read"


def malformed(members, count=None, **how):
    part = list_part(ALICE, ROOM, how.get("number", 0), how.get("previous", bytes(32)), members)
    if count is not None:
        part = part[:76] + bytes([count]) + part[77:]
    return body_of(part, epoch_part(ALICE, ROOM, hash_of(ROOM, part), 1, len(members)))


@pytest.mark.parametrize(
    "body",
    [
        malformed(people(ALICE, BOB), count=3),
        malformed(people(ALICE, BOB), count=1),
        malformed(people(ALICE, BOB), count=MEMBERS + 1),
        malformed([*people(ALICE, BOB), Person(BOB.public, False, "Robert")]),
        malformed([*people(ALICE, BOB), Person(CAROL.public, False, "Bob \U0001f44b")]),
        malformed(people(ALICE, BOB, admins=())),
        malformed([*people(ALICE), Person(BOB.public, 2, "Bob")]),
        malformed([*people(ALICE), Person(BOB.public, False, "")]),
        malformed([*people(ALICE), Person(BOB.public, False, " Bob")]),
        malformed([*people(ALICE), Person(BOB.public, False, "B\u200bob")]),
        malformed([*people(ALICE), Person(BOB.public, False, "x" * 65)]),
        malformed(people(ALICE), previous=b"\x01" * 32),
        malformed(people(ALICE)) + "AAAA",
        malformed(people(ALICE))[:-4],
        malformed(people(ALICE)) + "=",
        "identity-members-1.",
    ],
)
def test_a_body_that_is_no_list_is_malformed(body):
    assert code(body) == "malformed"


def test_a_name_that_is_no_text_is_malformed():
    good = malformed([*people(ALICE), Person(BOB.public, False, "ab")])
    data = PLATFORM.from_base64url(good[len(MEMBERS_PREFIX) :])
    assert code(body_of(data.replace(b"ab", b"\xff\xfe"))) == "malformed"


def test_every_body_that_is_cut_is_malformed():
    data = PLATFORM.from_base64url(malformed(people(ALICE, BOB))[len(MEMBERS_PREFIX) :])
    for end in range(len(data)):
        # Cut between its parts it is a change without an epoch, which is malformed as well.
        assert code(body_of(data[:end])) == "malformed", end


def test_a_list_of_too_many_is_malformed():
    too_many = [Person(Signer(number).public, True, f"{number}") for number in range(MEMBERS + 1)]
    assert code(malformed(too_many)) == "malformed"
    assert code(entry(Signer(0), 0, bytes(32), too_many[:-1], 1)) == "read"


@pytest.mark.parametrize("octets", [bytes(32), bytes.fromhex(ORDER_8[0]), b"\xff" * 32])
def test_a_key_that_is_no_safe_one_is_nobodys(octets):
    assert code(malformed([*people(ALICE), Person(octets, False, "Bob")])) == "bad-identity"
    data = PLATFORM.from_base64url(malformed(people(ALICE))[len(MEMBERS_PREFIX) :])
    for start in (44, len(data) - 64 - 80 - 32 - 32):
        assert code(body_of(data[:start] + octets + data[start + 32 :])) == "bad-identity"


@pytest.mark.parametrize(
    ("body", "found"), [("", "not-encrypted"), ("hello", "not-encrypted"), ("passphrase-1.AAAA", "other-level")]
)
def test_a_body_of_something_else_is_refused(body, found):
    assert code(body) == found


# What we write


def test_what_is_written_is_what_the_specification_says():
    ours = run(OurIdentity.from_seed(PLATFORM, SEEDS[0]))
    members = [Member(ours.public, "Alice", admin=True), Member(BOB.public, "Bob")]
    signed = run(sign_list(PLATFORM, ours, ROOM, Roster(ROOM).next_fields(1_800_000_000, ours.public, members)))
    list_hash = roster_hash(ROOM, signed[:-64])
    epoch = epoch_fields(1, ours.public, bytes(32), [bytes(80)] * 2)
    body = write_members(PLATFORM, signed, run(sign_epoch(PLATFORM, ours, ROOM, list_hash, epoch)))

    same = Signer(0)
    same.public, same.private = ours.public, ours.signing
    known = [Person(ours.public, True, "Alice"), Person(BOB.public, False, "Bob")]
    part = list_part(same, ROOM, 0, bytes(32), known, time=1_800_000_000)
    assert list_hash == hash_of(ROOM, part)
    assert body == body_of(part, epoch_part(same, ROOM, list_hash, 1, 2))

    roster = run(Roster(ROOM).apply(PLATFORM, body))
    assert (roster.list.time, [member.octets for member in roster.list.members]) == (
        1_800_000_000,
        [person.octets() for person in known],
    )
    assert roster.next_fields(7, BOB.public, roster.list.members[:1])[:36] == struct.pack(">I", 1) + list_hash


def test_the_largest_list_is_read_and_one_more_member_is_not_written():
    signers = [Signer(number) for number in range(MEMBERS + 1)]
    long_names = [f"{number:03}" + "\U0001f44b" * 61 for number in range(MEMBERS + 1)]
    members = [Member(one.public, name, admin=True) for one, name in zip(signers, long_names, strict=True)]
    with pytest.raises(BadInput):
        list_fields(0, bytes(32), 0, signers[0].public, members)
    known = [Person(member.identity, True, member.name) for member in members[:MEMBERS]]
    body = entry(signers[0], 0, bytes(32), known, 1)
    assert len(body) <= 65_536
    read = read_members(PLATFORM, body)
    assert len(read.list.members) == len(read.epoch.wrapped) == MEMBERS
