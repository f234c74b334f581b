"""Who is in a room, as one session of level identity reads it. Its specification, 5. Pure."""

from ..identity_errors import BadWrap, ForkedList, NotAMember, NotForYou
from ..roster import Roster
from .changes import described
from .epochs import Epochs
from .known_list import KnownList

UNCONFIRMED = 2 * 86_400  # seconds: a list that is older is said to be

# Why a page cannot write.
WITHHELD = (
    "The relay shows an older list of members than this device has seen: it withholds changes, or has lost them. "
    "Nothing is sent until it shows them again. Ask the others in another way."
)
NOT_OPEN = "Nobody has opened this room yet: whoever invited you has to be here first."
OTHER_KEY = (
    "Another key has your name in this room's list of members. If you have made a new key here, ask an admin to look "
    "for it. If your old one is lost, leave, and join under another name."
)
AT_THE_DOOR = "You are not a member of this room yet. Its admins see you at the door, and can add you."
REMOVED = "You are not a member of this room any more. What is written from now on is not for you."


class Membership:
    """entrance: name, ours (OurIdentity), trust (Trust), inviter (an identity, or None), state (what was kept, or
    None), async keep(octets) and close().

    roster     the newest state that was read
    keys       Epochs
    known      KnownList of an earlier session, until the log has led to it: if it has not, the relay shows too little
    settled    the log has been read
    """

    def __init__(self, platform, room, entrance, prefix):
        self.platform = platform
        self.room = room
        self.prefix = prefix  # of the bodies of `members` entries
        self.entrance = entrance
        self.ours = entrance.ours
        self.keys = Epochs(platform, self.ours, room)
        self.roster = Roster(room, prefix)
        self.known = KnownList.read(platform, room, entrance.state) if entrance.state else None
        self.founder = None  # who signed the first list that was read
        self.log = ""
        self.read = 0  # the seq of the newest entry that was read
        self.seq = 0  # and of the newest members entry, accepted or not
        self.was_member = False
        self.accepted = 0  # and of the newest one that was accepted
        self.is_missing = False  # the relay no longer keeps all that came after the newest list
        self.seen = 0  # when the newest list came, in seconds since 1970-01-01 UTC
        self.settled = False

    # ------------------------------------------------------------------------------------------ reading

    def begins_at(self, log, oldest):
        """Of the log that is about to be read."""
        self.log = log
        if oldest > self.read + 1:
            self.is_missing = True

    def new_log(self):
        """Seqs start again; what was the newest list becomes the known one."""
        if self.roster.list:
            self.known = self.snapshot()
        self.roster = Roster(self.room, self.prefix)
        self.keys = Epochs(self.platform, self.ours, self.room)
        self.founder = None
        self.read, self.seq, self.accepted, self.is_missing = 0, 0, 0, False
        self.settled = False

    def snapshot(self):
        return KnownList(self.room, self.log, self.roster.list, self.roster.epoch, self.seen)

    async def apply(self, entry):
        """[(sentence, code)] of a `members` entry, which counts. Raises a Refusal, and then nothing of it does."""
        try:
            after = await self.follow(entry["body"])
            is_right = await self.keys.turn(after)
        finally:
            self.seq = entry["seq"]
        # Nothing waits from here to the end of turn(), so whoever writes meanwhile finds one list, its seq and its key.
        notices = self.turn(after)
        self.accepted = self.seq
        if not is_right:
            notices.append((f"{BadWrap.for_people} It was {self.name_of(after.current.wrapper, after)}.", BadWrap.code))
        if self.settled:
            await self.keep()
        return notices

    async def follow(self, body):
        """The state after a body, by the list read before and by the one that this device had kept."""
        after = await self.roster.apply(self.platform, body, self.is_missing)
        if self.known is None:
            return after
        if after.list.number > self.known.list.number:
            after = await self.known.roster(self.prefix).apply(self.platform, body, True)
        elif after.list.number == self.known.list.number and after.list_hash != self.known.list_hash:
            raise ForkedList()
        return after

    def turn(self, after):
        """This is the newest state now. What people are told of it: [(sentence, code)]."""
        before, self.roster, self.is_missing = self.roster, after, False
        if after.list_hash != before.list_hash:
            known = self.known and self.known.list_hash == after.list_hash
            self.seen = self.known.seen if known else self.platform.time()
        if self.known and (after.list.number >= self.known.list.number or self.is_opened_again(after)):
            self.known = None
        self.was_member = self.was_member or self.us() is not None
        if self.founder is None:
            self.founder = after.list.signer
        return [(sentence, "members") for sentence in self.told(before, after)]

    def is_opened_again(self, after):
        """A room that the relay has removed whole, opened anew by somebody who was an admin of it."""
        known, new = self.known, after.list
        return (
            known.log != self.log
            and new.number == 0
            and known.has_admin(new.signer)
            and new.time > min(known.list.time, known.seen)
        )

    def told(self, before, after):
        """What people are told of an entry that counts."""
        new, ours = after.list, self.ours.public
        if before.list is None or before.list_hash == after.list_hash:
            opened = [self.opened(after)] if new.number == 0 else []
            if before.list is None and after.proven:
                return opened
            if before.list is None:
                return ["Who was in this room before is no longer kept: this is the oldest list of members here."]
            return [f"{self.name_of(after.current.wrapper, after)} began a new room key: number {after.epoch}."]
        signer = self.name_of(new.signer, before)
        changes = described(before.list.members, new.members, signer, ours)
        return changes or [f"{signer} confirmed the list of members."]

    def opened(self, roster):
        """What people are told of an opening; whoever is alone in a room, what to do next."""
        sentence = f"{self.name_of(roster.list.signer, roster)} opened this room."
        if roster.list.signer == self.ours.public and len(roster.list.members) == 1:
            sentence += " Invite the others by a link, and let them in when they are at the door."
        return sentence

    def name_of(self, identity, roster):
        if identity == self.ours.public:
            return "You"
        member = roster.list.member(identity)
        return f"“{member.name}”" if member else "Somebody"

    async def keep(self):
        await self.entrance.keep(self.snapshot().octets())

    async def settle(self):
        """The log has been read. Sentences that people should know before they believe it."""
        self.settled = True
        if self.known or self.roster.list is None:
            return []
        await self.keep()
        vouched = self.founder in (self.ours.public, self.entrance.inviter) or self.entrance.trust.of(self.founder)
        if self.roster.proven and vouched:
            return []
        return [
            "Nothing proves this list of members but its own members. Compare the room's number with one of them, "
            "where you know the voice or the face."
        ]

    # ------------------------------------------------------------------------------------------ standing

    def members(self):
        """Those of the newest list."""
        return self.roster.list.members if self.roster.list else []

    def member(self, identity):
        """Who has this identity in the newest list, or None."""
        return self.roster.list.member(identity) if self.roster.list else None

    def us(self):
        return self.member(self.ours.public)

    def is_admin(self):
        us = self.us()
        return us is not None and us.admin

    def standing(self):
        """Why we cannot write here, as a sentence; "" if we can, or soon."""
        if not self.settled or self.may_open():
            return ""
        if self.known:
            return WITHHELD
        if self.us():
            return ""
        if self.roster.list is None:
            return NOT_OPEN
        if any(member.name == self.entrance.name for member in self.members()):
            return OTHER_KEY
        return REMOVED if self.was_member else AT_THE_DOOR

    def may_open(self):
        """Whether it is on us to sign the first list of this log."""
        if self.roster.list is not None:
            return False
        if self.known:
            return self.known.log != self.log and self.known.has_admin(self.ours.public)
        return self.entrance.inviter in (None, self.ours.public)

    def unconfirmed(self):
        """Since when nobody has confirmed the list, if that is too long ago; else 0."""
        since = self.confirmed_at()
        return since if self.us() and self.platform.time() - since > UNCONFIRMED else 0

    def confirmed_at(self):
        return min(self.roster.list.time, self.seen) if self.roster.list else 0

    def can_seal(self):
        return self.settled and not self.standing() and self.roster.current is not None and self.keys.can_seal()

    def sharer(self, entry):
        """Who shares, as a Member. Raises NotForYou or NotAMember."""
        if self.roster.list is None:
            raise NotForYou()
        member = self.member(entry.sender)
        if member is None:
            raise NotAMember()
        return member
