"""A room of level identity in memory: sessions of our own code on one relay, each with a device, a view and a clock.

Nothing happens by itself: frames wait until they are delivered, timers until time passes, and where a device `pauses`
each piece of cryptography until somebody lets the page go on, so that what a page does at once can come in any order.
"""

import itertools
from types import SimpleNamespace

from both_talk import Show as Rows
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


class Pause:
    def __await__(self):
        yield


class PausingPlatform(TimedPlatform):
    """What is asynchronous waits once before it is done, while `pauses`."""

    pauses = False


def pausing(name):
    async def method(self, *arguments):
        if self.pauses:
            await Pause()
        return await getattr(super(PausingPlatform, self), name)(*arguments)

    return method


for one in ("aes_key", "aes_gcm_seal", "aes_gcm_open_all", "x25519", "x25519_generate", "ed25519_sign"):
    setattr(PausingPlatform, one, pausing(one))
PausingPlatform.ed25519_verify_all = pausing("ed25519_verify_all")


class Relay:
    """The log of one room, and who is connected: dictionaries as frames.py gives them."""

    def __init__(self):
        self.entries, self.connected, self.name = [], {}, "L1"
        self.numbers = itertools.count(1)
        self.oldest = 1
        self.at_once = 1_000  # entries of a frame
        self.heeds_if_newest = True

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
        due = [one for one in self.entries[after:] if one["seq"] >= self.oldest]
        for first in range(0, len(due), self.at_once):
            page.put({"type": "entries", "entries": [dict(one) for one in due[first : first + self.at_once]]})
        for one in others:
            one.put({"type": "member-joined", "member": number, "name": page.name})

    def leave(self, page, frame):
        if page in self.connected:
            number = self.connected.pop(page)
            for one in self.connected:
                one.put({"type": "member-left", "member": number, "name": page.name})

    def append(self, page, frame):
        for entry in self.entries:
            if entry["id"] == frame["id"]:
                return page.put({"type": "appended", "id": frame["id"], "seq": entry["seq"]})
        newest = max([0] + [entry["seq"] for entry in self.entries if entry["kind"] == frame["kind"]])
        if self.heeds_if_newest and frame.get("if_newest", newest) != newest:
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


class Lie(Relay):
    """What one page is shown in place of the truth, to which it writes. Honest until it is told to be not."""

    def __init__(self, truth):
        super().__init__()
        self.truth, self.honest = truth, True
        truth.connected[self] = next(truth.numbers)

    def append(self, page, frame):
        self.truth.append(page, frame)

    def put(self, frame):
        if self.honest and frame["type"] == "entries":
            for entry in frame["entries"]:
                self.show(entry)

    def show(self, entry):
        self.take(entry["kind"], entry["body"], entry["id"], entry["name"])


class Show(Rows):
    """And the newest of all else that a view shows."""

    def __init__(self):
        super().__init__()
        self.roll, self.since, self.banner = None, "", ""

    def alert(self, sentence, choices):
        self.banner = sentence

    def members(self, listed):
        raise AssertionError("the members of this level are a signed list")

    def people(self, facts):
        self.roll = facts

    def confirmed(self, since):
        self.since = since


class Device:
    """What a browser profile keeps of one name."""

    def __init__(self, clock, name, inviter=None):
        self.platform, self.name, self.inviter = PausingPlatform(clock), name, inviter
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
        self.reading, self.under_way = None, []  # coroutines: of a frame, and of all else
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
        frames, did = len(self.inbox) if most is None else most, False
        while frames > 0 and self.inbox and self.reading is None:
            frames, did = frames - 1, True
            self.reading = self.stepped(self.session.receive(self.inbox.pop(0)))
        return self.pass_time(0) or did

    def pass_time(self, seconds):
        did = False
        for one in self.due:
            one[0] -= seconds
        while now := [one for one in self.due if one[0] <= 0]:
            self.due = [one for one in self.due if one[0] > 0]
            for _, work in now:
                did = True
                if waits := work():
                    self.begin(waits)
        return did

    def begin(self, coroutine):
        """Beside what is under way. It goes on until its end, or until it waits, where the device pauses."""
        if self.stepped(coroutine):
            self.under_way.append(coroutine)

    def stepped(self, coroutine):
        """The coroutine one step on; None if that was its last."""
        try:
            coroutine.send(None)
        except StopIteration:
            return None
        assert self.device.platform.pauses, "the coroutine waited for something"
        return coroutine

    def go_on(self, which=0):
        """One step of one of the things that are under way. Whether there was any."""
        at = which % (len(self.under_way) + 1)
        if self.reading and (at == 0 or not self.under_way):
            self.reading = self.stepped(self.reading)
            return True
        if self.under_way:
            coroutine = self.under_way.pop(max(0, at - 1))
            if self.stepped(coroutine):
                self.under_way.append(coroutine)
            return True
        return False

    def crash(self):
        """The page is gone without a word; the device keeps what it had stored."""
        self.lost, self.inbox, self.due, self.reading, self.under_way = True, [], [], None, []
        self.session.closed = True
        self.session.duties.end()
        self.relay.leave(self, {})

    def cut(self):
        """The connection is dead and the page does not know it yet: what it sends is lost."""
        self.lost, self.inbox = True, []
        self.relay.leave(self, {})

    def drop(self):
        """The connection breaks."""
        self.cut()
        self.session.down()

    def reconnect(self):
        self.session.down()
        self.lost = False
        self.session.up()

    # What a person does and sees

    def says(self, text):
        self.begin(self.session.say(text))

    def retries(self, row_id):
        self.begin(self.session.retry(row_id))

    def wishes(self, change):
        self.level.steward.wish(change)
        self.begin(self.session.duties.pursue())

    def shares_with(self, other):
        """What was said before."""
        self.level.steward.to_share.append(other.device.ours.public)
        self.begin(self.session.duties.pursue())

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
        if not [page for page in pages if page.deliver() or page.go_on()]:
            return
    raise AssertionError("frames without end")


def pass_time(room, seconds):
    room.clock.now += seconds
    for page in room.pages:
        page.pass_time(seconds)
    settle(*room.pages)
