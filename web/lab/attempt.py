"""One room of the console, in which one attack is tried: who does what, step by step, and what comes of it. Pure.

people: as victim.py has them, by name; `until(condition, seconds)` waits, as in changes.py.
"""

from protocol.identity import OurIdentity
from protocol.levels import MESSAGE

from .attacks.attack import MEMBER, RELAY_AND_MEMBER, Accomplice, Attack, Hand, open_own
from .outcome import Outcome, Talk, has_newest, is_settled

PATIENCE = 20.0  # seconds for a step
SENTENCES = {
    "joins": "joins",
    "says": "says something",
    "writes": "writes something",
    "hears": "hears it",
    "gets": "gets it, and opens or refuses it",
    "reloads": "reloads the page",
    "rejoins": "leaves, and joins anew",
    "is cut off": "loses the connection, which comes back by itself",
    "adds": "adds %s to the room",
    "removes": "removes %s from the room",
    "promotes": "makes %s an admin",
}
OF_SOMEBODY = ("adds", "removes", "promotes")
ASKED = "%s's page asks: “%s” Answer there, or do the step again to stay with what was wished."
ANSWERS = "The relay does not answer the attacker"
SETTLES = "Something is still under way"


class Stuck(Exception):
    """What was waited for did not come; the text says what."""


class Over(Exception):
    """The room was left meanwhile."""


class Step:
    def __init__(self, step):
        self.name, _, self.what = step.partition(" ")
        self.whom = ""
        sentence = SENTENCES.get(self.what, "")
        if not sentence:
            self.what, self.whom = self.what.split(" ")
            sentence = SENTENCES[self.what] % self.whom
        self.sentence = self.name + " " + sentence
        self.since = 0  # what had been counted when its turn came
        self.done = False


class Attempt:
    """kind: of the attack that is prepared for; what is done before is the same for most."""

    def __init__(self, level, room, passphrase, people, middle, until, kind=Attack):
        self.level = level
        self.before = kind.before(level)
        self.member = None  # at a level of devices, the attacker's own
        self.room = room
        self.passphrase = passphrase  # as typed
        self.address = level.id + "/" + room
        self.people = people
        self.middle = middle
        self.wait = until
        self.talk = Talk(level.relayed_is_final)
        self.attack = None
        self.steps = [Step(step) for step in self.before]
        self.finished = False  # and judged
        self.over = False
        for person in people.values():
            person.enter(self.address, self.talk)
        self.begin_step()

    async def until(self, condition, what):
        came = await self.wait(lambda: self.over or condition(), PATIENCE)
        if self.over:
            raise Over()
        if not came:
            raise Stuck(what + ".")

    # ------------------------------------------------------------------------------------------ the attack

    async def bring_devices(self, platform):
        """At a level of devices: each person's, new for this room, and that of the attacker's own member. The directory
        has their keys by way of the man in the middle, as it knows others of these names."""
        if self.level.secret != "device":
            return
        found, scope = [], self.level.scope
        for person in self.people.values():
            person.seed = platform.random(32)
            found.append(Accomplice(person.name, await OurIdentity.from_seed(platform, person.seed)))
        self.member = await Accomplice.made(platform)
        for one in found + [self.member]:
            self.middle.bundles[scope + one.name] = [await one.bundle(platform, scope)]

    def attack_of(self, kind, platform, ladder, elsewhere):
        """An attack of this kind on this room. elsewhere: entries of another one, by the level's id."""
        secret = self.member if self.level.secret == "device" else self.passphrase.encode("utf-8")
        knows = secret if kind.needs in (MEMBER, RELAY_AND_MEMBER) else None
        log = self.middle.log(self.address)
        return kind(Hand(platform, ladder, self.level, self.room, knows, log, elsewhere.get(self.level.id, [])))

    def attacked(self, attack):
        """The attack has begun: its steps stand behind those that are left to do."""
        self.attack = attack
        self.steps = [step for step in self.steps if not step.done] + [Step(step) for step in attack.talk]
        self.begin_step()

    async def settle(self):
        """Until what was appended stands on both pages, all keys are derived and all is sent."""
        await self.until(self.attack.answered, ANSWERS)
        for person in self.people.values():
            await self.until(lambda person=person: is_settled(person.seen, self.attack), SETTLES)

    async def learn(self):
        """What the attacker has read: before outcome()."""
        self.attack.learned = await self.attack.reads()

    def is_due(self):
        """Whether all has been done, and nothing said of it yet."""
        return bool(self.attack) and not self.finished and self.current() is None

    def outcome(self):
        return Outcome(self.attack, self.talk, {name: person.seen for name, person in self.people.items()}).text()

    # ------------------------------------------------------------------------------------------ steps

    def current(self):
        for step in self.steps:
            if not step.done:
                return step
        return None

    def progress(self):
        """(sentence, "done", "now" or "later") of each step."""
        current = self.current()
        return [(step.sentence, "done" if step.done else "now" if step is current else "later") for step in self.steps]

    def begin_step(self):
        step = self.current()
        if step:
            step.since = self.count(step)

    def advance(self):
        """Whether steps are done now that were not, by whomever."""
        step, advanced = self.current(), False
        while step and self.is_done(step):
            step.done = advanced = True
            self.begin_step()
            step = self.current()
        return advanced

    def count(self, step):
        """Of what a step adds one to."""
        if step.what in ("says", "writes"):
            return len([name for name, _ in self.talk.said if name == step.name])
        if step.what in ("reloads", "rejoins"):
            return self.people[step.name].entered
        return self.middle.joins

    def is_done(self, step):
        person = self.people[step.name]
        if step.what == "joins":
            return person.is_in()
        if step.what == "hears":
            return self.talk.was_done("hears", person.seen)
        if step.what == "gets":
            return has_newest(person.seen, self.middle.log(self.address))
        if step.what in OF_SOMEBODY:
            return self.is_done_of(step, person.seen)
        if self.count(step) == step.since:
            return False
        if step.what in ("says", "writes"):
            return self.talk.was_done(step.what, person.seen)
        return person.is_in()

    def is_done_of(self, step, seen):
        """Or the page has something to say instead."""
        if step.what == "removes":
            return step.whom not in seen.members
        names = seen.members if step.what == "adds" else seen.admins
        return step.whom in names or bool(seen.sentence("ask"))

    async def do(self, step):
        """Has the person do it, and waits until it is done; raises Stuck."""
        person = self.people[step.name]
        given = [step.whom] if step.whom else []
        await getattr(self, step.what.replace(" ", "_"))(person, *given)
        done = lambda: step.done or self.is_done(step)  # noqa: E731 - one line
        await self.until(lambda: done() or bool(person.asked), "This did not come about: " + step.sentence)
        if not done():
            raise Stuck(ASKED % (person.name, person.asked))

    async def joins(self, person):
        """Or answers the question that stands in the form: here, as was wished."""
        await self.until(lambda: person.ready, person.name + "'s page does not start")
        if person.asked:
            person.asked = ""
            person.order("stay")
        else:
            if self.level.secret == "device":
                person.order("be", person.name, person.seed.hex(), self.address, person.kept)
            person.order("join", person.name, self.room, self.passphrase, self.level.id)

    async def says(self, person):
        person.order("say", self.address, f"{person.name} {len(self.talk.said) + 1}")

    writes = says

    async def hears(self, person):
        pass

    gets = hears

    async def reloads(self, person):
        # Its connection first, so that the other hears of the leaving before the page is back.
        person.cut()
        await self.until(person.is_cut, person.name + "'s connection does not end")
        person.load()
        await self.joins(person)

    async def rejoins(self, person):
        person.order("leave")
        await self.joins(person)

    async def adds(self, person, whom):
        person.order("add", self.address, whom)

    async def removes(self, person, whom):
        person.order("remove", self.address, whom)

    async def promotes(self, person, whom):
        person.order("promote", self.address, whom)

    async def is_cut_off(self, person):
        self.talk.absences += 1
        person.cut()


async def said_elsewhere(platform, level, secret):
    """The entries of another room, where Alice said something with this passphrase, or this seed of her device: for
    attacks that move it here."""
    if level.secret == "device":
        secret = Accomplice("Alice", await OurIdentity.from_seed(platform, secret))
    session = await level.start(platform, "another room", "Alice", secret)
    await session.prepare()
    if level.has_duties:
        await open_own(session)
    body = await session.seal("Alice 1")
    session.close()
    return [{"seq": 1, "kind": MESSAGE, "id": "elsewhere", "name": "Alice", "at": "", "body": body}]
