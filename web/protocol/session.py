"""A session: one Join of one page. What it said and saw, what is still on its way. Section 5. Pure.

Its neighbours are passed in: `level` seals and opens; `show` is the room's part of the view; `send(frame)` hands a
frame to the link; `later(seconds, work)` calls `work()`, plain or async, beside the pump, and `in_pump(work)` between
two frames.
"""

from .duties import Duties
from .levels import MESSAGE, Changed
from .log_position import NEW_LOG, TRIMMED, LogPosition
from .members import Members
from .reading import Reading
from .verdict import Verdict
from .writers import Writers
from .writing import FOR_THE_MOMENT, Writing

JOIN_AGAIN = 2.0  # seconds until a joining is tried again that was refused for the moment


class Session:
    def __init__(self, platform, level, address, name, show, send, later, in_pump, way_out=(), kept=None):
        self.level = level
        self.address = address
        self.room = address.split("/", 1)[-1]
        self.name = name
        self.show = show
        self.send = send
        self.later = later
        self.in_pump = in_pump
        self.way_out = list(way_out)  # choices offered beside "wrong passphrase": (label, async callable)
        self.writing = Writing(platform, level, address, name, show, send, later)
        self.duties = Duties(platform, level, address, show, send, later, self.writing.has_unsealed)
        self.members = Members(platform, level, show, later)
        self.writers = Writers(platform, level, name, show, self.members.present)
        self.verdict = Verdict(show, self.way_out)
        self.reading = Reading(level, show, self.writing, self.writers, self.verdict, kept)
        self.wire, self.shelf, self.notice = self.reading.wire, self.reading.shelf, self.reading.notice
        self.log = LogPosition()
        self.online = False  # joined, and the link is up
        self.barred = False  # the relay does not let us in, and the banner says why
        self.closed = False  # left: nothing more is sent or derived
        self.complaint = ""  # why the last text was not taken
        self.preparing = self.prepared = False
        self.pursuing = False  # a derivation is due at some time
        self.take_up(level.resumed())

    def take_up(self, resumed):
        """Shows what the level has kept of an earlier visit, and goes on from there. resumed: a Resumed, or None."""
        if resumed:
            self.log.resume(resumed.log, resumed.read)
            self.reading.take_up(resumed)
            self.writing.take_up(resumed.unsent)

    # ------------------------------------------------------------------------------------------ the connection

    def up(self):
        """The link is up: join, or join again from where we were."""
        if self.closed or self.online:
            return
        frame = {"type": "join", "room": self.address, "name": self.name}
        frame.update(self.log.ask())
        self.send(frame)
        self.show.state("Joining ...", "info")

    def down(self):
        self.online = False
        self.writing.down()
        self.duties.down()
        self.show_state()

    def leave(self):
        self.closed = True
        self.writing.leave()
        self.duties.end()
        self.level.close()
        self.send({"type": "leave", "room": self.address})

    def show_state(self):
        """What the room's line says when nothing special happened."""
        if self.complaint:
            self.show.state(self.complaint, "error")
        elif not self.online:
            self.show.state("Not connected. What you write is kept and sent later.", "warning")
        elif not self.log.is_read():
            self.show.state("Reading what was said ...", "info")
        else:
            self.show.state(self.level.standing(), "info")

    def complain(self, sentence):
        """A text was not taken and why, or with "" that the next one was."""
        if sentence or self.complaint:
            self.complaint = sentence
            self.show_state()

    async def say(self, text):
        """As Writing.say(), and what the level needs for it becomes due."""
        await self.writing.say(text)
        await self.pursue_duties()

    async def retry(self, row):
        """A text that failed goes out again, or says again why it cannot."""
        await self.writing.retry(row)
        await self.pursue_duties()

    async def pursue_duties(self):
        if self.writing.has_unsealed():
            await self.duties.pursue()

    async def receive(self, frame):
        """One checked frame of this room, called from the pump."""
        kind = frame["type"]
        if kind == "joined":
            await self.joined(frame)
        elif kind == "error":
            self.refused(frame)
        elif not self.online:
            pass  # of an earlier joining of this room: the log is read anew from `asked`
        elif kind == "entries":
            await self.entries(frame["entries"])
        elif kind == "appended":
            self.writing.appended(frame["id"])
        elif kind in ("member-joined", "member-left"):
            self.notice(*self.members.change(kind, frame["member"], frame["name"]))

    def refused(self, frame):
        """An error frame: about a message of ours, or about the joining."""
        if self.writing.refused(frame) or self.duties.refused(frame):
            return
        self.show.state(frame["message"], "error")
        if self.online:
            return
        if frame["code"] in FOR_THE_MOMENT:
            self.later(JOIN_AGAIN, self.up)
        else:
            self.barred = True
            self.show.alert(frame["message"], [("Try again", self.try_again)] + self.way_out)

    async def try_again(self):
        self.up()

    # ------------------------------------------------------------------------------------------ reading

    async def joined(self, frame):
        if self.barred:
            self.barred = False
            self.show.alert("", [])
        self.note_log(frame)
        self.level.begins_at(frame["log"], frame["oldest"])
        self.members.replace(frame["you"], frame["members"])
        self.show.facts([] if frame["kept"] else ["This relay writes nothing to disk: who is away misses messages."])
        self.online = True
        self.show_state()
        if self.level.relayed_is_final:
            self.writing.up()
        await self.caught_up()

    def note_log(self, frame):
        """Says what the relay's log lacks against what it had shown before."""
        if self.log.is_replaced(frame):
            self.notice(*NEW_LOG)
            self.forget_log(frame)
        if frame["oldest"] > self.log.last + 1:
            self.notice(*TRIMMED)
        if self.log.log is None:
            self.reading.show_kept(frame["log"], frame["oldest"])
        if self.log.joined(frame):
            self.writers.past = frame["newest"]
        self.reading.log = frame["log"]

    def forget_log(self, frame):
        """What waited for a key is read again, if the relay still has it."""
        self.level.new_log()
        self.writing.new_log()
        self.log.begin_anew()
        if self.level.has_duties:
            self.duties.down()
            self.preparing = self.prepared = False
        self.reading.begin_anew(frame["newest"])

    async def entries(self, entries):
        entries = [entry for entry in entries if entry["seq"] > self.log.last]
        if not entries:
            return
        for entry in entries:
            missing = self.log.follow(entry)
            if missing > 0:
                self.notice(f"Entries are missing here ({missing}): no longer kept, or withheld.", "missing")
        if self.shelf.held or await self.await_first_key(entries):
            self.shelf.held += entries
        else:
            outcomes = await self.reading.open(entries)
            self.reading.show_outcomes(entries, outcomes)
            await self.turn(entries, outcomes)
        self.pursue_keys()
        await self.caught_up()

    async def await_first_key(self, entries):
        """True if these come before the very first key. They are then opened and shown once, and not twice."""
        if not self.level.keyring.awaits_first():
            return False
        for entry in reversed(entries):
            if await self.level.wish(entry):
                return True
        return False

    # ------------------------------------------------------------------------------------------ what the level does

    async def turn(self, entries, outcomes):
        """After entries of the level's own: what opens now, what is due now, and who is in."""
        if not self.level.has_duties:
            return
        for entry in entries:
            self.duties.landed(entry)
        if not any(entry["kind"] != MESSAGE for entry in entries) and not self.writing.has_unsealed():
            return
        if any(isinstance(outcome, Changed) and outcome.opens for outcome in outcomes):
            await self.reading.change_rows(self.shelf.take_shut(), self.level.reopen)
        self.members.tell()
        if self.online and self.log.is_read():
            self.show_state()
        await self.duties.pursue()
        await self.writing.turned()

    # ------------------------------------------------------------------------------------------ keys

    def pursue_keys(self):
        """Derives the next unknown key, now or when the limit allows, beside the pump."""
        if self.shelf.waiting and not self.level.keyring.wanted:
            self.level.keyring.want(self.shelf.waiting[-1][1])  # a wish that a flood of others pushed out
        wait = self.level.keyring.wait()
        if wait is not None and not self.pursuing:
            self.pursuing = True
            self.later(wait, self.derive)

    async def derive(self):
        self.pursuing = False
        if self.closed:
            return None
        if self.level.keyring.wait() != 0.0:
            return self.pursue_keys()
        key_name, key = await self.level.keyring.derive_next()

        async def use():
            self.level.keyring.keep(key_name, key)
            await self.key_ready(key_name)

        return await self.in_pump(use)

    async def key_ready(self, key_name):
        """Opens what waited for this key, in the order of the log."""
        if self.closed:
            return
        if self.shelf.held:
            entries = self.shelf.take_held()
            self.reading.show_outcomes(entries, await self.reading.open(entries))
        else:
            await self.reading.change_rows(self.shelf.take_waiting(key_name), self.reading.open)
        self.pursue_keys()
        await self.caught_up()

    async def caught_up(self):
        """Once the log has been read and no key is about to come: find out whether we may speak."""
        if not self.online or not self.log.is_read() or self.shelf.held or self.level.keyring.wait() == 0.0:
            return
        if self.level.keyring.deriving:
            return
        self.show_state()
        self.verdict.tell()
        if not self.preparing:
            self.preparing = True
            self.later(0, self.prepare)
        elif self.prepared and not self.duties.online:
            await self.speak()

    async def prepare(self):
        if self.closed:
            return
        for text, code in await self.level.prepare():
            self.notice(text, code)
        self.prepared = True
        self.pursue_keys()  # wished for meanwhile: no second key is derived beside our own
        await self.writing.prepared()
        if self.level.has_duties:
            self.members.tell()
            self.duties.begin()
            await self.speak()

    async def speak(self):
        """The log has been read: what is due is appended, and what was written meanwhile goes out."""
        if self.level.has_duties and self.online:
            self.show_state()
            self.writing.up()
            await self.duties.up()
            await self.writing.turned()
