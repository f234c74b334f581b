"""Where an attack is tried: two real pages behind a man in the middle, and what people do in them meanwhile."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attack_outcome import seen_by
from conftest import Server, wait_until
from lab.attacks.attack import BEFORE, HONEST, MEMBER, RELAY_AND_MEMBER, Attack, Hand, NotHere
from lab.outcome import Outcome, Talk, is_settled
from man_in_the_middle import PATIENCE, ManInTheMiddle
from person import Person
from protocol.ladder import LADDER
from reference import ReferencePlatform


class AttackersPlatform(ReferencePlatform):
    async def ed25519_from_seed(self, seed):
        private = Ed25519PrivateKey.from_private_bytes(seed)
        return private, private.public_key().public_bytes_raw()


class NoAttack(Attack):
    """The control: whatever honest people do, and nothing else, is no effect."""

    name = "no attack"
    talk = ("Alice says", "Bob reloads", "Bob is cut off", "Bob says", "Alice hears", "Bob rejoins", *HONEST)


class Arena:
    """Alice's and Bob's pages behind a man in the middle. run(attack, level) tries one attack in a room of its own."""

    def __init__(self, server: Server, contexts):
        self.proxy = ManInTheMiddle(server.url)
        self.middle = self.proxy.middle
        names = ("Alice", "Bob")
        people = [Person(name, context, self.proxy.url) for name, context in zip(names, contexts, strict=True)]
        self.people = dict(zip(names, people, strict=True))
        self.rooms, self.elsewhere = 0, {}

    def close(self) -> None:
        self.proxy.close()

    def run(self, kind: type[Attack], level) -> str:
        """The outcome, as it stands in the table."""
        self.rooms += 1
        self.room, self.level = f"room {self.rooms} {level.id}", level
        self.passphrase = f"copper kettle {level.id}"
        self.talk = Talk()
        address = f"{level.id}/{self.room}"
        knows = self.passphrase.encode() if kind.needs in (MEMBER, RELAY_AND_MEMBER) else None
        log = self.middle.log(address)
        elsewhere = self.elsewhere.setdefault(level.id, log)
        attack = kind(Hand(AttackersPlatform(), LADDER, level, self.room, knows, log, elsewhere))
        try:
            return self.attempt(attack)
        except NotHere as missing:
            return f"({missing})"
        except Exception as problem:
            problem.add_note(f"during: {kind.name}, at level {level.id}")
            raise
        finally:
            self.middle.stop()
            attack.hand.close()
            for person in self.people.values():
                self.leave(person)

    def attempt(self, attack: Attack) -> str:
        if attack.from_the_start:
            self.proxy.begin(attack)
        for step in BEFORE:
            self.do(step)
        if not attack.from_the_start:
            self.proxy.begin(attack)
            self.settle(attack)  # what is marked depends on whether a key was there before the next message
        for step in attack.talk:
            self.do(step)
        self.settle(attack)
        return Outcome(attack, self.talk, {name: seen_by(person) for name, person in self.people.items()}).text()

    # ------------------------------------------------------------------------------------------ what people do

    def do(self, step: str) -> None:
        name, _, what = step.partition(" ")
        getattr(self, what.replace(" ", "_"))(self.people[name])

    def joins(self, person: Person) -> None:
        """Joins; a note that comes before is kept, and then the person stays at the level that was chosen."""
        person.tries_to_join(self.room, self.passphrase, self.level.title)
        region = person.page.get_by_role("region", name=self.room, exact=True)
        stay = person.button(f"Join at {self.level.title}")
        region.or_(stay).first.wait_for()
        if stay.is_visible():
            self.talk.notes.add(person.name)
            stay.click()
        person.is_in(self.room)

    def leave(self, person: Person) -> None:
        if person.button("Leave").is_visible():
            person.leaves()
            if person.button("Leave all the same").is_visible():
                person.chooses("Leave all the same")

    def writes(self, person: Person) -> None:
        text = f"{person.name} {len(self.talk.said) + 1}"
        self.talk.said.append((person.name, text))
        person.says(text)
        self.waits(person, "writes")

    def says(self, person: Person) -> None:
        self.writes(person)
        self.waits(person, "says")

    def hears(self, person: Person) -> None:
        self.waits(person, "hears")

    def waits(self, person: Person, what: str) -> None:
        """Until the page shows that what was said last got so far."""
        done = lambda: self.talk.was_done(what, seen_by(person))  # noqa: E731 - one line
        person.until(done, f"{person.name} {what} {self.talk.said[-1]}")

    def reloads(self, person: Person) -> None:
        self.talk.absences += 1
        self.talk.absent.add(person.name)
        person.reloads()
        self.joins(person)

    def rejoins(self, person: Person) -> None:
        self.talk.absences += 1
        self.talk.absent.add(person.name)
        person.leaves()
        self.joins(person)

    def is_cut_off(self, person: Person) -> None:
        self.talk.absences += 1
        joins = self.middle.joins
        self.proxy.cut(person.name)
        looking = lambda: person.page.evaluate("() => true") and self.middle.joins > joins  # noqa: E731 - as above
        wait_until(looking, PATIENCE, f"{person.name} is back")
        person.sees_state("")

    def settle(self, attack: Attack) -> None:
        """Until what was appended stands on both pages, all keys are derived and all is sent."""
        wait_until(attack.answered, PATIENCE, "the relay answers the attacker")
        for person in self.people.values():
            settled = lambda person=person: is_settled(seen_by(person), attack)  # noqa: E731 - one line
            person.until(settled, "nothing is under way")
