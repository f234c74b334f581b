"""One short talk at one level, sealed and opened in memory: what each types, what a relay sees, what the other reads.

Pure: the levels of the chat as they are, without a relay. Nothing here knows any of them, so a level to come is held
the same talk by being listed.
"""

from protocol.envelope import TEXT_BYTES, text_bytes
from protocol.levels import MESSAGE, Waiting
from protocol.levels.changes import Add

from .attacks.attack import Accomplice
from .attacks.bodies import replaced

ROOM = "ladder"
ANSWER = "yes"  # short, so that one sees whether the relay can tell


class Said:
    """One message. parts: [(field, bytes)] of its body. read: what the other makes of it, Opened or a Refusal."""

    def __init__(self, by, to, text, entry, parts):
        self.by = by
        self.to = to
        self.text = text
        self.entry = entry
        self.parts = parts
        self.read = None


class Talk:
    """Alice writes, Bob reads and answers, Alice reads. Between its steps, everything is as in the chat's page.

    said: the two messages. seconds: that Bob's derivation of a slow key took, None for a level that has none. shortest,
    longest: a text of so many bytes makes a body as long as Alice's, so this is what the relay learns of its length.
    """

    def __init__(self, platform, level):
        self.platform = platform
        self.level = level
        self.said = []
        self.numbers = 0  # of entries in the log
        self.seconds = None
        self.shortest = self.longest = 0

    async def hold(self, text):
        """The whole of it. Raises Problem for a text that is empty or too long."""
        typed = len(text_bytes(text))
        for_alice, for_bob = await self.secrets()
        self.alice = await self.level.start(self.platform, ROOM, "Alice", for_alice)
        self.bob = await self.level.start(self.platform, ROOM, "Bob", for_bob)
        if self.level.has_duties:
            await self.meet()
        await self.say(self.alice, "Alice", self.bob, "Bob", text)
        await self.say(self.bob, "Bob", self.alice, "Alice", ANSWER)
        await self.measure(typed)
        self.alice.close()

    async def secrets(self):
        """What each begins with. Nobody else has to know it, and a passphrase is text at every level."""
        if self.level.secret == "device":
            return await Accomplice.made(self.platform, "Alice"), await Accomplice.made(self.platform, "Bob")
        passphrase = self.platform.base64url(self.platform.random(16)).encode()
        return passphrase, passphrase

    async def meet(self):
        """Alice opens the room and adds Bob: what each reads in the log before a word is said."""
        await self.alice.prepare()
        await self.begun(await self.alice.control(False))
        self.alice.steward.wish(Add(self.bob.ours.public, "Bob"))
        await self.begun(await self.alice.control(False))

    async def begun(self, control):
        entry = self.entry("Alice", control.body, control.kind)
        self.numbers += 1
        await self.alice.open([entry])
        await self.bob.open([entry])

    def end(self):
        """Bob leaves; flipped() is over."""
        self.bob.close()

    async def say(self, writer, by, reader, to, text):
        await writer.prepare()
        body = await writer.seal(text)
        said = Said(by, to, text, self.entry(by, body), self.level.parts(self.platform, body))
        self.said.append(said)
        self.numbers += 1
        await self.read(writer, said.entry)
        said.read = await self.read(reader, said.entry)

    def entry(self, by, body, kind=MESSAGE):
        """As the relay would hand it over, the next one of its log."""
        seq = self.numbers + 1
        return {"seq": seq, "kind": kind, "id": f"id{seq}", "name": by, "at": "", "body": body}

    async def read(self, reader, entry):
        """What this member makes of the entry, Waiting only if more keys are asked for than a page derives."""
        [outcome] = await reader.open([entry])
        if isinstance(outcome, Waiting) and reader.keyring.wait() == 0.0:
            before = self.platform.seconds()
            key_name, key = await reader.keyring.derive_next()
            if self.seconds is None:
                self.seconds = self.platform.seconds() - before
            reader.keyring.keep(key_name, key)
            [outcome] = await reader.open([entry])
        return outcome

    async def flipped(self, field):
        """(parts, what Bob makes of it): a copy of Alice's message, the last bit of one field of its body flipped."""
        first = self.said[0]
        for name, octets in first.parts:
            if name == field:
                parts = replaced(first.parts, name, octets[:-1] + bytes([octets[-1] ^ 1]))
        return parts, await self.read(self.bob, self.entry(first.by, self.level.body_of(self.platform, parts)))

    # ------------------------------------------------------------------------------------------ the length

    async def measure(self, typed):
        """Tries texts of other lengths, by halves: no body is shorter than that of a shorter text."""
        size = len(self.said[0].entry["body"])
        self.shortest = await self.first_length(1, typed, size)
        self.longest = await self.first_length(typed + 1, TEXT_BYTES + 1, size + 1) - 1

    async def first_length(self, low, high, size):
        """The least length, `low` to `high`, whose body has this size or more; `high` if none below it has."""
        while low < high:
            middle = (low + high) // 2
            if len(await self.alice.seal("x" * middle)) < size:
                low = middle + 1
            else:
                high = middle
        return low
