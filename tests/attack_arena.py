"""Where an attack is tried: two real pages behind a man in the middle, and what people do in them meanwhile."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attack_outcome import ENTRY_ROW, Outcome
from conftest import Server, wait_until
from lab.attacks.attack import HONEST, MEMBER, RELAY_AND_MEMBER, Attack, Hand, NotHere
from man_in_the_middle import PATIENCE, ManInTheMiddle
from person import Person
from protocol.ladder import LADDER
from reference import ReferencePlatform

# Alice writes first, so that Bob's page takes the room's key from her and derives only one.
BEFORE = ("Alice joins", "Alice says", "Bob joins", "Bob hears", "Bob says", "Alice hears")


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
        self.middle = ManInTheMiddle(server.url)
        self.alice, self.bob = [
            Person(name, context, self.middle.url) for name, context in zip(("Alice", "Bob"), contexts, strict=True)
        ]
        self.people = {"Alice": self.alice, "Bob": self.bob}
        self.rooms, self.elsewhere = 0, {}

    def close(self) -> None:
        self.middle.close()

    def run(self, kind: type[Attack], level) -> str:
        """The outcome, as it stands in the table."""
        self.rooms += 1
        self.room, self.level = f"room {self.rooms} {level.id}", level
        self.passphrase = f"copper kettle {level.id}"
        self.said, self.absences, self.absent, self.notes = [], 0, set(), set()
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
            self.middle.begin(attack)
        for step in BEFORE:
            self.do(step)
        if not attack.from_the_start:
            self.middle.begin(attack)
            self.settle(attack)  # what is marked depends on whether a key was there before the next message
        for step in attack.talk:
            self.do(step)
        self.settle(attack)
        return Outcome(self, attack).text()

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
            self.notes.add(person.name)
            stay.click()
        person.is_in(self.room)

    def leave(self, person: Person) -> None:
        if person.button("Leave").is_visible():
            person.leaves()
            if person.button("Leave all the same").is_visible():
                person.chooses("Leave all the same")

    def writes(self, person: Person) -> None:
        """Until the page says that the relay has it; it may never take its place in the log."""
        text = f"{person.name} {len(self.said) + 1}"
        self.said.append((person.name, text))
        person.says(text)
        person.until(lambda: self.has(person, lambda row: row.state == "relayed"), f"{text!r} is relayed")

    def says(self, person: Person) -> None:
        """Until it has taken its place in the log."""
        self.writes(person)
        person.until(lambda: self.has(person, lambda row: ENTRY_ROW.fullmatch(row.id)), f"{person.name} is heard")

    def has(self, person: Person, condition) -> bool:
        """Whether what was said last stands on the page, and as the condition wants."""
        return any(row.text == self.said[-1][1] and condition(row) for row in person.messages())

    def hears(self, person: Person) -> None:
        person.until(lambda: self.has(person, lambda row: True), f"{person.name} hears {self.said[-1]}")

    def reloads(self, person: Person) -> None:
        self.absences += 1
        self.absent.add(person.name)
        person.reloads()
        self.joins(person)

    def rejoins(self, person: Person) -> None:
        self.absences += 1
        self.absent.add(person.name)
        person.leaves()
        self.joins(person)

    def is_cut_off(self, person: Person) -> None:
        self.absences += 1
        joins = self.middle.joins
        self.middle.cut(person.name)
        looking = lambda: person.page.evaluate("() => true") and self.middle.joins > joins  # noqa: E731 - as above
        wait_until(looking, PATIENCE, f"{person.name} is back")
        person.sees_state("")

    def settle(self, attack: Attack) -> None:
        """Until what was appended stands on both pages, all keys are derived and all is sent."""
        wait_until(attack.answered, PATIENCE, "the relay answers the attacker")
        for person in self.people.values():
            person.until(lambda person=person: self.is_settled(person, attack), "nothing is under way")

    def is_settled(self, person: Person, attack: Attack) -> bool:
        rows = person.rows()
        here = {int(found[1]) for row in rows if (found := ENTRY_ROW.fullmatch(row.id))}
        appended = {seq for seq in attack.answers.values() if isinstance(seq, int)}
        if appended - here or any(row.state == "sending" for row in rows):
            return False
        if attack.leaves_waiting:
            return any(row.kind == "refusal" for row in rows)
        return not any(row.kind == "waiting" for row in rows)
