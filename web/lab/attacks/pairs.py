"""Attacks on how a conversation of two is begun: the prekeys in the directory, and the beginnings in the log.

Only level ratchet has them. Its specification, 2 and 5.
"""

from protocol.levels.ratchet import BEGIN
from protocol.prekeys import TAKEN, Prekeys, prekey_bytes

from .attack import ACCOMPLICE, ANYONE, BEFORE_OF_TWO, Accomplice, Attack, NotHere
from .bodies import replaced, value_of
from .lists import read_by

SPK, OPK = 32, 128  # where they begin in what the relay gives: identity(32) || spk(32) || signature(64) || opk(32)


def needs_two(hand):
    if not hand.level.of_two:
        raise NotHere("it has no prekeys")


class OfBeginning(Attack):
    """Has the room's first beginning, and its parts."""

    needs = ANYONE

    async def begin(self):
        needs_two(self.hand)
        self.form = self.hand.level.forms[BEGIN]
        beginnings = [entry["body"] for entry in self.hand.log if entry["kind"] == BEGIN]
        self.first = beginnings[0]
        self.parts = self.form.parts(self.hand.platform, self.first)
        self.append(await self.beginning(), member="Alice", kind=BEGIN)

    async def beginning(self):
        """The body to be appended."""
        raise NotImplementedError


class ReplayedBeginning(OfBeginning):
    name = "a beginning that arrives again"
    sentence = "The beginning of the conversation is appended a second time."

    async def beginning(self):
        return self.first


class ForgedBeginning(OfBeginning):
    name = "a beginning in another's name"
    sentence = "The beginning is appended again with another key in it, in Alice's name."

    async def beginning(self):
        _, public = await self.hand.platform.x25519_generate()
        return self.form.body_of(self.hand.platform, replaced(self.parts, "ephemeral", public))


class ThirdBegins(OfBeginning):
    name = "a third who begins a conversation"
    sentence = "Mallory begins a conversation with Bob in the room of Alice and Bob."

    async def beginning(self):
        hand, mallory = self.hand, await Accomplice.made(self.hand.platform)
        session = await hand.level.start(hand.platform, hand.room, ACCOMPLICE, mallory)
        hand.sessions.append(session)
        bob = Prekeys(value_of(self.parts, "recipient"), value_of(self.parts, "spk"), None)
        await session.wish_for(bob, "Bob")
        return (await session.control(True)).body


class SwappedPrekeys(Attack):
    name = "a swapped signed prekey in the directory"
    sentence = "When Alice begins with Bob, the directory gives her a signed prekey of the relay's own for him."
    from_the_start = True
    talk = ()
    at = SPK

    @classmethod
    def before(cls, level):
        return BEFORE_OF_TWO[:3]

    async def begin(self):
        needs_two(self.hand)
        _, self.public = await self.hand.platform.x25519_generate()

    def to_page(self, member, frame):
        if frame["type"] == "prekeys-taken" and frame["prekeys"]:
            data = self.hand.platform.from_base64url(frame["prekeys"][len(TAKEN) :])
            data = data[: self.at] + self.public + data[self.at + 32 :]
            frame["prekeys"] = TAKEN + self.hand.platform.base64url(data)
        return [frame]


class SwappedOneTimePrekey(SwappedPrekeys):
    name = "a swapped one-time prekey in the directory"
    sentence = "The directory gives Alice a one-time prekey of the relay's own in place of Bob's."
    at = OPK


class SwappedIdentity(Attack):
    name = "a swapped key in the directory, at a first conversation"
    sentence = "Alice begins with Frank, whom she never met; the directory has a key and prekeys of the relay's own."
    friend = "Frank"  # who is not there; another one than Bob, as pages remember whom they have met
    from_the_start = True
    talk = ("Alice meets Frank", "Alice writes")
    deceives = ("Alice",)  # Bob is shown nothing at all

    @classmethod
    def before(cls, level):
        return BEFORE_OF_TWO[:2]

    async def begin(self):
        needs_two(self.hand)
        platform = self.hand.platform
        self.false = await Accomplice.made(platform, self.friend)
        self.bundle = await self.false.bundle(platform, "")
        spk = self.false.prekeys.spk[1]
        signature = await platform.ed25519_sign(self.false.ours.signing, prekey_bytes(spk))
        self.prekeys = TAKEN + platform.base64url(self.false.ours.public + spk + signature)

    def to_page(self, member, frame):
        if member == "Alice" and frame["type"] == "found":
            for one in frame["names"]:
                if one["name"] == self.friend:
                    one["bundles"] = [self.bundle]
        elif member == "Alice" and frame["type"] == "prekeys-taken":
            frame["prekeys"] = self.prekeys
        elif member == "Bob" and self.is_of_room(frame, "entries"):
            return []
        return [frame]

    async def reads(self):
        return await read_by(self.hand, self.false, 0)


ATTACKS = [ReplayedBeginning, ForgedBeginning, ThirdBegins, SwappedPrekeys, SwappedOneTimePrekey, SwappedIdentity]
