"""What a page of level identity appends of its own: lists, epochs, former keys. Its specification, 5.3 to 5.7. Pure."""

from ..epoch import begin, share
from ..errors import Problem
from ..identity_bodies import SHARED, write
from ..identity_envelope import Member, write_members
from ..roster import hash_of, sign_list
from . import Control
from .changes import Remove, is_done

MEMBERS, HISTORY = "members", "history"  # kinds of entries
DAY = 86_400  # seconds: then an admin's page signs the list anew
WRAP_AGAIN = 60  # seconds at least between two epochs that this page begins though it has nothing to say


class Steward:
    """wishes: changes that are still to be made. to_share: identities that former keys are still to be shared with."""

    def __init__(self, platform, membership, history_prefix):
        self.platform = platform
        self.membership = membership
        self.history_prefix = history_prefix  # of the bodies of `history` entries
        self.ours = membership.ours
        self.wishes = []
        self.to_share = []
        self.wrapped_at = 0

    def wish(self, change):
        """Wants a change. Raises Problem if it cannot be made of the newest list."""
        if self.membership.us() is None:
            raise Problem("message", "not-a-member", "Only members can change who is in the room.")
        if not self.may(change):
            raise Problem("message", "not-an-admin", "Only an admin of the room can do this.")
        change.apply(self.membership.roster.list.members)
        self.wishes.append(change)

    def may(self, change):
        """Whether it is on us to sign it."""
        leaves = isinstance(change, Remove) and change.identity == self.ours.public
        return leaves or self.membership.is_admin()

    async def control(self, wants_to_write):
        """The entry that we should append now, or None. It counts once it has been read in the log."""
        if not self.membership.settled or self.membership.standing():
            return None
        if self.membership.roster.list is None:
            return await self.opening()
        members = self.membership.roster.list.members
        self.wishes = [wish for wish in self.wishes if self.may(wish) and not is_settled(wish, members)]
        if self.wishes:
            return await self.change(self.wishes[0].apply(members))
        now = self.platform.time()
        if self.membership.is_admin() and now - self.membership.confirmed_at() >= DAY:
            return await self.change(members)
        if self.needs_epoch(wants_to_write, now):
            return await self.epoch()
        return await self.shared() if self.to_share else None

    def needs_epoch(self, wants_to_write, now):
        # Of all members entries a relay keeps the newest for sure: it must be one that counts.
        is_buried = self.membership.seq != self.membership.accepted
        if (self.membership.keys.is_wrong or is_buried) and now - self.wrapped_at >= WRAP_AGAIN:
            return True
        return wants_to_write and (self.membership.roster.current is None or self.membership.keys.is_over())

    async def opening(self):
        members = (
            self.membership.known.list.members
            if self.membership.known
            else [Member(self.ours.public, self.membership.entrance.name, True)]
        )
        return await self.change(members)

    async def change(self, members):
        """A new list, and the epoch on it, unless we are not in it."""
        roster, newest = self.membership.roster, self.membership.seq
        fields = roster.next_fields(self.platform.time(), self.ours.public, members)
        list_part = await sign_list(self.platform, self.ours, self.membership.room, fields)
        if not any(member.identity == self.ours.public for member in members):
            return self.entry(list_part, b"", newest)
        return self.entry(list_part, await self.begun(fields, members, roster.epoch + 1), newest)

    async def epoch(self):
        """The same list, and a new epoch."""
        roster, newest = self.membership.roster, self.membership.seq
        one = roster.list
        return self.entry(
            one.fields + one.signature, await self.begun(one.fields, one.members, roster.epoch + 1), newest
        )

    async def begun(self, fields, members, number):
        self.wrapped_at = self.platform.time()
        return await begin(
            self.platform, self.ours, self.membership.room, hash_of(self.membership.room, fields), number, members
        )

    def entry(self, list_part, epoch_part, newest):
        # `newest` is the seq of the entry that the change was made of, taken before the first await.
        body = write_members(self.platform, list_part, epoch_part, self.membership.prefix)
        return Control(MEMBERS, body, newest)

    async def shared(self):
        """The keys of former epochs, for a member who was added later."""
        recipient = self.to_share[0]  # until its entry has been read
        first, keys = self.membership.keys.former(SHARED)
        if not keys or self.membership.member(recipient) is None:
            self.to_share.pop(0)
            return None
        octets = await share(self.platform, self.ours, self.membership.room, recipient, first, keys)
        return Control(HISTORY, write(self.platform, self.history_prefix, octets), None)

    def was_shared(self, recipient):
        """An entry of ours with former keys for them has been read."""
        self.to_share = [one for one in self.to_share if one != recipient]


def is_settled(wish, members):
    """A wish that the newest list fulfils, or makes impossible."""
    try:
        return is_done(wish, members)
    except Problem:
        return True
