"""A session: one Join of one page. What it said and saw, what is still on its way. Section 5. Pure.

Its neighbours are passed in: `level` seals and opens; `show` is the room's part of the view; `send(frame)` hands a
frame to the link; `later(seconds, work)` calls `work()`, plain or async, beside the pump, and `in_pump(work)` between
two frames.
"""

from . import rows
from .errors import Malformed, Replayed, TooManyKeys
from .levels import Waiting
from .members import Members
from .verdict import Verdict
from .wire import Wire
from .writers import Writers
from .writing import FOR_THE_MOMENT, Writing

JOIN_AGAIN = 2.0  # seconds until a joining is tried again that was refused for the moment
WAITING_MOST = 1_000  # entries kept until their key is there


class Session:
    def __init__(self, platform, level, address, name, show, send, later, in_pump, way_out=()):
        self.level = level
        self.address = address
        self.name = name
        self.show = show
        self.send = send
        self.later = later
        self.in_pump = in_pump
        self.way_out = list(way_out)  # choices offered beside "wrong passphrase": (label, async callable)
        self.writing = Writing(platform, level, address, name, show, send, later)
        self.members = Members(platform, show, later)
        self.writers = Writers(platform, level, name, show, self.members.present)
        self.verdict = Verdict(show, self.way_out)
        self.wire = Wire()
        self.log = None
        self.logs = 0  # how many this session has read
        self.last = 0  # the newest seq that we were shown
        self.asked = 0  # what `last` was when we asked to join
        self.oldest = 1  # the log is complete from this seq on
        self.target = None  # the newest seq of the log when we joined; None until then
        self.online = False  # joined, and the link is up
        self.barred = False  # the relay does not let us in, and the banner says why
        self.closed = False  # left: nothing more is sent or derived
        self.complaint = ""  # why the last text was not taken
        self.preparing = False  # or prepared
        self.pursuing = False  # a derivation is due at some time
        self.held = []  # read before the very first key was derived
        self.waiting = []  # (entry, key name): shown as waiting for a key
        self.reread_until = 0  # repeats up to this seq are the relay's log read again, not an attack
        self.notices = 0

    # ------------------------------------------------------------------------------------------ the connection

    def up(self):
        """The link is up: join, or join again from where we were."""
        if self.closed or self.online:
            return
        self.asked = self.last
        frame = {"type": "join", "room": self.address, "name": self.name, "after": self.last}
        if self.log is not None:
            frame["log"] = self.log
        self.send(frame)
        self.show.state("Joining ...", "info")

    def down(self):
        self.online = False
        self.writing.down()
        self.show_state()

    def leave(self):
        self.closed = True
        self.writing.down()
        self.level.close()
        self.send({"type": "leave", "room": self.address})

    def show_state(self):
        """What the room's line says when nothing special happened."""
        if self.complaint:
            self.show.state(self.complaint, "error")
        elif not self.online:
            self.show.state("Not connected. What you write is kept and sent later.", "warning")
        elif self.last < self.target:
            self.show.state("Reading what was said ...", "info")
        else:
            self.show.state("", "info")

    def complain(self, sentence):
        """A text was not taken and why, or with "" that the next one was."""
        if sentence or self.complaint:
            self.complaint = sentence
            self.show_state()

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
        if self.writing.refused(frame):
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
        self.level.complete_from(frame["oldest"])
        self.members.replace(frame["you"], frame["members"])
        self.show.facts([] if frame["kept"] else ["This relay writes nothing to disk: who is away misses messages."])
        self.online = True
        if frame["oldest"] > frame["newest"]:
            self.last = frame["newest"]  # the relay keeps none of them, so none will come
        self.oldest, self.target = frame["oldest"], frame["newest"]
        self.show_state()
        self.writing.up()
        await self.caught_up()

    def note_log(self, frame):
        """Says what the relay's log lacks against what it had shown before."""
        if self.log is not None and (frame["log"] != self.log or frame["after"] != self.asked):
            self.notice("The relay lost or replaced what it had stored for this room.", "new-log")
            self.forget_log()
            self.reread_until = frame["newest"]
        if self.log != frame["log"]:
            self.log, self.writers.past = frame["log"], frame["newest"]
        if frame["oldest"] > self.last + 1:
            self.notice("Earlier messages are no longer kept.", "trimmed")

    def forget_log(self):
        """Seqs start again. What waited for a key is read again, if the relay still has it."""
        self.level.new_log()
        self.last = 0
        self.logs += 1
        self.held = []
        waiting, self.waiting = self.waiting, []
        for entry, _ in waiting:
            self.show.change(entry["row"], rows.refusal(entry, TooManyKeys()))

    async def entries(self, entries):
        entries = [entry for entry in entries if entry["seq"] > self.last]
        if not entries:
            return
        for entry in entries:
            self.follow(entry)
        if self.held or await self.await_first_key(entries):
            self.held += entries
        else:
            self.show_outcomes(entries, await self.open(entries))
        self.pursue_keys()
        await self.caught_up()

    def follow(self, entry):
        """Takes the next seq, and says so if some are missing before it."""
        missing = entry["seq"] - max(self.last + 1, self.oldest)
        if missing > 0:
            self.notice(f"Entries are missing here ({missing}): no longer kept, or withheld.", "missing")
        self.last = entry["seq"]
        entry["row"] = f"s{self.logs}-{entry['seq']}"

    async def await_first_key(self, entries):
        """True if these come before the very first key. They are then opened and shown once, and not twice."""
        if self.level.keyring.keys:
            return False
        for entry in reversed(entries):
            if await self.level.wish(entry):
                return True
        return False

    async def open(self, entries):
        """An outcome of the level for each."""
        try:
            return await self.level.open(entries)
        except Exception:  # noqa: BLE001 - a mistake of ours on one message must not cost those beside it
            if len(entries) == 1:
                return [Malformed()]
            outcomes = []
            for entry in entries:
                outcomes += await self.open([entry])
            return outcomes

    def show_outcomes(self, entries, outcomes):
        fresh = []
        for entry, outcome in zip(entries, outcomes):
            self.verdict.count(outcome)
            if isinstance(outcome, Replayed) and entry["seq"] <= self.reread_until:
                continue
            item = self.writing.landed(entry)
            if item or self.level.open_to_view:
                self.wire.keep(entry, outcome)
            if item:
                self.show_rows(fresh)
                fresh = []
                self.show.place(item.id, self.writers.row_of(entry, outcome))
                continue
            if isinstance(outcome, Waiting):
                self.waiting.append((entry, outcome.key_name))
            fresh.append(self.writers.row_of(entry, outcome))
        self.show_rows(fresh)
        self.writers.tell()
        while len(self.waiting) > WAITING_MOST:
            entry, _ = self.waiting.pop(0)
            self.show.change(entry["row"], rows.refusal(entry, TooManyKeys()))

    def show_rows(self, fresh):
        if fresh:
            self.show.rows(fresh)

    # ------------------------------------------------------------------------------------------ keys

    def pursue_keys(self):
        """Derives the next unknown key, now or when the limit allows, beside the pump."""
        if self.waiting and not self.level.keyring.wanted:
            self.level.keyring.want(self.waiting[-1][1])  # a wish that a flood of others pushed out
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
        if self.held:
            entries, self.held = self.held, []
            self.show_outcomes(entries, await self.open(entries))
        else:
            due = [entry for entry, wanted in self.waiting if wanted == key_name]
            self.waiting = [(entry, wanted) for entry, wanted in self.waiting if wanted != key_name]
            for entry, outcome in zip(due, await self.open(due)):
                self.verdict.count(outcome)
                self.wire.renew(entry, outcome)
                self.show.change(entry["row"], self.writers.row_of(entry, outcome))
            self.writers.tell()
        self.pursue_keys()
        await self.caught_up()

    async def caught_up(self):
        """Once the log has been read and no key is about to come: find out whether we may speak."""
        if not self.online or self.last < self.target or self.held or self.level.keyring.wait() == 0.0:
            return
        if self.level.keyring.deriving:
            return
        self.show_state()
        self.verdict.tell()
        if not self.preparing:
            self.preparing = True
            self.later(0, self.prepare)

    async def prepare(self):
        if self.closed:
            return
        await self.level.prepare()
        self.pursue_keys()  # wished for meanwhile: no second key is derived beside our own
        await self.writing.prepared()

    def notice(self, text, code):
        self.notices += 1
        self.show.rows([rows.notice(f"n{self.notices}", text, code)])
