"""Attacks on bodies: altered, moved, of another level, not encrypted. Most need no passphrase."""

from protocol.encoding import sized
from protocol.levels import messages
from protocol.levels.passphrase import header

from .attack import ANYONE, FALSE, MEMBER, RELAY, Attack, NotHere, first_message

SESSION_FIELDS = ("session_public", "salt", "sender", "session")  # what a body of some level names its writer by


def names_of(parts):
    return [field for field, _ in parts]


def replaced(parts, field, octets):
    """The parts with another value of one field."""
    return [(name, octets if name == field else value) for name, value in parts]


def value_of(parts, field):
    for name, value in parts:
        if name == field:
            return value
    raise NotHere(f"its bodies have no {field}")


def session_field(parts):
    for field in SESSION_FIELDS:
        if field in names_of(parts):
            return field
    raise NotHere("its bodies name no session")


async def signed(hand, parts, pair=None):
    """The parts as of a session of our own, and signed by it where a level signs: anyone can do that."""
    if "sig" not in names_of(parts):
        return replaced(parts, session_field(parts), hand.platform.random(len(value_of(parts, session_field(parts)))))
    private, public = pair or await hand.platform.ed25519_generate()
    parts = replaced(parts, session_field(parts), public)
    signature = await hand.platform.ed25519_sign(private, header_of(hand, parts) + value_of(parts, "ct"))
    return replaced(parts, "sig", signature)


def header_of(hand, parts):
    """What stands before the ciphertext in what is signed, at the level of the parts."""
    fields = b"".join([value for _, value in parts[:-2]])
    if "sender" in names_of(parts):
        return messages.header((hand.level.scope + hand.room).encode("utf-8"), fields)
    return header(hand.room.encode("utf-8"), fields, hand.level.id)


class Copies(Attack):
    """Altered copies of Alice's next message, each under an id of its own, before the message itself."""

    def __init__(self, hand):
        super().__init__(hand)
        self.done = False

    def variants(self, body):
        """(label, body) of each copy."""
        raise NotImplementedError

    def choices(self):
        labels = []
        for label, _ in self.variants(self.hand.last("Alice")["body"]):
            if label and label not in labels:
                labels.append(label)
        return labels

    def to_relay(self, member, frame):
        if member != "Alice" or self.done or not self.is_of_room(frame, "append"):
            return [frame]
        self.done = True
        for label, body in self.variants(frame["body"]):
            if self.only in ("", label):
                self.append(body, label, member="Alice")
        copies = [injected for _, _, injected in self.injections]
        self.injections = []
        return copies + [frame]


class BitFlips(Copies):
    name = "a bit flipped in every field"
    sentence = "Copies of a message, each with the first or the last bit of one field flipped."

    def variants(self, body):
        found = [("beginning", chr(ord(body[0]) ^ 1) + body[1:])]
        parts = self.hand.parts(body)
        for field, octets in parts:
            first = bytes([octets[0] ^ 0x80]) + octets[1:]
            last = octets[:-1] + bytes([octets[-1] ^ 1])
            for flipped in (first, last):
                found.append((field, self.hand.body(replaced(parts, field, flipped))))
        return found


class Cut(Copies):
    name = "a cut body"
    sentence = "Copies of a message, each cut at its end or without the last byte of one field."

    def variants(self, body):
        found = [("end", body[:-1]), ("end", body[: len(body) // 2])]
        parts = self.hand.parts(body)
        for field, octets in parts:
            found.append((field, self.hand.body(replaced(parts, field, octets[:-1]))))
        return found


class Lengthened(Copies):
    name = "a lengthened body"
    sentence = "Copies of a message, each with more behind its end or with one byte more in one field."

    def variants(self, body):
        found = [("end", body + "A"), ("end", body + "AAAA")]
        parts = self.hand.parts(body)
        for field, octets in parts:
            found.append((field, self.hand.body(replaced(parts, field, octets + bytes(1)))))
        return found


class RenamedInBody(Copies):
    name = "a renamed sender, in the body"
    sentence = "A copy of a message in which the sender's name is another's."

    def variants(self, body):
        parts = self.hand.parts(body)
        value_of(parts, "name")
        return [("", self.hand.body(replaced(parts, "name", sized(b"Bob"))))]

    async def begin(self):
        self.variants(self.hand.last("Alice")["body"])


class OtherRoom(Attack):
    name = "a message moved to another room"
    needs = ANYONE
    sentence = "What Alice said in another room, with the same passphrase, is appended here."
    as_name = "Alice"

    async def begin(self):
        self.append(first_message(self.hand.elsewhere)["body"])


class OtherSession(Copies):
    name = "a message moved to another session"
    sentence = "A copy of Alice's message that claims to be of Bob's session."

    def variants(self, body):
        parts = self.hand.parts(body)
        field = session_field(parts)
        others = self.hand.parts(self.hand.last("Bob")["body"])
        return [("", self.hand.body(replaced(parts, field, value_of(others, field))))]


class OwnSession(Attack):
    name = "a message moved to a session of one's own"
    needs = ANYONE
    sentence = "What Alice said is put under a new session, and signed by it where the level signs."
    as_name = "Alice"

    async def begin(self):
        self.append(self.hand.body(await signed(self.hand, self.hand.parts(self.hand.last("Alice")["body"]))))


class Plaintext(Attack):
    name = "injected plaintext"
    needs = ANYONE
    sentence = "A text that is not encrypted is appended, bare and as JSON."
    as_name = "Alice"

    async def begin(self):
        self.append(FALSE)
        self.append('{"text":"' + FALSE + '"}')


class LowerLevel(Attack):
    name = "downgrade: a body of a lower level"
    needs = MEMBER
    sentence = "A body of a lower level, with the right passphrase, is appended."
    as_name = "Alice"

    def others(self):
        ladder = self.hand.ladder
        lower = ladder.levels[: ladder.rank(self.hand.level.id)]
        if not lower:
            raise NotHere("there is no lower level")
        return lower

    async def begin(self):
        for level in self.others():
            session = await self.session("Alice", level)
            self.append(await session.seal(FALSE), level.id)


class HigherLevel(LowerLevel):
    name = "a body of a higher level"
    sentence = "A body of a higher level, with the right passphrase, is appended."

    def others(self):
        ladder = self.hand.ladder
        higher = ladder.levels[ladder.rank(self.hand.level.id) + 1 :]
        if not higher:
            raise NotHere("there is no higher level")
        return higher


class Looked(Attack):
    name = "downgrade: a false answer where the room is"
    needs = RELAY
    sentence = "Before the join, the relay says that the room is in use at every other level."
    from_the_start = True

    def to_page(self, member, frame):
        if frame["type"] == "looked":
            for room in frame["rooms"]:
                room["members"] = 1
        return [frame]


ATTACKS = [
    BitFlips,
    Cut,
    Lengthened,
    OtherRoom,
    OtherSession,
    OwnSession,
    Plaintext,
    LowerLevel,
    HigherLevel,
    Looked,
]
