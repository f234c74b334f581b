"""What a session appends because its level has to: lists of members, room keys. Specification, section 5. Pure."""

from .moments import iso
from .writing import FOR_THE_MOMENT

# Seconds until what was refused is asked for anew. not-newest: somebody was first, and their entry is about to be read.
AGAIN = dict(FOR_THE_MOMENT)
AGAIN["not-newest"] = 0.5
UNCONFIRMED = "Membership not confirmed since {} UTC. Who was removed meanwhile may still be in the list shown here."
TICK = 60.0  # seconds: how often is looked at what becomes due by itself


class Duties:
    """One entry at a time. Its neighbours are those of the session. wants_to_write(): whether a text waits."""

    def __init__(self, platform, level, address, show, send, later, wants_to_write):
        self.platform = platform
        self.level = level
        self.address = address
        self.show = show
        self.send = send
        self.later = later
        self.wants_to_write = wants_to_write
        self.online = False
        self.asking = False
        self.begun = self.ended = False
        self.under_way = None  # the id of an entry that has not come back

    async def up(self):
        """The log has been read. What was under way is in it, or never will be."""
        self.online = True
        self.under_way = None
        self.show_confirmed()
        await self.pursue()

    def down(self):
        self.online = False

    def begin(self):
        """From now on something can become due by itself."""
        if not self.begun:
            self.begun = True
            self.later(TICK, self.tick)

    def end(self):
        self.down()
        self.ended = True

    async def tick(self):
        if not self.ended:
            self.later(TICK, self.tick)
            self.show_confirmed()
            await self.pursue()

    def show_confirmed(self):
        since = self.level.unconfirmed()
        self.show.confirmed(UNCONFIRMED.format(iso(since)[:16].replace("T", " ")) if since else "")

    async def pursue(self):
        """Appends what the level wants now, if anything."""
        if self.asking or self.under_way or not self.online:
            return
        self.asking = True
        try:
            control = await self.level.control(self.wants_to_write())
        finally:
            self.asking = False
        if control and self.online:
            self.append(control)

    def append(self, control):
        self.under_way = self.platform.base64url(self.platform.random(16))
        frame = {"type": "append", "room": self.address, "kind": control.kind, "id": self.under_way}
        frame["body"] = control.body
        if control.if_newest is not None:
            frame["if_newest"] = control.if_newest
        self.send(frame)

    def landed(self, entry):
        """An entry was read, perhaps ours."""
        if entry["id"] == self.under_way:
            self.under_way = None

    def refused(self, frame):
        """An error frame; False if it is not about an entry of ours."""
        if frame.get("id") != self.under_way or self.under_way is None:
            return False
        self.under_way = None
        again = AGAIN.get(frame["code"])
        if again:
            self.later(again, self.pursue)
        return again is not None
