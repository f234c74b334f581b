"""Lists of members and the epochs that begin on them: web/protocol/identity.md, sections 5.1 to 5.5.

From the specification alone, as all of identity_peer*.py.
"""

import hashlib
from typing import NamedTuple

from identity_peer_keys import (
    LABEL,
    Fields,
    Identity,
    Refused,
    check_identity,
    check_signature,
    groups,
    hkdf,
    hpke_seal,
    of_base64url,
    sized,
    to_body,
    uint,
)

PREFIX, NO_LIST, MOST_MEMBERS = "identity-members-1.", bytes(32), 128
KINDS = ("passphrase-1.", "identity-1.", PREFIX, "identity-history-1.")
OTHERS = ('{"iv":"', *KINDS, *["lab-" + kind for kind in KINDS])  # bodies of other levels, and other kinds of bodies


class Member(NamedTuple):
    identity: bytes
    is_admin: bool
    name: str

    def encode(self) -> bytes:
        return self.identity + bytes([self.is_admin]) + sized(self.name.encode())


class MemberList(NamedTuple):
    room: str  # without its level
    number: int
    previous: bytes
    time: int  # seconds since 1970-01-01 UTC
    signer: bytes
    members: tuple[Member, ...]

    def fields(self) -> bytes:
        head = uint(self.number, 4) + self.previous + uint(self.time, 8) + self.signer
        return head + bytes([len(self.members)]) + b"".join(member.encode() for member in self.members)

    def signed(self) -> bytes:
        return LABEL + b"list" + sized(self.room.encode()) + self.fields()

    def hash(self) -> bytes:
        return hashlib.sha256(self.signed()).digest()

    def member(self, identity: bytes) -> Member | None:
        return next((member for member in self.members if member.identity == identity), None)

    def has_admin(self, identity: bytes) -> bool:
        member = self.member(identity)
        return member is not None and member.is_admin

    def room_number(self) -> str:
        encoded = b"".join(member.encode() for member in self.members)
        return groups(LABEL + b"room number" + sized(self.room.encode()) + encoded)


class Epoch(NamedTuple):
    number: int
    wrapper: bytes
    commitment: bytes
    wrapped: tuple[bytes, ...]  # enc || ct, in the order of the list

    def fields(self) -> bytes:
        return uint(self.number, 8) + self.wrapper + self.commitment + b"".join(self.wrapped)

    def signed(self, members: MemberList) -> bytes:
        return LABEL + b"epoch" + sized(members.room.encode()) + members.hash() + self.fields()


class MembersEntry(NamedTuple):
    list: MemberList
    list_sig: bytes
    epoch: Epoch | None


# Made


def commitment(epoch_key: bytes) -> bytes:
    return hkdf(epoch_key, None, LABEL + b"commitment")


def wrap_info(members: MemberList, number: int, wrapper: bytes) -> bytes:
    return LABEL + b"wrap" + sized(members.room.encode()) + uint(number, 8) + members.hash() + wrapper


def make_epoch(wrapper: Identity, members: MemberList, number: int, random) -> Epoch:
    """Draws the key of the epoch, and then one ephemeral key for each member, in the order of the list."""
    key, info = random(32), wrap_info(members, number, wrapper.public)
    wrapped = tuple(hpke_seal(member.identity, info, key, random) for member in members.members)
    return Epoch(number, wrapper.public, commitment(key), wrapped)


def members_body(
    members: MemberList, list_sig: bytes, wrapper: Identity | None = None, epoch: Epoch | None = None
) -> str:
    data = members.fields() + list_sig
    if epoch:
        data += epoch.fields() + wrapper.sign(epoch.signed(members))
    return to_body(PREFIX, data)


# Read


def without_prefix(body: str, prefix: str) -> bytes:
    """Raises Refused: `other-level`, `not-encrypted`, `malformed`."""
    if not body.startswith(prefix):
        raise Refused("other-level" if body.startswith(OTHERS) else "not-encrypted")
    return of_base64url(body[len(prefix) :])


def read_members(room: str, body: str) -> MembersEntry:
    """All checks of 5.4 that need no other entry. Raises Refused: the above, `bad-identity`, `bad-signature`."""
    data = Fields(without_prefix(body, PREFIX))
    members, list_sig = read_list(room, data), data.take(64)
    epoch, epoch_sig = (read_epoch(data, len(members.members)), data.take(64)) if data.data else (None, None)
    data.end()
    if epoch is None and members.member(members.signer):  # it is no leave of its signer's
        raise Refused("malformed")
    for identity in [member.identity for member in members.members] + [members.signer]:
        check_identity(identity)
    if epoch:
        check_identity(epoch.wrapper)
    check_signature(members.signer, list_sig, members.signed())
    if epoch:
        check_signature(epoch.wrapper, epoch_sig, epoch.signed(members))
    return MembersEntry(members, list_sig, epoch)


def read_list(room: str, data: Fields) -> MemberList:
    head = data.number(4), data.take(32), data.number(8), data.take(32)
    found = MemberList(room, *head, tuple(read_member(data) for _ in range(data.number(1))))
    members = found.members
    for column in ([member.identity for member in members], [member.name for member in members]):
        if len(column) > MOST_MEMBERS or len(set(column)) < len(column):
            raise Refused("malformed")
    if members and not any(member.is_admin for member in members):
        raise Refused("malformed")
    if found.number == 0 and found.previous != NO_LIST:
        raise Refused("malformed")
    return found


def read_member(data: Fields) -> Member:
    identity, flags = data.take(32), data.number(1)
    if flags > 1:
        raise Refused("malformed")
    return Member(identity, flags == 1, data.name())


def read_epoch(data: Fields, count: int) -> Epoch:
    return Epoch(data.number(8), data.take(32), data.take(32), tuple(data.take(80) for _ in range(count)))


# Judged


class Membership:
    """The newest list of a room and its epoch, from the entries accepted so far: 5.3 and 5.4.

    newest:       MemberList, None before the first
    list_sig:     that of the newest list
    epoch:        number of the last accepted epoch, 0 before the first
    has_epoch:    whether the newest list has it, or is a leave after which nobody has begun one
    lacks_lists, lacks_epochs: whether some after the newest ones are no longer kept by the relay
    """

    def __init__(self):
        self.newest, self.list_sig, self.epoch, self.has_epoch = None, b"", 0, False
        self.lacks_lists = self.lacks_epochs = False

    def accept(self, entry: MembersEntry) -> list[str]:
        """-> what a page says besides: `unproven`, `changes-missing`, or nothing. Raises Refused, and is as before."""
        says = self.judge_list(entry) if self.newest else self.judge_first(entry.list)
        if entry.epoch:
            if not entry.list.member(entry.epoch.wrapper):
                raise Refused("not-a-member")
            self.judge_epoch(entry.epoch.number)
            self.epoch, self.lacks_epochs = entry.epoch.number, False
        self.newest, self.list_sig = entry.list, entry.list_sig
        self.has_epoch, self.lacks_lists = entry.epoch is not None, False
        return says

    def judge_list(self, entry: MembersEntry) -> list[str]:
        new, newest = entry.list, self.newest
        if new == newest and entry.epoch:
            return []
        if new.number <= newest.number:
            raise Refused("old-list")
        if new.number == newest.number + 1 and new.previous == newest.hash():
            if not newest.member(new.signer):
                raise Refused("not-a-member")
            others = tuple(member for member in newest.members if member.identity != new.signer)
            if not newest.has_admin(new.signer) and new.members != others:
                raise Refused("not-an-admin")
            return []
        if self.lacks_lists and new.number > newest.number + 1 and newest.has_admin(new.signer):
            return ["changes-missing"]
        raise Refused("forked-list")

    def judge_first(self, new: MemberList) -> list[str]:
        """Of the first list that is seen: only an opening says itself who might sign it."""
        if new.number == 0 and not new.member(new.signer):
            raise Refused("not-a-member")
        if new.number == 0 and not new.has_admin(new.signer):
            raise Refused("not-an-admin")
        return []

    def judge_epoch(self, number: int) -> None:
        if number <= self.epoch:
            raise Refused("old-epoch")
        if self.epoch and number > self.epoch + 1 and not self.lacks_epochs:
            raise Refused("forked-epoch")
