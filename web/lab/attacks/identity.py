"""Attacks on who wrote, and on who is there."""

from protocol.encoding import uint
from protocol.identity import OurIdentity

from .attack import FALSE, HONEST, MEMBER, Attack, NotHere, has_list, sealer
from .bodies import RenamedInBody, session_field, value_of

# Two secrets of sessions whose tags are equal, letters and colour: found by trying some thousand.
# Seeds of Ed25519, 32 bytes, big-endian; salts of level classic, 16 bytes.
ALIKE_SEEDS = (1411, 4136)
ALIKE_SALTS = (1253, 1478)


class RenamedByRelay(Attack):
    name = "a renamed sender, by the relay"
    sentence = "The relay puts Bob's name beside what Alice wrote."

    def to_page(self, member, frame):
        if self.is_of_room(frame, "entries"):
            for entry in frame["entries"]:
                if entry["name"] == "Alice":
                    entry["name"] = "Bob"
        return [frame]


class RenamedSession(Attack):
    name = "a renamed sender, in the middle of a session"
    needs = MEMBER
    sentence = "A member writes under the own name first, then as Bob with the same key."
    as_name = "Mallory"
    words = ("it is me",)

    async def begin(self):
        value_of(self.hand.parts(self.hand.last("Alice")["body"]), "name")
        session = await self.session("Mallory")
        self.append(await session.seal("it is me"))
        session.name = "Bob"
        self.append(await session.seal(FALSE))


class Poses(Attack):
    name = "a member who poses as another"
    needs = MEMBER
    sentence = "A member opens a new session under Bob's name."
    as_name = "Bob"

    async def begin(self):
        session = await self.session(self.as_name)
        self.append(await session.seal(FALSE))


class OtherCase(Poses):
    name = "an equal-looking name: other case"
    sentence = "A member opens a new session as BOB."
    as_name = "BOB"


class OtherAlphabet(Poses):
    name = "an equal-looking name: letters of another alphabet"
    sentence = "A member opens a new session as Bob with a Cyrillic o."
    as_name = "B\u043eb"


class InvisibleLetter(Poses):
    name = "an equal-looking name: an invisible letter"
    sentence = "A member opens a new session as Bob with a zero-width space in the name."
    as_name = "Bo\u200bb"


class PosesWithKey(Attack):
    name = "a member who poses with another's key"
    needs = MEMBER
    sentence = "A member claims to write in the very session that Bob writes in."
    as_name = "Bob"

    async def begin(self):
        session = await self.session("Bob", change=self.take)
        self.append(await session.seal(FALSE))

    async def take(self, session):
        parts = self.hand.parts(self.hand.last("Bob")["body"])
        field = session_field(parts)
        # Always without the private key to it.
        if field == "salt":
            session.salt = value_of(parts, field)
        elif field == "sender":
            ours, messages = session.ours, session.messages
            messages.ours = OurIdentity(value_of(parts, field), ours.signing, ours.x25519_public, ours.x25519_private)
            messages.session = value_of(parts, "session")
        else:
            session.public = value_of(parts, field)
        sealer(session).counter = 1


class AlikeTag(Attack):
    name = "a look-alike tag"
    needs = MEMBER
    sentence = "A member poses as Carol, with a key whose tag is that of hers."
    as_name = "Carol"
    words = ("it is Carol",)

    async def begin(self):
        for change, text in ((self.first, self.words[0]), (self.second, FALSE)):
            session = await self.session("Carol", change=change)
            self.append(await session.seal(text))

    async def first(self, session):
        await self.use(session, 0)

    async def second(self, session):
        await self.use(session, 1)

    async def use(self, session, which):
        if has_list(self.hand.level):
            raise NotHere("its list has one key for a name")
        if session_field(self.hand.parts(self.hand.last("Alice")["body"])) == "salt":
            session.salt = uint(ALIKE_SALTS[which], 16, "salt")
        else:
            seed = uint(ALIKE_SEEDS[which], 32, "seed")
            session.private, session.public = await self.hand.platform.ed25519_from_seed(seed)


class FalseTime(Attack):
    name = "a false time"
    sentence = "The relay says that it took Alice's messages years ago."

    def to_page(self, member, frame):
        if self.is_of_room(frame, "entries"):
            for entry in frame["entries"]:
                if entry["name"] == "Alice":
                    entry["at"] = "1999" + entry["at"][4:]
        return [frame]


class NotThere(Attack):
    name = "a member who is not there"
    sentence = "The relay tells Alice that Carol has joined."

    async def begin(self):
        frame = {"type": "member-joined", "room": self.hand.address(), "member": 2**40, "name": "Carol"}
        self.injections.append(("page", "Alice", frame))


class WithheldJoin(Attack):
    name = "a withheld join"
    sentence = "Bob joins anew, and the relay does not tell Alice that he is there."
    talk = ("Bob rejoins",) + HONEST

    def to_page(self, member, frame):
        return [] if member == "Alice" and self.is_of_room(frame, "member-joined") else [frame]


ATTACKS = [
    RenamedByRelay,
    RenamedInBody,
    RenamedSession,
    Poses,
    PosesWithKey,
    OtherCase,
    OtherAlphabet,
    InvisibleLetter,
    AlikeTag,
    FalseTime,
    NotThere,
    WithheldJoin,
]
