"""Attacks on the order of messages, and on whether each arrives, and once. None needs a passphrase."""

from .attack import ANYONE, HONEST, Attack
from .logs import LyingRelay


class ReplayAtOnce(Attack):
    name = "replay at once"
    needs = ANYONE
    sentence = "Alice's message is appended a second time, right behind the first."

    def to_page(self, member, frame):
        if member == "Alice" and not self.labels and self.is_of_room(frame, "entries"):
            for entry in frame["entries"]:
                if entry["name"] == "Alice":
                    self.append(entry["body"], member="Alice")
        return [frame]


class ReplayLater(Attack):
    name = "replay later"
    needs = ANYONE
    sentence = "Alice's first message is appended again, after others."

    async def begin(self):
        self.append(self.hand.first()["body"], member="Alice")


class ReplayAfterReload(Attack):
    name = "replay after a reload"
    needs = ANYONE
    sentence = "Bob reloads, and Alice's first message is appended again."
    talk = ("Bob reloads",) + HONEST

    def to_page(self, member, frame):
        if member == "Bob" and self.is_of_room(frame, "joined"):
            self.append(self.hand.first()["body"], member="Alice")
        return [frame]


class Duplicate(Attack):
    name = "duplicate"
    sentence = "Every entry is delivered twice, under its one number."

    def to_page(self, member, frame):
        return [frame, frame] if self.is_of_room(frame, "entries") else [frame]


class ReorderWithin(LyingRelay):
    name = "reorder within a sender"
    sentence = "Bob is shown two messages of Alice in the other order."
    talk = ("Alice says", "Alice says") + HONEST

    def __init__(self, hand):
        super().__init__(hand)
        self.held = None
        self.done = False

    def show(self, member, entry):
        if member != "Bob" or entry["name"] != "Alice" or self.done:
            return [entry]
        if self.held is None:
            self.held = entry
            return []
        self.done = True
        return [entry, self.held]


class ReorderBetween(LyingRelay):
    name = "reorder between senders"
    sentence = "Alice is shown Bob's answer before the message of hers that he answered."
    talk = ("Alice writes", "Bob hears", "Bob says", "Alice hears") + HONEST

    def __init__(self, hand):
        super().__init__(hand)
        self.held = None
        self.done = False

    def show(self, member, entry):
        if member != "Alice" or self.done:
            return [entry]
        if self.held is None:
            self.held = entry
            return []
        self.done = True
        return [entry, self.held]


class DropOne(LyingRelay):
    name = "drop one"
    sentence = "Bob is not shown one message of Alice, and the numbers of the log show no hole."
    talk = ("Alice says",) + HONEST

    def __init__(self, hand):
        super().__init__(hand)
        self.dropped = None

    def show(self, member, entry):
        if self.dropped is None and entry["name"] == "Alice":
            self.dropped = entry["id"]
        return [] if member == "Bob" and entry["id"] == self.dropped else [entry]


class DropOneOfTheLog(Attack):
    name = "drop one, and leave its number out"
    sentence = "Bob is not shown one message of Alice, and the numbers of the log have a hole there."
    talk = ("Alice says",) + HONEST

    def __init__(self, hand):
        super().__init__(hand)
        self.dropped = None

    def to_page(self, member, frame):
        if member != "Bob" or not self.is_of_room(frame, "entries"):
            return [frame]
        if self.dropped is None:
            self.dropped = frame["entries"][0]["id"]
        frame["entries"] = [entry for entry in frame["entries"] if entry["id"] != self.dropped]
        return [frame] if frame["entries"] else []


class DropTail(LyingRelay):
    name = "drop the tail"
    sentence = "From some moment on, Bob is shown no message of Alice."
    talk = ("Alice says", "Bob says", "Alice hears")

    def show(self, member, entry):
        return [] if member == "Bob" and entry["name"] == "Alice" else [entry]


ATTACKS = [
    ReplayAtOnce,
    ReplayLater,
    ReplayAfterReload,
    Duplicate,
    ReorderWithin,
    ReorderBetween,
    DropOne,
    DropOneOfTheLog,
    DropTail,
]
