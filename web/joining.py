"""From the form to a room: what was typed is checked, the other levels are looked at, and dangers are told. The page.

A wish lives from Join until its room opens. A changed form ends it, so no answer to an old question joins a room.
"""

from browser import webcrypto
from protocol import frames, invite
from protocol.encoding import clean_name, has_outer_space, passphrase_bytes
from protocol.errors import Problem
from protocol.identity import fingerprint

INVITED = "You are invited to the room “{}”. Give your name to join."
INVITED_BY = "You are invited to the room “{}” by whoever has the key with these digits: {}. Give your name to join."
TYPE_IT = "A room at level {} has a passphrase. Type it, and join."
SPACED = "The passphrase begins or ends with a space. It counts: all in the room must type it the same way."


class Wish:
    """A Join that is under way: checked, and not begun yet."""

    def __init__(self, name, room, passphrase, level):
        self.name = name
        self.room = room
        self.passphrase = passphrase  # bytes; None once the wish has ended
        self.level = level
        self.inviter = None  # the identity of who invited to this room
        self.looking = False  # the relay was asked where the name is in use
        self.reuse_accepted = False  # the person was warned that a lower level may give the passphrase away

    def address(self, level=None):
        return frames.room_address(level or self.level, self.room)


class Joining:
    """`joined`: the addresses of the rooms that this page is in; `enter(wish)` is async and opens the room."""

    def __init__(self, platform, ladder, view, transmit, joined, enter):
        self.platform = platform
        self.ladder = ladder
        self.view = view
        self.transmit = transmit
        self.joined = joined
        self.enter = enter
        self.wish = None
        self.fingerprints = {}  # HMAC of a passphrase -> rank of the highest level it was used at
        self.fingerprint_key = None
        self.invite = None  # the Invite of the link that was opened last

    async def start(self):
        self.fingerprint_key = await webcrypto.fingerprint_key()

    async def changed(self, name, room, passphrase):
        """A field of the form changed: what was offered for the old values no longer holds."""
        spaced = has_outer_space(passphrase)
        self.view.passphrase_warning(SPACED if spaced else "")
        if self.wish and not self.wish.looking:
            self.drop()
            self.view.clear_join_notes()

    def drop(self):
        """Ends the wish. Its passphrase goes at once: the buttons of old notes know the wish as long as they live."""
        if self.wish:
            self.wish.passphrase = None
        self.wish = None

    async def join(self, name, room, passphrase, level):
        self.view.clear_join_notes()
        try:
            wish = self.wished(name, room, passphrase, level)
        except Problem as problem:
            return self.view.join_problem(problem.field, problem.for_people)
        if wish.address() in self.joined:
            return self.view.join_problem("room", "You are in this room already. Leave it first to join it anew.")
        self.drop()
        self.wish = wish
        return self.look()

    def wished(self, name, room, passphrase, level):
        """A Wish of what was typed. Raises Problem."""
        name, room = clean_name(self.platform, name, "name"), clean_name(self.platform, room, "room")
        if self.ladder.of(level).secret != "passphrase":
            wish = Wish(name, room, None, level)
        else:
            wish = Wish(name, room, passphrase_bytes(self.platform, passphrase), level)
        if self.invite and (self.invite.level, self.invite.room) == (level, room):
            wish.inviter = self.invite.identity
        return wish

    async def invited(self, fragment):
        """A link was opened: fills in the form, or says what is wrong with the link."""
        self.invite = None
        try:
            one = self.invite = invite.read(self.platform, fragment)
        except Problem as problem:
            return self.view.no_invitation(problem.for_people)
        sentence = INVITED.format(one.room)
        if one.identity:
            digits = " ".join(await fingerprint(self.platform, one.identity))
            sentence = INVITED_BY.format(one.room, digits)
        return await self.view.invited(one.level, one.room, sentence, one.passphrase)

    def look(self):
        """Asks whether the name is in use at another level too; looked() goes on, after a reconnect if need be."""
        self.wish.looking = True
        self.view.joining(True)
        others = [self.wish.address(level.id) for level in self.ladder.others(self.wish.level)]
        self.transmit({"type": "look", "rooms": others})

    def up(self):
        """The link is up again: asks anew what has not been answered."""
        if self.wish and self.wish.looking:
            self.look()

    async def answered(self, frame):
        """A frame that belongs to no room: perhaps the answer."""
        if self.wish is None or not self.wish.looking:
            return
        if frame["type"] == "looked":
            await self.looked(frame["rooms"])
        elif frame["type"] == "error" and "room" not in frame:
            self.drop()
            self.view.joining(False)
            self.view.join_problem(None, frame["message"])

    async def looked(self, rooms):
        self.wish.looking = False
        self.view.joining(False)
        busy = [room["room"] for room in rooms if room["newest"] or room["members"]]
        found = []
        for level in self.ladder.others(self.wish.level):
            address = self.wish.address(level.id)
            if address in busy and address not in self.joined:
                found.append(level)
        if found:
            return self.offer(self.wish, found[-1])
        return await self.begin(self.wish)

    def offer(self, wish, other):
        """The name is in use at `other` too: upward at once, downward after a warning."""

        async def stay():
            await self.begin(wish)

        async def go():
            if other.secret == "passphrase" and wish.passphrase is None:
                self.drop()
                return await self.view.invited(other.id, wish.room, TYPE_IT.format(other.title))
            wish.level = other.id
            return await self.begin(wish)

        async def warn():
            sentence = f"{other.title} protects less. {other.sentence}"
            self.ask(sentence, [here, (f"Go to {other.title} all the same", go)])

        here = (f"Join at {self.ladder.of(wish.level).title}", stay)
        sentence = f"This room's name is also in use at level {other.title}. The two are separate rooms."
        upward = self.ladder.rank(other.id) > self.ladder.rank(wish.level)
        self.ask(sentence, [here, (f"Go to {other.title}", go if upward else warn)])

    def warn_of_reuse(self, wish, title):
        async def accept():
            wish.reuse_accepted = True
            await self.begin(wish)

        self.ask(
            f"This page has used this passphrase at level {title}. At {self.ladder.of(wish.level).title} the relay can "
            "try out passphrases at a fraction of the price, and would then know it there too.",
            [("Join all the same", accept)],
        )

    def ask(self, sentence, choices):
        self.view.clear_join_notes()
        self.view.join_note(sentence, choices)

    async def begin(self, wish):
        """Enters the room, if this still is the wish, and its level is final."""
        if wish is not self.wish:  # the button of an old note
            return
        if self.ladder.of(wish.level).secret == "passphrase" and not await self.may_use(wish):
            return
        self.wish = None
        self.view.clear_join_notes()
        try:
            await self.enter(wish)
        except Problem as problem:
            self.view.join_problem(problem.field, problem.for_people)
        finally:
            wish.passphrase = None

    async def may_use(self, wish):
        """Whether the passphrase of a wish may be used at its level, which is then remembered."""
        mark = await webcrypto.fingerprint(self.fingerprint_key, wish.passphrase)
        if wish is not self.wish:  # the form changed meanwhile
            return False
        rank, used_at = self.ladder.rank(wish.level), self.fingerprints.get(mark, 0)
        if used_at > rank and not wish.reuse_accepted:
            self.warn_of_reuse(wish, self.ladder.levels[used_at].title)
            return False
        self.fingerprints[mark] = max(used_at, rank)
        return True
