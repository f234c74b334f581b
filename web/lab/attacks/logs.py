"""Attacks on the log: what the relay says that it has, and members who are shown different ones."""

from .attack import ANYONE, FALSE, HONEST, RELAY_AND_MEMBER, Attack, sealer


class LyingRelay(Attack):
    """Shows each member a log of its own, numbered without a hole: the most that a relay can do with what it has."""

    def __init__(self, hand):
        super().__init__(hand)
        self.numbers = {}  # member -> the number of the last entry it was shown
        self.told = {}  # member -> the newest entry that the log had when it joined anew: told already

    async def begin(self):
        self.numbers = {"Alice": len(self.hand.log), "Bob": len(self.hand.log)}

    def show(self, member, entry):
        """The entries that this member is shown when this one comes."""
        return [entry]

    def remembers(self, member):
        """The entries that a member who joins anew is told of."""
        return self.hand.log

    def to_page(self, member, frame):
        if self.is_of_room(frame, "joined"):
            return self.joined(member, frame)
        if not self.is_of_room(frame, "entries"):
            return [frame]
        shown = []
        for entry in frame["entries"]:
            if entry["seq"] > self.told.get(member, 0):
                shown += self.show(member, entry)
        return self.numbered(member, shown)

    def numbered(self, member, entries):
        """One frame of these entries, with the numbers that this member expects; none for none."""
        shown = []
        for entry in entries:
            self.numbers[member] += 1
            one = dict(entry)
            one["seq"] = self.numbers[member]
            shown.append(one)
        return [{"type": "entries", "room": self.hand.address(), "entries": shown}] if shown else []

    def joined(self, member, frame):
        self.told[member] = frame["newest"]
        self.numbers[member] = 0
        past = self.numbered(member, self.remembers(member))
        newest = self.numbers[member]
        frame = dict(frame)
        frame["after"], frame["oldest"], frame["newest"] = 0, 1 if newest else 0, newest
        return [frame] + past


class Fork(LyingRelay):
    name = "fork: each is shown its own message and not the other's"
    sentence = "Alice and Bob write at the same time; each is shown the own message and never the other's."
    talk = ("Alice says", "Bob says") + HONEST

    def __init__(self, hand):
        super().__init__(hand)
        self.hidden = {}  # name -> the id of the message that the other is not shown

    def show(self, member, entry):
        self.hidden.setdefault(entry["name"], entry["id"])
        return [entry] if entry["name"] == member or self.hidden[entry["name"]] != entry["id"] else []


class ForkByMember(Attack):
    name = "fork: a member's two texts under one number"
    needs = RELAY_AND_MEMBER
    sentence = "A member writes two texts under one number, and the relay shows one to Alice and the other to Bob."
    as_name = "Mallory"
    words = ("yes", "no")

    async def begin(self):
        session = await self.session("Mallory")
        self.for_alice = await session.seal("yes")
        sealer(session).counter = 0
        self.for_bob = await session.seal("no")
        self.append(self.for_alice)

    def to_page(self, member, frame):
        if member != "Bob" or not self.is_of_room(frame, "entries"):
            return [frame]
        for entry in frame["entries"]:
            if entry["id"] in self.labels:
                entry["body"] = self.for_bob
        return [frame]


class ShortenedLog(LyingRelay):
    name = "a shortened log after a reload"
    sentence = "Bob reloads, and is shown an earlier part of the log as if it were all."
    talk = ("Alice says", "Bob hears", "Bob reloads", "Bob says", "Alice hears")

    async def begin(self):
        await super().begin()
        self.part = self.hand.log[:]

    def remembers(self, member):
        return self.part


class ShortenedLogContinued(ShortenedLog):
    name = "a shortened log after a reload, and the talk goes on"
    sentence = "Bob reloads, and is shown an earlier part of the log; then Alice, who knows the whole log, writes."
    talk = ShortenedLog.talk + ("Alice says", "Bob hears")


class EmptyLog(ShortenedLogContinued):
    name = "an empty log after a reload, and the talk goes on"
    sentence = "Bob reloads, and the relay says that nobody has written yet; then Alice writes."

    talk_with_list = ("Alice says", "Bob hears", "Bob reloads")

    def remembers(self, member):
        return []


class OldAsNew(LyingRelay):
    name = "an old message as new after a reload"
    sentence = "Bob reloads; the relay leaves the last message of Alice out, and shows it as new when Bob has written."
    talk = ("Alice says", "Bob hears", "Bob reloads", "Bob says", "Alice hears")

    def remembers(self, member):
        self.kept = self.hand.log[-1]
        return self.hand.log[:-1]

    def show(self, member, entry):
        return [entry, self.kept] if member == "Bob" and entry["name"] == "Bob" else [entry]


class NothingKept(Attack):
    name = "a false claim that nothing is kept"
    sentence = "Bob reloads, and the relay says that it no longer keeps what was said."
    talk = ("Bob reloads",) + HONEST
    talk_with_list = ("Bob reloads",)

    def __init__(self, hand):
        super().__init__(hand)
        self.newest = 0

    def to_page(self, member, frame):
        if member == "Bob" and self.is_of_room(frame, "joined"):
            self.newest = frame["newest"]
            frame["oldest"] = self.newest + 1
        elif member == "Bob" and self.is_of_room(frame, "entries"):
            frame["entries"] = [entry for entry in frame["entries"] if entry["seq"] > self.newest]
            return [frame] if frame["entries"] else []
        return [frame]


class FalseLog(Attack):
    name = "a false log id after a broken connection"
    sentence = "Bob's connection breaks, and the relay says that the log is another one and begins anew."
    talk = ("Bob is cut off",) + HONEST

    def to_relay(self, member, frame):
        if member == "Bob" and self.is_of_room(frame, "join"):
            frame["after"] = 0
            frame.pop("log", None)
        return [frame]

    def to_page(self, member, frame):
        if member == "Bob" and self.is_of_room(frame, "joined"):
            frame["log"] = "another"
        return [frame]


class EarlierLog(ShortenedLog):
    name = "an earlier state of the log after a broken connection"
    sentence = "Bob's connection breaks, and the relay shows an earlier part of the log as if it were all."
    talk = ("Alice says", "Bob hears", "Bob is cut off", "Bob says", "Alice hears")


class NeverStored(Attack):
    name = "acknowledged and never delivered"
    leaves_sending = True
    sentence = "The relay tells Alice that it has her message, and throws it away."
    talk = ("Alice writes",) + HONEST

    def __init__(self, hand):
        super().__init__(hand)
        self.dropped = False

    def to_relay(self, member, frame):
        if member != "Alice" or self.dropped or not self.is_of_room(frame, "append"):
            return [frame]
        self.dropped = True
        answer = {"type": "appended", "room": frame["room"], "id": frame["id"], "seq": len(self.hand.log) + 1}
        self.injections.append(("page", "Alice", answer))
        return []


class KnownId(Attack):
    name = "a known id with another body"
    needs = ANYONE
    sentence = "Somebody appends another body under the id of Alice's message."

    async def begin(self):
        self.append(self.hand.last("Bob")["body"], id=self.hand.last("Alice")["id"])


class OtherBody(Attack):
    name = "another body under the sender's id"
    leaves_sending = True
    sentence = "The relay stores an older body in place of Alice's message, under its id."
    talk = ("Alice writes",) + HONEST

    def __init__(self, hand):
        super().__init__(hand)
        self.swapped = False

    def to_relay(self, member, frame):
        if member == "Alice" and not self.swapped and self.is_of_room(frame, "append"):
            self.swapped = True
            frame["body"] = self.hand.last("Bob")["body"]
        return [frame]


class UnknownKind(Attack):
    name = "an entry of an unknown kind"
    needs = ANYONE
    sentence = "Somebody appends an entry that is no message."

    async def begin(self):
        self.append(FALSE, kind="epoch")


ATTACKS = [
    Fork,
    ForkByMember,
    ShortenedLog,
    ShortenedLogContinued,
    EmptyLog,
    OldAsNew,
    NothingKept,
    FalseLog,
    EarlierLog,
    NeverStored,
    KnownId,
    OtherBody,
    UnknownKind,
]
