"""What a session says: sealed in its order, sent, sent again until the relay has it. Specification, section 5. Pure."""

from hashlib import sha256

from . import rows
from .envelope import text_bytes
from .errors import Problem
from .levels import MESSAGE
from .outbox import Outbox
from .store_errors import NotKept

# Refused for the moment: seconds without sending, and then the same again.
FOR_THE_MOMENT = {"too-fast": 1.0, "address-too-fast": 1.0, "room-too-fast": 1.0, "storage": 5.0}
IN_FLIGHT = 50  # sent at most before an answer comes: what the relay refuses of many would arrive in another order


class Writing:
    """`show`, `send` and `later` are those of the session."""

    def __init__(self, platform, level, address, name, show, send, later):
        self.platform = platform
        self.level = level
        self.address = address
        self.name = name
        self.show = show
        self.send = send
        self.later = later
        self.outbox = Outbox()
        self.online = False
        self.ready = False  # the level can seal
        self.left = False  # the room: nothing is shown of it any more
        self.sealing = None  # the item that is being sealed
        self.paused = False
        self.in_flight = 0

    async def say(self, text):
        """Seals and sends, or keeps the text until that is possible. Raises Problem, and then nothing was taken."""
        text_bytes(text)
        if self.level.standing():
            raise Problem("message", "may-not-write", self.level.standing())
        item = self.outbox.add(self.new_id(), text)
        self.show.pending(rows.own(item, self.name, self.level.tag))
        await self.seal_waiting()

    def take_up(self, unsent):
        """Takes up (body, text) of an earlier visit that were not read in the log yet; body "" to be sealed anew."""
        for body, text in unsent:
            item = self.outbox.add(self.new_id(), text)
            if body:
                self.sealed(item, body)
            self.show.pending(rows.own(item, self.name, self.level.tag))

    def new_id(self):
        return self.platform.base64url(self.platform.random(16))

    def sealed(self, item, body):
        self.outbox.seal(item, body)
        if self.level.keeps_sealed:
            # The same on each visit: what a crash has sent already is not taken twice.
            item.id = self.platform.base64url(sha256(body.encode()).digest()[:16])

    async def prepared(self):
        """The level can seal from now on."""
        self.ready = True
        await self.seal_waiting()

    async def seal_waiting(self):
        if self.sealing or not self.ready:
            return
        try:
            item = self.outbox.next_unsealed()
            while item and self.level.can_seal() and (self.online or self.level.relayed_is_final):
                self.sealing = item
                try:
                    self.sealed(item, await self.level.seal(item.text))
                except NotKept as failure:
                    if self.left:
                        return
                    self.change(item, "failed", failure.for_people)
                self.transmit()
                item = self.outbox.next_unsealed()
        finally:
            self.sealing = None

    def up(self):
        """The room is joined: what the relay has not acknowledged goes out again, the very same bytes."""
        self.online = True
        self.in_flight = 0
        for item in self.outbox.items:
            item.sent = False
        self.transmit()

    def down(self):
        self.online = False

    def leave(self):
        self.down()
        self.left = True

    def has_unsealed(self):
        return self.outbox.next_unsealed() is not None

    async def turned(self):
        """The level seals with another key, or does not any more: then what waits cannot be sent at all.

        What is just being sealed goes out all the same: without it, others would miss a message of this sender.
        """
        for item in self.outbox.items:
            waits = item.body is None and item.state == "sending" and item is not self.sealing
            if waits and self.level.standing():
                self.change(item, "failed", self.level.standing())
        await self.seal_waiting()

    def new_log(self):
        """The relay has lost what it had taken. Where a text counts only in the log, it is sealed for the new one."""
        for item in self.outbox.items:
            item.taken = False
            if not self.level.relayed_is_final and not self.level.keeps_sealed:
                self.unseal(item)

    def transmit(self):
        """Sends what is sealed, in its order. Does nothing while offline: up() begins anew."""
        if not self.online or self.paused:
            return
        for item in self.outbox.to_send():
            if self.in_flight >= IN_FLIGHT:
                return
            item.sent = True
            self.in_flight += 1
            self.send({"type": "append", "room": self.address, "kind": MESSAGE, "id": item.id, "body": item.body})

    def answered(self, item):
        if item.sent:
            item.sent = False
            self.in_flight -= 1

    def landed(self, entry):
        """The item that this entry of the log is, which is then no longer on its way; None if it is not ours."""
        item = self.outbox.find(entry["id"])
        if item is None or item.body != entry["body"]:
            return None
        self.answered(item)
        self.outbox.remove(item)
        return item

    def came_too_late(self, entry):
        """Whether this entry is a text of ours that does not count at its place of the log: it is then sealed anew."""
        item = self.outbox.find(entry["id"])
        if item is None or item.body != entry["body"]:
            return False
        self.answered(item)
        self.unseal(item)
        return True

    def unseal(self, item):
        """It will be another body, and so has another id."""
        item.id, item.body = self.new_id(), None
        item.sent = item.taken = False

    async def retry(self, row):
        item = self.outbox.find_row(row)
        if item and item.state == "failed":
            self.change(item, "sending", "")
            await self.turned()
            self.transmit()

    def appended(self, id):
        item = self.outbox.find(id)
        if item:
            self.answered(item)
            item.taken = True
            if self.level.relayed_is_final:
                self.change(item, "relayed", "")
        self.transmit()

    def refused(self, frame):
        """An error frame; False if it is not about a message of ours."""
        item = self.outbox.find(frame.get("id", ""))
        if item is None:
            return False
        self.answered(item)
        if frame["code"] in FOR_THE_MOMENT:
            self.pause(FOR_THE_MOMENT[frame["code"]])
            if frame["code"] == "storage":
                self.show.state(frame["message"], "error")
        else:
            self.change(item, "failed", frame["message"])
            self.transmit()
        return True

    def pause(self, seconds):
        """All of our messages wait, so that none overtakes the one that was refused."""
        if not self.paused:
            self.paused = True
            self.later(seconds, self.resume)

    def resume(self):
        self.paused = False
        self.transmit()

    def change(self, item, state, problem):
        item.state = state
        item.problem = problem
        self.show.change(item.row, rows.own(item, self.name, self.level.tag))
