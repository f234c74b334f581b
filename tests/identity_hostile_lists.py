"""Entries of kind `members` that are refused, as identity_hostile_messages.py has them."""

from identity_hostile_messages import OTHER_KIND
from identity_peer_keys import hpke_seal, of_base64url, to_body
from identity_peer_list import NO_LIST, PREFIX, Epoch, Member, MemberList, members_body, read_members, wrap_info
from identity_story import IDENTITIES, NEUTRAL, NOON, OUT_OF_RANGE, PUBLIC, changed

ALICE, BOB, CAROL, MALLORY = [IDENTITIES[name] for name in ("Alice", "Bob", "Carol", "Mallory")]
SIGNER, COUNT, FLAGS = 44, 76, 109 + 1 + 4 + 5 + 32  # places in `fields`; the flags are Bob's, behind Alice
LIST_SIG = 77 + 3 * (32 + 1 + 4) + 5 + 3 + 5
WRAPPER = -(64 + 3 * 80 + 32 + 32)  # of three members


def every(hostile):
    yield from forms(hostile)
    yield from names(hostile)
    yield from signatures(hostile)
    yield from places(hostile)
    yield from signers(hostile)
    yield from epochs(hostile)


def forms(hostile):
    alice, bob, carol = hostile.members.members
    good = by_alice(hostile)
    yield "not-encrypted", "a list that is JSON", "{}"
    yield "other-level", "a body of level passphrase as a list", "passphrase-1." + "A" * 40
    yield "other-level", "a message as a list of members", hostile.bodies[4], OTHER_KIND
    yield "malformed", "Bob twice", by_alice(hostile, (alice, bob, bob._replace(name="Bobby")))
    yield "malformed", "no admin", by_alice(hostile, (alice._replace(is_admin=False), bob, carol))
    yield "malformed", "flags that nobody has defined", changed(good, PREFIX, FLAGS, b"\2")
    yield "malformed", "more members than the count says", changed(good, PREFIX, COUNT, b"\2")
    yield "malformed", "a byte behind the end", to_body(PREFIX, of_base64url(good[len(PREFIX) :]) + b"\0")
    yield "malformed", "a wrapped key too few", hostile.entry(hostile.list(ALICE), wrapped=(bytes(80),) * 2)
    yield "malformed", "an opening that follows a list", by_alice(hostile, number=0)
    yield "malformed", "a change without an epoch", hostile.entry(hostile.list(ALICE), None)


def names(hostile):
    alice, bob, carol = hostile.members.members
    yield "malformed", "Carol under Bob's name", by_alice(hostile, (alice, bob, carol._replace(name="Bob")))
    bad = {"empty": "", "too long": "x" * 65, "not trimmed": "Bob ", "invisible": "B\u200bob"}
    bad["not in NFC"] = "Bo\u0308b"
    for what, name in bad.items():
        yield "malformed", f"a name that is {what}", by_alice(hostile, (alice, bob._replace(name=name), carol))


def signatures(hostile):
    alice, bob, _ = hostile.members.members
    good = by_alice(hostile)
    for what, identity in (("anybody can sign for", NEUTRAL), ("is out of range", OUT_OF_RANGE)):
        other = Member(identity, False, "Nobody")
        yield "bad-identity", f"a member that {what}", by_alice(hostile, (alice, bob, other))
        yield "bad-identity", f"a signer that {what}", changed(good, PREFIX, SIGNER, identity)
        yield "bad-identity", f"a wrapper that {what}", changed(good, PREFIX, WRAPPER, identity)
    yield "bad-signature", "a list that was changed", changed(good, PREFIX, FLAGS, b"\1")
    yield "bad-signature", "a list with another signature", changed(good, PREFIX, LIST_SIG, b"\7" * 32)
    others = (hostile.members.members[0], hostile.members.members[2])
    leave, _ = hostile.list(BOB, others)
    false = members_body(leave, MALLORY.sign(leave.signed()))
    yield "bad-signature", "a leave of Bob's that Mallory signed", false
    yield "bad-signature", "an epoch that was changed", changed(good, PREFIX, WRAPPER + 32, b"\7" * 32)
    yield "bad-signature", "a wrapped key that was changed", changed(good, PREFIX, -65, b"\7")
    yield "bad-signature", "a list of another room", hostile.entry(hostile.list(ALICE, room="cellar"))
    old = by_alice(hostile, number=1, previous=bytes(32))
    yield "bad-signature", "an old list that was changed besides", changed(old, PREFIX, -1, b"\x10")


def places(hostile):
    yield "old-list", "the opening again", hostile.bodies[1]
    yield "old-list", "another opening", by_alice(hostile, number=0, previous=NO_LIST)
    other = by_alice(hostile, number=1, previous=hostile.members.previous)
    yield "old-list", "another list in place of the newest", other
    yield "forked-list", "a list that follows one that nobody was shown", by_alice(hostile, previous=bytes(32))
    yield "forked-list", "a list that skips one", by_alice(hostile, number=hostile.members.number + 2)
    skips = hostile.entry(hostile.list(MALLORY, number=hostile.members.number + 2))
    yield "forked-list", "a list of Mallory's that skips one", skips


def signers(hostile):
    alice, bob, carol = hostile.members.members
    mallory = Member(PUBLIC["Mallory"], True, "Mallory")
    added = hostile.entry(hostile.list(MALLORY, (alice, bob, carol, mallory)), MALLORY)
    yield "not-a-member", "Mallory adds herself", added
    yield "not-a-member", "Mallory signs the same members anew", hostile.entry(hostile.list(MALLORY), BOB)
    yield "not-a-member", "Mallory leaves", hostile.entry(hostile.list(MALLORY), None)
    yield "not-a-member", "who is removed begins the epoch", hostile.entry(hostile.list(ALICE, (alice, bob)), CAROL)
    yield "not-an-admin", "Mallory begins the epoch of Bob's false change", hostile.entry(hostile.list(BOB), MALLORY)
    yield "not-an-admin", "Bob makes himself an admin", by_bob(hostile, (alice, bob._replace(is_admin=True), carol))
    yield "not-an-admin", "Bob signs the same members anew", by_bob(hostile, (alice, bob, carol))
    yield "not-an-admin", "Bob leaves and takes Carol with him", by_bob(hostile, (alice,), None)
    yield "not-an-admin", "Bob leaves and changes the order", by_bob(hostile, (carol, alice), None)
    heir = carol._replace(is_admin=True)
    yield "not-an-admin", "Bob leaves and makes Carol an admin", by_bob(hostile, (alice, heir), None)
    renamed = carol._replace(name="C")
    yield "not-an-admin", "Bob leaves and gives Carol another name", by_bob(hostile, (alice, renamed), None)


def epochs(hostile):
    yield "not-a-member", "Mallory begins an epoch", hostile.again(MALLORY)
    yield "old-epoch", "the newest entry again", hostile.bodies[3]
    yield "old-epoch", "another epoch in place of the newest", hostile.again(number=2)
    yield "old-epoch", "an epoch of the past with a new list", by_alice(hostile, epoch=1)
    yield "forked-epoch", "an epoch that skips one", hostile.again(number=4)
    yield "forked-epoch", "an epoch that skips one, with a new list", by_alice(hostile, epoch=2**64 - 1)


def by_alice(hostile, members=None, epoch: int = 3, **fields) -> str:
    """Signed by Alice, with an epoch of Bob's."""
    return hostile.entry(hostile.list(ALICE, members, **fields), number=epoch)


def by_bob(hostile, members, wrapper=BOB) -> str:
    return hostile.entry(hostile.list(BOB, members), wrapper)


def rewrapped(bob, body: str, recipient: bytes, key: bytes | None) -> str:
    """An entry of Bob's with another key for one member; None: 80 zeros, which are the seal of nothing."""
    entry = read_members(bob.room, body)
    info = wrap_info(entry.list, entry.epoch.number, entry.epoch.wrapper)
    other = hpke_seal(recipient, info, key, bob.random) if key else bytes(80)
    places = [member.identity for member in entry.list.members]
    wrapped = [other if place == recipient else one for place, one in zip(places, entry.epoch.wrapped, strict=True)]
    return members_body(entry.list, entry.list_sig, bob.identity, entry.epoch._replace(wrapped=tuple(wrapped)))


def openings(room: str):
    """Of a room that has no list yet: (code, what it is, body, the sentence that decides)."""
    alice, bob = Member(PUBLIC["Alice"], True, "Alice"), Member(PUBLIC["Bob"], False, "Bob")
    signer = "An opening is signed by an admin of its own list."

    def by(signer, members, wrapper, number=1):
        new = MemberList(room, 0, NO_LIST, NOON, signer.public, members)
        epoch = wrapper and Epoch(number, wrapper.public, bytes(32), (bytes(80),) * len(members))
        return members_body(new, signer.sign(new.signed()), wrapper, epoch)

    yield "not-a-member", "Mallory opens the room for Alice and Bob", by(MALLORY, (alice, bob), BOB), signer
    yield "not-an-admin", "Bob opens the room for Alice", by(BOB, (alice, bob), BOB), signer
    yield "not-a-member", "Mallory begins the first epoch", by(ALICE, (alice, bob), MALLORY), signer
    yield "not-a-member", "Mallory opens the room and is gone", by(MALLORY, (alice, bob), None), signer
    yield "not-a-member", "Mallory opens the room without a member", by(MALLORY, (), None), signer
    yield "old-epoch", "an opening with epoch 0", by(ALICE, (alice, bob), ALICE, number=0), "The first epoch is 1."
