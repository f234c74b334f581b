"""Pages of level ratchet around a relay in memory, with devices that outlive them: what a session does, and no view."""

from protocol.double_ratchet import generate_dh
from protocol.errors import Refusal
from protocol.identity import OurIdentity
from protocol.levels import MESSAGE, Changed, Opened
from protocol.levels.ratchet import Ratchet
from protocol.prekeys import Prekeys
from protocol.ratchet_record import SKIPPED_IN_ALL, Record
from protocol.store_errors import NotKept
from protocol.trust import Trust
from reference import ReferencePlatform, run

ROOM, AT = "den", "2026-11-26T12:00:00.000Z"


class Crash(Exception):
    """The page is gone."""


class Device:
    """What lasts, and the door to it as the level has it. crash: None, or whether the next write still happens."""

    def __init__(self, name, seed):
        self.platform = ReferencePlatform()
        self.name = name
        self.inviter = None
        self.ours = run(OurIdentity.from_seed(self.platform, bytes([seed]) * 32))
        self.trust = Trust([], lambda: None)
        self.record = None
        self.spk, *self.one_time = [run(generate_dh(self.platform)) for _ in range(9)]
        self.published = [public for _, public in self.one_time]
        self.prekeys = self
        self.crash, self.full, self.writes, self.told = None, False, 0, []
        self.room = SKIPPED_IN_ALL  # for keys of messages that have not come

    def pair(self, public):
        for one in [self.spk, *self.one_time]:
            if one[1] == public:
                return one
        return None

    def taken(self):
        return Prekeys(self.ours.public, self.spk[1], self.published.pop(0) if self.published else None)

    async def turn(self):
        return lambda: None

    def spare(self):
        return self.room

    async def keep(self, octets, used, skipped):
        if self.full:
            raise NotKept("store-full")
        crash, self.crash = self.crash, None
        if crash is False:
            raise Crash
        self.record, self.writes = octets, self.writes + 1
        self.one_time = [one for one in self.one_time if one[1] not in used]
        if crash:
            raise Crash

    def close(self):
        pass

    def tell(self, sentence):
        self.told.append(sentence)


class Relay:
    """The log of one room. It takes what is sent, and appends it when told so."""

    def __init__(self):
        self.entries = []

    def newest(self, kind):
        return max([0] + [one["seq"] for one in self.entries if one["kind"] == kind])

    def append(self, kind, body, if_newest=None):
        """False if it was not the newest. The same body again gives no second entry."""
        if any(one["body"] == body for one in self.entries):
            return True
        if if_newest is not None and self.newest(kind) != if_newest:
            return False
        self.entries.append(
            {"seq": len(self.entries) + 1, "kind": kind, "body": body, "id": str(len(self.entries)), "at": AT}
        )
        return True


class Page:
    """One visit of a device. shown: (own, text) in order; refused: codes; notices: codes."""

    def __init__(self, device, relay, log="L1"):
        self.device = device
        self.relay = relay
        self.level = run(Ratchet.start(device.platform, ROOM, device.name, device))
        resumed = self.level.resumed()
        self.shown = [(opened.own, opened.text) for _, _, opened in resumed.fresh] if resumed else []
        self.refused, self.notices = [], []
        self.level.begins_at(log, 1)
        self.at = self.level.record.read
        self.waiting = []  # texts that are not sealed yet
        self.wire = None  # frames on their way, where a test takes them to the relay itself
        self.ready = False  # the log was read up to its end once

    def says(self, *texts):
        self.waiting += texts
        self.pursue()

    def begins_with(self, other):
        run(self.level.wish_for(other.taken(), other.name))
        self.pursue()

    def reads(self, count=None):
        """The next so many entries, or all."""
        entries = [one for one in self.relay.entries if one["seq"] > self.at][:count]
        if entries:
            self.take(entries)
        if self.at >= len(self.relay.entries) and not self.ready:
            self.ready = True
            run(self.level.prepare())
        self.pursue()
        return self

    def take(self, entries):
        outcomes = run(self.level.open(entries))
        self.at = max(self.at, *[one["seq"] for one in entries])
        for outcome in outcomes:
            if isinstance(outcome, Opened):
                self.shown.append((outcome.own, outcome.text))
            elif isinstance(outcome, Changed):
                self.notices += [code for _, code in outcome.notices]
            elif isinstance(outcome, Refusal):
                self.refused.append(outcome.code)

    def pursue(self):
        """As a session does: what is due, then what waits, then what is sealed and not in the log yet."""
        if not self.ready:
            return
        control = run(self.level.control(bool(self.waiting)))
        if control:
            self.transmit(control.kind, control.body, control.if_newest)
        self.waiting += [text for body, text, _ in self.level.record.unsent if not body and text not in self.waiting]
        while self.waiting and self.level.can_seal():
            run(self.level.seal(self.waiting[0]))
            self.waiting.pop(0)
        self.send()

    def send(self):
        for body, _, _ in self.level.record.unsent:
            if body:
                self.transmit(MESSAGE, body)

    def transmit(self, *frame):
        if self.wire is None:
            self.relay.append(*frame)
        elif frame not in self.wire:
            self.wire.append(frame)

    def theirs(self):
        return [text for own, text in self.shown if not own]

    def own(self):
        return [text for own, text in self.shown if own]


def pair():
    """(Alice, Bob, relay): devices, and an empty room."""
    return Device("Alice", 1), Device("Bob", 2), Relay()


def met():
    """Pages of both, once Alice has begun and Bob has read it."""
    alice, bob, relay = pair()
    pages = Page(alice, relay).reads(), Page(bob, relay).reads()
    pages[0].begins_with(bob)
    settle(*pages)
    return pages


def settle(*pages):
    """Until nobody has anything to read or to send."""
    before = None
    while before != [(len(page.relay.entries), page.at, len(page.waiting)) for page in pages]:
        before = [(len(page.relay.entries), page.at, len(page.waiting)) for page in pages]
        for page in pages:
            page.reads()


def thief_of(page):
    """A copy of all that the device has, in the hands of somebody who sees the whole log."""
    copy = Device(page.device.name, {"Alice": 1, "Bob": 2}[page.device.name])
    copy.record, copy.spk, copy.one_time = page.device.record, page.device.spk, list(page.device.one_time)
    return copy


def opened_by(stolen, entries):
    """The texts that open, each tried on its own with the state as it was stolen; what the record still has besides."""
    record, texts = stolen.record, [text for *_, text in Record.read_octets(stolen.record).fresh]
    for entry in entries:
        stolen.record = record
        page = Page(stolen, Relay())
        page.shown = []
        page.take([entry | {"seq": 10**6}])
        texts += page.theirs()
    return texts
