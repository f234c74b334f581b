"""A member of a room at level identity, made from its specification alone: what tests hold our own level against.

Nothing of web/ is imported; web/protocol/identity.md is all that this and identity_peer_*.py were written from, besides
sections 1, 2, 4.3 to 4.5 of web/protocol/README.md. Keys: identity_peer_keys; lists and epochs: identity_peer_list;
bodies: identity_peer_bodies; reading: identity_peer_reader; the directory: identity_peer_directory.
"""

import os
import time
from typing import NamedTuple

from identity_peer_bodies import LONGEST_TEXT, Message, history_body, message_body, pad
from identity_peer_keys import Identity, Refused
from identity_peer_list import NO_LIST, Member, MemberList, make_epoch, members_body
from identity_peer_reader import PeerReader

DAY, MESSAGES_OF_AN_EPOCH, BETWEEN_REPAIRS = 24 * 3600, 1_000, 60  # seconds; section 5.4


class Append(NamedTuple):
    """What is to be appended; `if_newest` None: in any case."""

    kind: str
    body: str
    if_newest: int | None = None


class PeerRoom(PeerReader):
    """Reads as PeerReader does, and makes bodies. Nothing that it makes counts before it is read in the log.

    random: of a number of bytes, the bytes; drawn are 16 for the session at first, and what make_epoch() and
        hpke_seal() draw
    clock:  seconds since 1970-01-01 UTC
    """

    def __init__(self, identity: Identity, room: str, pinned=(), random=os.urandom, clock=time.time):
        super().__init__(identity, room, pinned, clock)
        self.random, self.session, self.counter = random, random(16), 0
        self.under_way = {}  # texts that were not yet read where they count, by counter
        self.outdated = []  # texts that came too late and are to be sealed again
        self.begun_at = -BETWEEN_REPAIRS

    # Lists

    def open_room(self, name: str, others: tuple[Member, ...] = ()) -> Append:
        members = (Member(self.identity.public, True, name), *others)
        return self.signed(0, NO_LIST, members)

    def open_again(self) -> Append:
        """In a log that began anew: the members of the list that was kept."""
        return self.signed(0, NO_LIST, self.kept.members)

    def add(self, identity: bytes, name: str) -> Append:
        return self.change((*self.membership.newest.members, Member(identity, False, name)))

    def remove(self, identity: bytes) -> Append:
        return self.change(tuple(one for one in self.membership.newest.members if one.identity != identity))

    def name_admin(self, identity: bytes) -> Append:
        return self.change(self.with_admin(self.membership.newest.members, identity))

    def confirm(self) -> Append:
        """Signs the same members anew, with the time."""
        return self.change(self.membership.newest.members)

    def leave(self, heir: bytes | None = None) -> Append:
        """`heir` becomes an admin; for an admin who leaves last of all admins."""
        me = self.identity.public
        others = tuple(member for member in self.membership.newest.members if member.identity != me)
        return self.change(self.with_admin(others, heir) if heir else others)

    @staticmethod
    def with_admin(members: tuple[Member, ...], identity: bytes) -> tuple[Member, ...]:
        return tuple(one._replace(is_admin=one.is_admin or one.identity == identity) for one in members)

    def change(self, members: tuple[Member, ...]) -> Append:
        newest = self.membership.newest
        return self.signed(newest.number + 1, newest.hash(), members)

    def signed(self, number: int, previous: bytes, members: tuple[Member, ...]) -> Append:
        new = MemberList(self.room, number, previous, int(self.clock()), self.identity.public, members)
        list_sig = self.identity.sign(new.signed())
        return self.appended(new, list_sig, new.member(self.identity.public) is not None)

    def begin_epoch(self) -> Append:
        """On the newest list as it is."""
        self.begun_at = self.clock()
        return self.appended(self.membership.newest, self.membership.list_sig, True)

    def appended(self, members: MemberList, list_sig: bytes, with_epoch: bool) -> Append:
        epoch = make_epoch(self.identity, members, self.membership.epoch + 1, self.random) if with_epoch else None
        return Append("members", members_body(members, list_sig, self.identity, epoch), self.members_seq)

    # When one is due

    def must_begin_epoch(self) -> bool:
        """Before a text is sealed. For want of a key only once a minute: whoever gives wrong ones can do so again."""
        state = self.membership
        if not state.has_epoch or self.in_epoch >= MESSAGES_OF_AN_EPOCH or self.clock() - self.epoch_seen >= DAY:
            return True
        return state.epoch not in self.keys and self.clock() - self.begun_at >= BETWEEN_REPAIRS

    def age_of_list(self) -> float:
        """In seconds, from its own time or from when it was first seen, whichever is earlier."""
        return self.clock() - min(self.membership.newest.time, self.list_seen)

    def must_confirm(self) -> bool:
        return self.membership.newest.has_admin(self.identity.public) and self.age_of_list() >= DAY

    def is_unconfirmed(self) -> bool:
        """Whether the page would say so beside the field for writing."""
        return self.age_of_list() > 2 * DAY

    # Messages

    def seal(self, text: str) -> Append:
        """For a room whose newest list has an epoch, of which the key is here."""
        if not 1 <= len(text.encode()) <= LONGEST_TEXT:
            raise ValueError("text: 1 to 16,384 bytes")
        state, me = self.membership, self.identity.public
        place = state.epoch, state.newest.hash(), self.counter
        message = Message(me, self.session, *place, *self.anchors.newest())
        message = message.seal(self.room, self.keys[state.epoch], pad(text.encode()))
        self.under_way[self.counter] = text
        self.counter += 1
        return Append("message", message_body(self.room, self.identity, message))

    def reseal(self) -> list[Append]:
        """Those that came too late, in their order, each under the next counter."""
        due, self.outdated = self.outdated, []
        return [self.seal(text) for text in due]

    def share(self, recipient: bytes, first: int, last: int) -> Append:
        """The keys of epochs `first` to `last`, all of which this page must have."""
        keys = [self.keys[number] for number in range(first, last + 1)]
        return Append("history", history_body(self.room, self.identity, recipient, first, keys, self.random))

    def judge_place(self, message: Message) -> None:
        is_own = (message.sender, message.session) == (self.identity.public, self.session)
        text = self.under_way.pop(message.counter, None) if is_own else None
        try:
            super().judge_place(message)
        except Refused as refused:
            if text is not None and refused.code == "old-epoch":
                self.outdated.append(text)
            raise
