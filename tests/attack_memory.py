"""Where an attack on level identity is tried in memory: sessions of our own code, a man in the middle, a small relay.

What attack_arena.py does with real pages, without a browser: so that a check of the level can be broken, and every
attack be tried again, in a second.
"""

import identity_room
from attack_arena import AttackersPlatform
from directory import Directory
from identity_room import Clock
from lab.attacks.attack import ACCOMPLICE, MEMBER, RELAY_AND_MEMBER, Accomplice, Attack, Hand, NotHere
from lab.levels import LAB
from lab.middle import Middle
from lab.outcome import Outcome, Talk, is_settled
from lab.seen import Seen
from lab.theft import Device as Kept
from protocol.directory import first_bundle
from protocol.frames import room_address
from protocol.ladder import LADDER
from protocol.levels.changes import Add, MakeAdmin, Remove
from protocol.prekey_ring import PrekeyRing
from protocol.prekeys import TAKEN, prekey_bytes
from protocol.session import Session
from protocol.trust import Trust
from reference import run


class TimedPlatform(AttackersPlatform):
    def time(self):
        return identity_room.START


class Device(identity_room.Device):
    """With what level ratchet keeps besides."""

    def fresh(self):
        """As if nobody had used it, but for its key."""
        self.state = self.record = None
        self.trust = Trust([], lambda: None)
        ring = run(PrekeyRing.fresh(self.platform))
        self.prekeys, new = run(ring.due(self.platform, 0, 0))
        self.published = new

    # As the lab's has them, which is one of level identity and of level ratchet too.
    turn, spare, keep, tell = Kept.turn, Kept.spare, Kept.keep, Kept.tell

    def taken(self):
        """What the directory gives of it: level ratchet, 2."""
        spk = self.prekeys.spk[1]
        signature = run(self.platform.ed25519_sign(self.ours.signing, prekey_bytes(spk)))
        return TAKEN + self.platform.base64url(self.ours.public + spk + signature + self.published.pop(0))


class Relay(identity_room.Relay):
    """With a directory, and the refusal of a known id with another body."""

    def __init__(self, devices):
        super().__init__()
        self.devices = devices
        self.bundles = {}

    def take_prekeys(self, page, frame):
        name = frame["name"]
        taken = self.devices[name].taken() if name in self.devices else ""
        page.put({"type": "prekeys-taken", "name": name, "prekeys": taken})

    def append(self, page, frame):
        if any(entry["id"] == frame["id"] and entry["body"] != frame["body"] for entry in self.entries):
            return page.put({"type": "error", "code": "id-conflict", "message": "Another.", "id": frame["id"]})
        return super().append(page, frame)

    def look_up(self, page, frame):
        found = [{"name": name, "bundles": self.bundles.get(name, [])} for name in frame["names"]]
        page.put({"type": "found", "names": found})

    def receive(self, page, frame):
        getattr(self, frame["type"].replace("-", "_"))(page, frame)


class Line:
    """A person's connection: what the relay sees of it, and the man in the middle."""

    def __init__(self, person, arena):
        self.person, self.arena, self.name = person, arena, person.name
        self.connection = arena.middle.open(person, self)

    def put(self, frame):
        if frame["type"] not in ("found", "published", "prekeys-taken"):
            frame = frame | {"room": self.arena.address}
        self.arena.carry(self.arena.middle.from_relay(self.connection, frame))


class Person:
    """Alice's or Bob's page."""

    def __init__(self, name, arena):
        self.name, self.arena = name, arena
        self.device = arena.devices[name]
        self.device.fresh()
        self.directory = Directory(self.device.platform, self.send, arena.level.scope)
        self.directory.up()
        self.line = None
        self.seen = Seen()

    def enters(self):
        """A new session, as after a reload."""
        self.seen, self.due, self.inbox = Seen(), [], []
        self.line = Line(self, self.arena)
        level = run(self.arena.level.start(self.device.platform, self.arena.room, self.name, self.device))
        self.session = Session(
            self.device.platform, level, self.arena.address, self.name, self, self.send, self.later, self.in_pump
        )
        self.session.up()

    def __getattr__(self, call):
        """The calls of a view."""
        return lambda *given: self.seen.take(call, [dict(one) if isinstance(one, dict) else one for one in given])

    def rows(self, batch):
        self.seen.take("rows", [[dict(row) for row in batch]])

    def send(self, frame):
        if self.line:
            self.arena.carry(self.arena.middle.from_page(self.line.connection, frame))
        return self.line is not None

    def later(self, seconds, work):
        self.due.append((seconds, work))

    async def in_pump(self, work):
        await work()

    def cut(self):
        self.arena.relay.leave(self.line, {})
        self.arena.middle.close(self.line.connection)
        self.line, self.inbox = None, []

    def works(self):
        """Reads what has come, and does what is due at once. Whether there was any."""
        frames, self.inbox = self.inbox, []
        for frame in frames:
            if not run(self.directory.answered(frame)):
                run(self.session.receive(frame))
        now = [work for seconds, work in self.due if seconds <= 1]
        self.due = [one for one in self.due if one[0] > 1]
        for work in now:
            if waits := work():
                run(waits)
        return bool(frames or now)


class MemoryArena:
    def __init__(self, level=None):
        self.level = level or LADDER.of("identity")
        self.ladder = LAB if self.level in LAB.levels else LADDER
        self.rooms, self.elsewhere = 0, []
        self.clock = Clock()
        self.devices = {name: Device(self.clock, name) for name in ("Alice", "Bob")}

    def run(self, kind: type[Attack]) -> str:
        """The outcome, as it stands in the table."""
        self.relay, self.middle = Relay(self.devices), Middle()
        self.sent, self.carrying = [], False
        self.rooms += 1
        self.room = f"room {self.rooms}"
        self.address = room_address(self.level.id, self.room)
        self.talk = Talk(self.level.relayed_is_final, self.level.of_two)
        platform = TimedPlatform()
        member = run(Accomplice.made(platform))
        scope = self.level.scope
        self.middle.bundles[scope + ACCOMPLICE] = [run(member.bundle(platform, scope))]
        knows = member if kind.needs in (MEMBER, RELAY_AND_MEMBER) else None
        hand = Hand(platform, self.ladder, self.level, self.room, knows, self.middle.log(self.address), self.elsewhere)
        self.people = {name: Person(name, self) for name in ("Alice", "Bob")}
        for name, person in self.people.items():
            bundle = run(first_bundle(person.device.platform, person.device.ours, scope + name))
            self.relay.bundles[scope + name] = [bundle]
        self.attack = kind(hand)
        try:
            return self.attempt(self.attack)
        except NotHere as missing:
            return f"({missing})"
        except Exception as problem:
            problem.add_note(f"during: {kind.name}")
            raise
        finally:
            self.middle.stop()

    def attempt(self, attack):
        if attack.from_the_start:
            self.begin(attack)
        for step in attack.before(self.level):
            self.do(step)
        if not attack.from_the_start:
            self.begin(attack)
        for step in attack.talk:
            self.do(step)
        assert attack.answered()
        attack.learned = run(attack.reads())
        for person in self.people.values():
            assert is_settled(person.seen, attack), (person.name, person.seen.rows())
        return Outcome(attack, self.talk, {name: person.seen for name, person in self.people.items()}).text()

    def begin(self, attack):
        self.carry(run(self.middle.begin(attack)))
        self.settle()

    def carry(self, sent):
        """One frame after the other, as a relay does: what comes of one waits until it has been dealt with."""
        self.sent += sent
        while self.sent and not self.carrying:
            side, frame = self.sent.pop(0)
            self.carrying = True
            if isinstance(side, Line):
                self.relay.receive(side, frame)
            else:
                side.inbox.append(frame)
            self.carrying = False

    def settle(self):
        for _ in range(1_000):
            if not [person for person in self.people.values() if person.line and person.works()]:
                return
        raise AssertionError("frames without end")

    # ------------------------------------------------------------------------------------------ what people do

    def do(self, step):
        name, what, *whom = step.replace("is cut off", "is-cut-off").split(" ")
        getattr(self, what.replace("-", "_"))(self.people[name], *whom)
        self.settle()
        if what in ("writes", "says", "hears"):
            assert self.talk.was_done(what, self.people[name].seen), (step, self.talk.said, self.shown())

    def shown(self):
        return {name: [row["code"] or row["text"] for row in one.seen.rows()] for name, one in self.people.items()}

    def joins(self, person):
        person.enters()

    def says(self, person):
        text = f"{person.name} {len(self.talk.said) + 1}"
        self.talk.said.append((person.name, text))
        run(person.session.say(text))

    writes = says

    def hears(self, person):
        pass

    gets = hears

    def reloads(self, person):
        self.talk.comes_anew(person.name)
        person.session.closed = True
        person.session.duties.end()
        person.cut()
        self.settle()
        person.enters()

    rejoins = reloads

    def is_cut_off(self, person):
        self.talk.absences += 1
        person.cut()
        person.session.down()
        self.settle()
        person.line = Line(person, self)
        person.session.up()

    def adds(self, person, whom):
        """As web/people.py does it."""
        trust, steward = person.session.level.trust, person.session.level.steward

        async def found(bundle, code, sentence):
            if code or bundle is None:
                return person.ask(sentence, [])
            trust.shown(whom, bundle)
            steward.wish(Add(bundle.identity, whom))
            return await person.session.duties.pursue()

        person.directory.look_up(whom, trust.pin_of(whom), found)

    def meets(self, person, whom):
        """As web/conversations.py does it."""
        level = person.session.level

        async def found(bundle, code, sentence):
            level.trust.shown(whom, bundle)
            person.directory.take_prekeys(whom, bundle.identity, taken)

        async def taken(prekeys, code, sentence):
            if prekeys is None:
                return person.ask(sentence, [])
            await level.wish_for(prekeys, whom)
            return await person.session.duties.pursue()

        person.directory.look_up(whom, level.trust.pin_of(whom), found)

    def removes(self, person, whom):
        self.wishes(person, Remove(self.member(person, whom)))

    def promotes(self, person, whom):
        self.wishes(person, MakeAdmin(self.member(person, whom)))

    def wishes(self, person, change):
        person.session.level.steward.wish(change)
        run(person.session.duties.pursue())

    def member(self, person, whom):
        [found] = [one for one in person.session.level.membership.roster.list.members if one.name == whom]
        return found.identity
