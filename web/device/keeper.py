"""Keeps the messages and the draft of one room on this device, beside the pump. The page."""

from browser import clock
from protocol.kept import Kept
from protocol.store_errors import NotKept

PAUSE = 1.0  # seconds without a letter, until a draft is kept
DAMAGED = "What this device has kept of this room is damaged in part ({}). The rest is shown."


class Keeper:
    """history: a History that is on; name and address: of the person and the room. tell(sentence): what went wrong."""

    def __init__(self, platform, history, name, address, tell):
        self.platform = platform
        self.history = history
        self.place = (name, address)
        self.tell = tell
        self.waiting = []
        self.busy = self.failed = False
        self.draft = ""
        self.timer = None

    async def load(self):
        """(Kept, the draft)."""
        records, draft = [], ""
        try:
            records, damaged = await self.history.read(*self.place)
            draft = await self.history.draft(*self.place)
            if damaged:
                self.tell(DAMAGED.format(damaged))
        except NotKept as failure:
            self.tell(failure.for_people)
        return Kept(self.platform, records, self.append), draft

    def append(self, log, seq, fields):
        self.waiting.append((log, seq, fields))
        if not self.busy:
            self.busy = True
            clock.after(0, self.write)

    async def write(self):
        try:
            while self.waiting:
                await self.history.append(*self.place, *self.waiting.pop(0))
        except NotKept as failure:
            self.waiting = []
            if not self.failed:  # once: each message after it would fail as well
                self.failed = True
                self.tell(failure.for_people)
        self.busy = False

    def drafted(self, text):
        """The text in the message field is this now."""
        self.draft = text
        if self.timer:
            self.timer.cancel()
        self.timer = clock.after(PAUSE if text else 0, self.keep_draft)

    async def keep_draft(self):
        try:
            await self.history.keep_draft(*self.place, self.draft)
        except NotKept as failure:
            self.tell(failure.for_people)
