"""The list of members that a device has kept of a room, against what the relay shows now. Level identity, 5.3. Pure.

Without it a page that was loaded anew would believe any earlier list.
"""

from ..encoding import Reader, sized, uint
from ..errors import Malformed
from ..identity_envelope import SignedList
from ..roster import Roster, hash_of

VERSION = 1


class KnownList:
    """A list that was the newest here. log: the relay's id of the room's log then; seen: when the list came, in seconds
    since 1970-01-01 UTC."""

    def __init__(self, room, log, signed_list, epoch, seen):
        self.log = log
        self.list = signed_list
        self.list_hash = hash_of(room, signed_list.fields)
        self.epoch = epoch
        self.seen = seen
        self.room = room

    def octets(self):
        """version(1) || sized(log) || epoch(8) || seen(8) || the list and its signature"""
        head = uint(VERSION, 1, "version") + sized(self.log.encode()) + uint(self.epoch, 8, "epoch")
        return head + uint(self.seen, 8, "seen") + self.list.fields + self.list.signature

    @classmethod
    def read(cls, platform, room, octets):
        """What octets() gave. Raises Malformed, or BadIdentity."""
        reader = Reader(octets)
        if reader.uint(1) != VERSION:
            raise Malformed("known list: unknown version")
        log = platform.utf8(reader.sized(64))
        epoch, seen = reader.uint(8), reader.uint(8)
        known = cls(room, log, SignedList(platform, reader), epoch, seen)
        if log is None or reader.at < len(octets):
            raise Malformed("known list: more than it says, or no text")
        return known

    def roster(self, prefix):
        """The state of a page that had read until this list, and then nothing. prefix: as Roster has it."""
        roster = Roster(self.room, prefix)
        roster.list, roster.list_hash = self.list, self.list_hash
        roster.epoch, roster.epoch_known = self.epoch, False
        return roster

    def has_admin(self, identity):
        member = self.list.member(identity)
        return member is not None and member.admin
