"""Where an attack is tried: two real pages behind a man in the middle, and what people do in them meanwhile."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import expect

from attack_outcome import alerts, seen_by, sentence
from conftest import Server, wait_until
from lab.attacks.attack import ACCOMPLICE, HONEST, MEMBER, RELAY_AND_MEMBER, Accomplice, Attack, Hand, NotHere
from lab.outcome import Outcome, Talk, has_newest, is_settled
from man_in_the_middle import PATIENCE, ManInTheMiddle
from person import Person
from protocol.ladder import LADDER
from protocol.levels.membership import AT_THE_DOOR, WITHHELD
from protocol.levels.ratchet import NOBODY
from reference import ReferencePlatform, run

BACK = ("", WITHHELD, NOBODY)  # the sentences of a page that has read the log again


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
        self.platform = AttackersPlatform()
        self.member = run(Accomplice.made(self.platform))
        self.middle.bundles[ACCOMPLICE] = [run(self.member.bundle(self.platform, ""))]

    def close(self) -> None:
        self.proxy.close()

    def run(self, kind: type[Attack], level) -> str:
        """The outcome, as it stands in the table."""
        self.rooms += 1
        self.room, self.level = f"room {self.rooms} {level.id}", level
        self.passphrase = f"copper kettle {level.id}"
        self.talk = Talk(level.relayed_is_final, level.of_two)
        address = f"{level.id}/{self.room}"
        secret = self.member if level.secret == "device" else self.passphrase.encode()
        knows = secret if kind.needs in (MEMBER, RELAY_AND_MEMBER) else None
        log = self.middle.log(address)
        elsewhere = self.elsewhere.setdefault(level.id, log)
        attack = kind(Hand(self.platform, LADDER, level, self.room, knows, log, elsewhere))
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
        for step in attack.before(self.level):
            self.do(step)
        if not attack.from_the_start:
            self.proxy.begin(attack)
            self.settle(attack)  # what is marked depends on whether a key was there before the next message
        for step in attack.talk:
            self.do(step)
        self.settle(attack)
        attack.learned = run(attack.reads())
        return Outcome(attack, self.talk, {name: seen_by(person) for name, person in self.people.items()}).text()

    # ------------------------------------------------------------------------------------------ what people do

    def do(self, step: str) -> None:
        name, what, *whom = step.replace("is cut off", "is_cut_off").split(" ")
        getattr(self, what)(self.people[name], *whom)

    def joins(self, person: Person) -> None:
        """Joins; a note that comes before is kept, and then the person stays at the level that was chosen."""
        person.tries_to_join(self.room, self.passphrase, self.level.title)
        region = person.page.get_by_role("region", name=self.room, exact=True)
        stay = person.button(f"Join at {self.level.title}")
        region.or_(stay).first.wait_for()
        if stay.is_visible():
            self.talk.notes.add(person.name)
            stay.click()
        region.wait_for()
        if self.level.has_duties:
            person.until(lambda: self.has_read(person), f"{person.name} has read the log")
        else:
            person.is_in(self.room)

    def has_read(self, person: Person) -> bool:
        """At a level whose page says why its person cannot write if that is so."""
        state = sentence(person.page.get_by_role("status", name="State"))
        if self.level.of_two:
            return not state.startswith("Reading") and (state or self.listed(person))
        return state in (AT_THE_DOOR, WITHHELD) if state else person.name in self.listed(person)

    def listed(self, person: Person) -> list[str]:
        return person.page.get_by_role("list", name="Members").locator(".name").all_text_contents()

    def adds(self, person: Person, whom: str) -> None:
        """By name. It is done when that is in the list, or when the page has something to say."""
        if whom in self.people:
            wait_until(lambda: whom in self.middle.published, PATIENCE, f"the directory has {whom}'s key")
        self.opens_the_list(person)
        person.field("Add by name").fill(whom)
        person.button("Add").click()
        person.until(lambda: whom in self.listed(person) or alerts(person), f"{whom} is added, or not")

    def meets(self, person: Person, whom: str) -> None:
        """By name, in a room of two. It is done when the conversation has begun, or the page has something to say."""
        self.opens_the_list(person)
        person.field("Talk to, by name").fill(whom)
        person.button("Begin").click()
        person.until(
            lambda: whom in self.listed(person) or alerts(person), f"a conversation with {whom} begins, or not"
        )

    def removes(self, person: Person, whom: str) -> None:
        self.asks_of(person, whom, f"Remove {whom}")
        person.page.get_by_role("alert").get_by_role("button", name="Remove", exact=True).click()
        person.until(lambda: whom not in self.listed(person), f"{whom} is removed")

    def promotes(self, person: Person, whom: str) -> None:
        item = self.asks_of(person, whom, f"Make admin: {whom}")
        expect(item.locator(".admin")).to_be_visible()

    def opens_the_list(self, person: Person) -> None:
        if person.page.locator("details.people:not([open])").filter(visible=True).count():
            person.page.locator("details.people > summary").filter(visible=True).click()

    def asks_of(self, person: Person, whom: str, what: str):
        self.opens_the_list(person)
        item = person.page.get_by_role("list", name="Members").get_by_role("listitem").filter(has_text=whom)
        item.locator("summary").click()
        item.get_by_role("button", name=what, exact=True).click()
        return item

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

    def gets(self, person: Person) -> None:
        log = self.middle.log(f"{self.level.id}/{self.room}")
        person.until(lambda: has_newest(seen_by(person), log), f"{person.name} gets {self.talk.said[-1]}")

    def waits(self, person: Person, what: str) -> None:
        """Until the page shows that what was said last got so far."""
        done = lambda: self.talk.was_done(what, seen_by(person))  # noqa: E731 - one line
        person.until(done, f"{person.name} {what} {self.talk.said[-1]}")

    def reloads(self, person: Person) -> None:
        self.talk.comes_anew(person.name)
        person.reloads()
        self.joins(person)

    def rejoins(self, person: Person) -> None:
        self.talk.comes_anew(person.name)
        person.leaves()
        self.joins(person)

    def is_cut_off(self, person: Person) -> None:
        self.talk.absences += 1
        joins = self.middle.joins
        self.proxy.cut(person.name)
        looking = lambda: person.page.evaluate("() => true") and self.middle.joins > joins  # noqa: E731 - as above
        wait_until(looking, PATIENCE, f"{person.name} is back")
        person.until(lambda: sentence(person.page.get_by_role("status", name="State")) in BACK, "is back")

    def settle(self, attack: Attack) -> None:
        """Until what was appended stands on both pages, all keys are derived and all is sent."""
        wait_until(attack.answered, PATIENCE, "the relay answers the attacker")
        for person in self.people.values():
            settled = lambda person=person: is_settled(seen_by(person), attack)  # noqa: E731 - one line
            person.until(settled, "nothing is under way")
