"""The key of an epoch: made, wrapped to each member, opened, shared; against the formulas over pyca/cryptography."""

import struct
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from known_answers import sized
from known_identity import LABEL, SEEDS, KnownIdentity, sealed_for
from known_roster import ROOM, verifies
from protocol.encoding import Reader
from protocol.epoch import begin, message_key, open_shared, share, unwrap, wrap_info
from protocol.errors import BadInput, Refusal
from protocol.identity import OurIdentity
from protocol.identity_bodies import HistoryEntry
from protocol.identity_envelope import Member, SignedEpoch
from reference import ReferencePlatform, run

PLATFORM = ReferencePlatform()
KNOWN = [KnownIdentity(seed) for seed in SEEDS]
OURS = [run(OurIdentity.from_seed(PLATFORM, seed)) for seed in SEEDS]
MEMBERS = [Member(one.public, f"{number}") for number, one in enumerate(OURS)]
LIST_HASH, KEY = b"h" * 32, b"k" * 32
LAST = 2**64 - 1


def derived(salt, info):
    return HKDF(SHA256(), 32, salt, LABEL + info).derive(KEY)


def begun(number=7, members=MEMBERS, key=KEY):
    """(the part of a body, its SignedEpoch): epoch `number`, which the first of KNOWN has begun."""
    ephemeral = b"".join(bytes([9 + place]) * 32 for place in range(len(members)))
    part = run(begin(ReferencePlatform(key + ephemeral), OURS[0], ROOM, LIST_HASH, number, members))
    return part, SignedEpoch(Reader(part), len(members))


def state(epoch, members=MEMBERS, list_hash=LIST_HASH):
    return SimpleNamespace(current=epoch, list_hash=list_hash, list=SimpleNamespace(members=members))


def opened(who, *arguments, room=ROOM, **how):
    return run(unwrap(PLATFORM, OURS[who], room, state(*arguments, **how)))


def code(work, *arguments, **how):
    with pytest.raises(Refusal) as refusal:
        work(*arguments, **how)
    return refusal.value.code


@pytest.mark.parametrize("number", [1, 7, LAST])
def test_a_new_key_is_wrapped_to_each_member_as_the_specification_says_and_signed(number):
    part, epoch = begun(number)
    info = LABEL + b"wrap" + sized(ROOM) + struct.pack(">Q", number) + LIST_HASH + KNOWN[0].public
    assert wrap_info(ROOM, number, LIST_HASH, KNOWN[0].public) == info
    assert (epoch.number, epoch.wrapper, epoch.commitment) == (number, KNOWN[0].public, derived(b"", b"commitment"))
    assert [one.opens(wrapped, info) for one, wrapped in zip(KNOWN, epoch.wrapped, strict=True)] == [KEY] * 3
    signed = LABEL + b"epoch" + sized(ROOM) + LIST_HASH + part[:-64]
    assert verifies(KNOWN[0].public, part[-64:], signed)


def test_no_two_epochs_have_one_key():
    parts = [run(begin(PLATFORM, OURS[0], ROOM, LIST_HASH, 1, MEMBERS)) for _ in range(2)]
    assert len({SignedEpoch(Reader(part), 3).commitment for part in parts}) == 2


def test_an_epoch_after_the_last_number_is_not_begun():
    with pytest.raises(BadInput):
        begun(LAST + 1)


def test_each_member_opens_its_own_and_nobody_else_has_any():
    _, epoch = begun()
    assert [opened(who, epoch) for who in range(3)] == [KEY] * 3
    _, epoch = begun(members=MEMBERS[:2])
    assert opened(2, epoch, MEMBERS[:2]) is None


def test_what_another_sealed_by_the_formulas_opens():
    _, epoch = begun()
    info = wrap_info(ROOM, 7, LIST_HASH, OURS[0].public)
    epoch.wrapped[1] = sealed_for(KNOWN[1].x25519_public, info, KEY)
    assert opened(1, epoch) == KEY


def test_a_wrapped_key_is_of_one_room_list_epoch_and_wrapper():
    _, epoch = begun()
    assert code(opened, 1, epoch, room=b"other") == "bad-wrap"
    assert code(opened, 1, epoch, list_hash=b"H" * 32) == "bad-wrap"
    for field, other in (("number", 8), ("wrapper", OURS[2].public)):
        _, epoch = begun()
        setattr(epoch, field, other)
        assert code(opened, 1, epoch) == "bad-wrap"


def test_a_key_that_is_not_the_one_of_the_others_is_noticed_by_who_got_it_alone():
    _, epoch = begun()
    epoch.wrapped[1] = sealed_for(KNOWN[1].x25519_public, wrap_info(ROOM, 7, LIST_HASH, OURS[0].public), b"K" * 32)
    assert code(opened, 1, epoch) == "bad-wrap"
    assert opened(0, epoch) == opened(2, epoch) == KEY
    epoch.wrapped[1] = epoch.wrapped[2]
    assert code(opened, 1, epoch) == "bad-wrap"
    epoch.wrapped[1] = bytes(80)  # an ephemeral key of small order
    assert code(opened, 1, epoch) == "bad-wrap"


def test_the_key_of_a_message_is_of_one_session_and_sender():
    session = b"s" * 16
    assert run(message_key(PLATFORM, KEY, session, b"A" * 32)) == derived(session, b"key" + b"A" * 32)
    others = [(session, b"B" * 32), (b"S" * 16, b"A" * 32)]
    assert len({run(message_key(PLATFORM, KEY, *one)) for one in [*others, (session, b"A" * 32)]}) == 3


# Former keys


def shared(first, keys):
    return run(share(PLATFORM, OURS[0], ROOM, OURS[1].public, first, keys))


def test_former_keys_are_sealed_to_one_member_and_signed():
    keys = [bytes([number]) * 32 for number in range(3)]
    entry = HistoryEntry(octets := shared(5, keys))
    assert (entry.sender, entry.recipient, entry.first, entry.count) == (OURS[0].public, OURS[1].public, 5, 3)
    label = LABEL + b"history" + sized(ROOM) + octets[:74]
    assert KNOWN[1].opens(entry.sealed, label) == b"".join(keys)
    assert verifies(KNOWN[0].public, octets[-64:], label + entry.sealed)
    assert run(open_shared(PLATFORM, OURS[1], ROOM, entry)) == list(zip((5, 6, 7), keys, strict=True))


def test_former_keys_of_the_last_numbers_open_and_no_thousand_of_them_takes_long():
    entry = HistoryEntry(shared(LAST, [KEY] * 1_000))
    opened = run(open_shared(PLATFORM, OURS[1], ROOM, entry))
    assert (opened[0], opened[-1][0], len(opened)) == ((LAST, KEY), LAST + 999, 1_000)


def test_former_keys_open_for_nobody_else_and_nowhere_else():
    entry = HistoryEntry(shared(5, [KEY]))
    for who, room in ((2, ROOM), (1, b"other")):
        assert code(lambda who=who, room=room: run(open_shared(PLATFORM, OURS[who], room, entry))) == "other-key"


def test_former_keys_that_are_fewer_than_said_are_none():
    entry = HistoryEntry(shared(5, [KEY, KEY]))
    entry.sealed = sealed_for(KNOWN[1].x25519_public, LABEL + b"history" + sized(ROOM) + entry.fields, KEY)
    assert code(lambda: run(open_shared(PLATFORM, OURS[1], ROOM, entry))) == "other-key"


@pytest.mark.parametrize("keys", [[], [KEY] * 1_001])
def test_no_key_and_more_than_a_thousand_are_not_shared_at_once(keys):
    with pytest.raises(BadInput):
        shared(1, keys)
