"""The attack matrix: every attack of tests/attacks on every level, tried on real pages, and what people see of it.

    python -m tests.attack_matrix [--write]

Prints the table as Markdown, from the run alone; with --write it goes into the specification, section 8.
"""

import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "web"))

from attacks import ATTACKS
from attacks.attack import HONEST, MEMBER, RELAY_AND_MEMBER, Attack, Hand, NotHere
from conftest import Server, launch, open_context, wait_until
from man_in_the_middle import PATIENCE, ManInTheMiddle
from person import Person
from protocol.encoding import NAME_NOT_SHOWN
from protocol.ladder import LEVELS
from reference import ReferencePlatform

TESTS = Path(__file__).resolve().parent
SPECIFICATION = TESTS.parent / "web" / "protocol" / "README.md"
BEGIN, END = "<!-- the attack matrix: written by tests/attack_matrix.py -->\n", "<!-- end of the attack matrix -->\n"
PRESENCE = ("joined", "left")  # codes of honest notices
ENTRY_ROW = re.compile(r"row-\d+-s\d+-(\d+)")
# Alice writes first, so that Bob's page takes the room's key from her and derives only one.
BEFORE = ("Alice joins", "Alice says", "Bob joins", "Bob hears", "Bob says", "Alice hears")
NO_EFFECT, SUCCEEDS = "no effect", "succeeds"


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

    def matrix(self) -> list[tuple[type[Attack], list[str]]]:
        """Each attack with its outcome on each level."""
        rows = {attack: [] for attack in ATTACKS}
        for level in LEVELS:
            control = self.run(NoAttack, level)
            assert control == NO_EFFECT, f"honest talk at level {level.id}: {control}"
            for attack in ATTACKS:
                rows[attack].append(self.run(attack, level))
        return list(rows.items())

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
        attack = kind(Hand(AttackersPlatform(), level.id, self.room, knows, log, elsewhere))
        try:
            return self.attempt(attack)
        except NotHere as missing:
            return f"({missing})"
        except Exception as problem:
            problem.add_note(f"during: {kind.name}, at level {level.id}")
            raise
        finally:
            self.middle.stop()
            for person in self.people.values():
                self.leave(person)

    def attempt(self, attack: Attack) -> str:
        if attack.from_the_start:
            self.middle.begin(attack)
        for step in BEFORE:
            self.do(step)
        if not attack.from_the_start:
            self.middle.begin(attack)
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
        """Until what was appended has been answered, all keys are derived and all is sent: nothing more is to come."""
        wait_until(attack.answered, PATIENCE, "the relay answers the attacker")
        for person in self.people.values():
            person.until(lambda person=person: self.is_settled(person, attack), "nothing is under way")

    def is_settled(self, person: Person, attack: Attack) -> bool:
        rows = person.rows()
        if any(row.state == "sending" for row in rows):
            return False
        if attack.leaves_waiting:
            return any(row.kind == "refusal" for row in rows)
        return not any(row.kind == "waiting" for row in rows)


class Outcome:
    """What people see at the end of an attempt, against what they said."""

    def __init__(self, arena: Arena, attack: Attack):
        self.arena, self.attack = arena, attack
        self.labels = {seq: attack.labels[id] for id, seq in attack.answers.items() if attack.labels[id]}
        self.marks = {}  # label -> {(refused or seen, code): names of those who see it}
        self.false = set()  # labels of what is shown as if someone had said it, with nothing beside it
        self.whole = True
        for person in arena.people.values():
            self.look(person)

    def mark(self, label: str, what: str, code: str, who: str) -> None:
        self.marks.setdefault(label, {}).setdefault((what, code), set()).add(who)

    def look(self, person: Person) -> None:
        rows, honest = person.rows(), Counter(self.arena.said)
        for row in rows:
            label = self.label_of(row)
            if row.kind == "refusal":
                self.mark(label, "refused", row.code, person.name)
            elif row.kind == "waiting":
                self.mark(label, "seen", "waiting", person.name)
            elif row.kind == "notice" and row.code not in PRESENCE:
                self.mark(label, "seen", row.code, person.name)
            elif row.kind == "message":
                self.look_at_message(row, label, honest, person.name)
        self.look_around(person)
        self.whole &= [(row.name, row.text) for row in rows if row.kind == "message"] == self.arena.said
        times = {entry["at"] for entry in self.attack.hand.log}
        self.whole &= all(row.at in times for row in rows if row.kind == "message" and ENTRY_ROW.fullmatch(row.id))
        self.whole &= Counter(row.code for row in rows if row.code in PRESENCE) == self.presence(person)

    def label_of(self, row) -> str:
        found = ENTRY_ROW.fullmatch(row.id)
        return self.labels.get(int(found[1]), "") if found else ""

    def look_at_message(self, row, label: str, honest: Counter, who: str) -> None:
        codes = row.code.split() + [code for code in row.marks.split() if not self.is_honest(code, row)]
        codes += ["failed"] * (row.state == "failed") + ["name-not-shown"] * (row.name == NAME_NOT_SHOWN)
        for code in codes:
            self.mark(label, "seen", code, who)
        was_said = honest[row.name, row.text] > 0 or row.text in self.attack.words
        honest[row.name, row.text] -= 1
        if not was_said and not codes:
            self.false.add(label)

    def is_honest(self, mark: str, row) -> bool:
        """Who reloads or joins anew has two keys under one name, and is marked so without any attack."""
        return mark == "same-name" and row.name in self.arena.absent

    def look_around(self, person: Person) -> None:
        """What is said beside the messages."""
        if person.page.get_by_role("alert").filter(visible=True).count():
            self.mark("", "seen", "alert", person.name)
        if person.name in self.arena.notes:
            self.mark("", "seen", "note", person.name)

    def presence(self, person: Person) -> Counter:
        """The notices that Alice, who is there from the start to the end, should have of Bob; Bob has none of her."""
        away = self.arena.absences
        return Counter({"joined": 1 + away, "left": away}) if person.name == "Alice" else Counter()

    def text(self) -> str:
        """Outcomes, each once, with what it is the outcome of if there are several."""
        variants = list(dict.fromkeys(label for label in self.attack.labels.values() if label))
        found = {label: self.of(label) for label in variants}
        rest = self.of("")
        if not variants or rest != NO_EFFECT:
            found["the rest" if variants else ""] = rest
        texts = {}
        for label, outcome in found.items():
            texts.setdefault(outcome, []).append(label)
        if len(texts) == 1:
            return next(iter(texts))
        return "; ".join(f"{outcome} ({', '.join(labels)})" for outcome, labels in texts.items())

    def of(self, label: str) -> str:
        answers = {self.attack.answers[id] for id, name in self.attack.labels.items() if name == label}
        if label in self.false:
            return SUCCEEDS
        if self.marks.get(label):
            return self.marked(self.marks[label])
        if not label and not self.whole:
            return SUCCEEDS
        refused = sorted(f"`{answer}`" for answer in answers if isinstance(answer, str))
        return f"refused by the relay: {', '.join(refused)}" if refused else NO_EFFECT

    def marked(self, marks: dict) -> str:
        by = {}
        for (what, code), who in sorted(marks.items()):
            seers = "" if len(who) == len(self.arena.people) else " by " + " and ".join(sorted(who))
            by.setdefault(what + seers, []).append(f"`{code}`")
        return "; ".join(f"{what}: {', '.join(codes)}" for what, codes in by.items())


# ------------------------------------------------------------------------------------------ the table


def table(rows: list[tuple[type[Attack], list[str]]]) -> str:
    heads = ["attack", "by", *(level.id for level in LEVELS)]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for attack, outcomes in rows:
        lines.append("| " + " | ".join([f"**{attack.name}.** {attack.sentence}", attack.needs, *outcomes]) + " |")
    return "\n".join(lines) + "\n"


def in_specification() -> str:
    """The table as it stands in the specification."""
    return SPECIFICATION.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def write(text: str) -> None:
    before, begin, rest = SPECIFICATION.read_text("utf-8").partition(BEGIN)
    assert begin, "the specification has no place for the table"
    SPECIFICATION.write_text(before + begin + text + END + rest.partition(END)[2], "utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder)).start()
        browser = launch(playwright)
        try:
            arena = Arena(server, [open_context(browser) for _ in range(2)])
            text = table(arena.matrix())
            arena.close()
        finally:
            browser.close()
            server.stop()
    print(text, end="")
    if "--write" in sys.argv[1:]:
        write(text)


if __name__ == "__main__":
    main()
