"""A room of level identity in memory: sessions of our own code on one relay, each with a device, a view and a clock.

Nothing happens by itself: frames wait until they are delivered, timers until time passes.
"""

import itertools
from types import SimpleNamespace

from protocol.identity import OurIdentity
from protocol.levels.changes import Add, MakeAdmin, Remove
from protocol.levels.identity import Identity
from protocol.session import Session
from protocol.trust import Trust
from reference import ReferencePlatform, run

ADDRESS = "identity/den"
START = 1_800_000_000  # seconds since 1970


class Clock:
    def __init__(self):
        self.now = START


class TimedPlatform(ReferencePlatform):
    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def time(self):
        return self.clock.now


class Relay:
    """The log of one room, and who is connected: dictionaries as frames.py gives them."""

    def __init__(self):
        self.entries, self.connected, self.name = [], {}, "L1"
        self.numbers = itertools.count(1)
        self.oldest = 1

    def receive(self, page, frame):
        getattr(self, frame["type"])(page, frame)

    def join(self, page, frame):
        number = next(self.numbers)
        after = frame["after"] if frame.get("log", self.name) == self.name else 0
        others = [one for one in self.connected if one is not page]
        self.connected[page] = number
        members = [{"member": self.connected[one], "name": one.name} for one in self.connected]
        newest = len(self.entries)
        joined = {"type": "joined", "log": self.name, "after": after, "oldest": min(self.oldest, max(newest, 1))}
        page.put(joined | {"newest": newest, "you": number, "members": members, "kept": True})
        if due := [one for one in self.entries[after:] if one["seq"] >= self.oldest]:
            page.put({"type": "entries", "entries": [dict(one) for one in due]})
        for one in others:
            one.put({"type": "member-joined", "member": number, "name": page.name})

    def leave(self, page, frame):
        number = self.connected.pop(page, None)
        for one in self.connected:
            one.put({"type": "member-left", "member": number, "name": page.name})

    def append(self, page, frame):
        for entry in self.entries:
            if entry["id"] == frame["id"]:
                return page.put({"type": "appended", "id": frame["id"], "seq": entry["seq"]})
        newest = max([0] + [entry["seq"] for entry in self.entries if entry["kind"] == frame["kind"]])
        if frame.get("if_newest", newest) != newest:
            return page.put({"type": "error", "code": "not-newest", "message": "Not the newest.", "id": frame["id"]})
        return self.take(frame["kind"], frame["body"], frame["id"], page.name, page)

    def take(self, kind, body, id, name, page=None):
        at = "2026-11-26T05:12:00.000Z"
        entry = {"seq": len(self.entries) + 1, "kind": kind, "id": id, "name": name, "at": at, "body": body}
        self.entries.append(entry)
        if page:
            page.put({"type": "appended", "id": id, "seq": entry["seq"]})
        for one in self.connected:
            one.put({"type": "entries", "entries": [dict(entry)]})


class Show:
    """The view: rows by their ids, in their order, and the newest of all else."""

    def __init__(self):
        self.by_id, self.order, self.line, self.roll, self.since, self.banner = {}, [], "", None, "", ""

    def rows(self, batch):
        for row in batch:
            self.by_id[row["id"]] = row
            self.order.append(row["id"])

    def pending(self, row):
        self.rows([row])

    def place(self, row_id, row):
        self.order.remove(row_id)
        del self.by_id[row_id]
        self.rows([row])

    def change(self, row_id, row):
        at = self.order.index(row_id)
        del self.by_id[row_id]
        self.order[at], self.by_id[row["id"]] = row["id"], row

    def mark(self, writer, codes, word):
        pass

    def state(self, sentence, kind):
        self.line = sentence

    def alert(self, sentence, choices):
        self.banner = sentence

    def facts(self, sentences):
        pass

    def members(self, listed):
        raise AssertionError("the members of this level are a signed list")

    def people(self, facts):
        self.roll = facts

    def confirmed(self, since):
        self.since = since


class Device:
    """What a browser profile keeps of one name."""

    def __init__(self, clock, name, inviter=None):
        self.platform, self.name, self.inviter = TimedPlatform(clock), name, inviter
        self.ours = run(OurIdentity.from_seed(self.platform, self.platform.random(32)))
        self.trust, self.state = Trust([], lambda: None), None

    async def keep(self, octets):
        self.state = octets

    def close(self):
        pass


class Page:
    """One session of a device, from joining to leaving or crashing."""

    def __init__(self, relay, device, level=Identity):
        self.relay, self.device, self.name = relay, device, device.name
        self.inbox, self.due, self.lost = [], [], False
        self.show = Show()
        self.level = run(level.start(device.platform, "den", device.name, device))
        self.session = Session(
            device.platform, self.level, ADDRESS, device.name, self.show, self.send, self.later, self.in_pump
        )
        self.session.up()

    def put(self, frame):
        self.inbox.append(frame | {"room": ADDRESS})

    def send(self, frame):
        if not self.lost:
            self.relay.receive(self, frame)
        return not self.lost

    def later(self, seconds, work):
        self.due.append([seconds, work])

    async def in_pump(self, work):
        await work()

    def deliver(self, most=None):
        """Hands over frames that wait, and does what is due now. Whether there was any."""
        frames, self.inbox = self.inbox[:most], self.inbox[len(self.inbox[:most]) :]
        for frame in frames:
            run(self.session.receive(frame))
        return self.pass_time(0) or bool(frames)

    def pass_time(self, seconds):
        did = False
        for one in self.due:
            one[0] -= seconds
        while now := [one for one in self.due if one[0] <= 0]:
            self.due = [one for one in self.due if one[0] > 0]
            for _, work in now:
                did = True
                if waits := work():
                    run(waits)
        return did

    def crash(self):
        """The page is gone without a word; the device keeps what it had stored."""
        self.lost, self.inbox, self.due = True, [], []
        self.session.closed = True
        self.session.duties.end()
        self.relay.leave(self, {})

    def drop(self):
        """The connection breaks."""
        self.lost, self.inbox = True, []
        self.relay.leave(self, {})
        self.session.down()

    def reconnect(self):
        self.lost = False
        self.session.up()

    # What a person does and sees

    def says(self, text):
        run(self.session.say(text))

    def wishes(self, change):
        self.level.steward.wish(change)
        run(self.session.duties.pursue())

    def adds(self, other):
        self.wishes(Add(other.device.ours.public, other.name))

    def removes(self, other):
        self.wishes(Remove(other.device.ours.public))

    def names_admin(self, other):
        self.wishes(MakeAdmin(other.device.ours.public))

    def rows(self, kind):
        return [self.show.by_id[one] for one in self.show.order if self.show.by_id[one]["kind"] == kind]

    def texts(self):
        return [(row["name"], row["text"]) for row in self.rows("message")]

    def codes(self):
        return [row["code"] for row in self.rows("refusal")]

    def notices(self):
        return [row["text"] for row in self.rows("notice") if row["code"] not in ("joined", "left")]

    def listed(self):
        one = self.level.membership.roster.list
        return [(member.name, member.admin) for member in one.members] if one else []


def world(*names, inviter=None):
    """A relay, and a page for each name, joined in this order and settled; nobody is a member by that but the first."""
    clock = Clock()
    room = SimpleNamespace(clock=clock, relay=Relay(), pages=[])
    for name in names:
        room.pages.append(Page(room.relay, Device(clock, name)))
        settle(*room.pages)
    return room


def settle(*pages):
    """Delivers until nothing waits any more."""
    for _ in range(1_000):
        if not [page for page in pages if page.deliver()]:
            return
    raise AssertionError("frames without end")


def pass_time(room, seconds):
    room.clock.now += seconds
    for page in room.pages:
        page.pass_time(seconds)
    settle(*room.pages)
