"""What people see at the end of an attempt, as one of the outcomes of the specification, section 8."""

import re
from collections import Counter

from lab.attacks.attack import Attack
from person import Person
from protocol.encoding import NAME_NOT_SHOWN

PRESENCE = ("joined", "left")  # codes of honest notices
ENTRY_ROW = re.compile(r"row-\d+-s\d+-(\d+)")
NO_EFFECT, SUCCEEDS = "no effect", "succeeds"


class Outcome:
    """What people see at the end of an attempt, against what they said."""

    def __init__(self, arena, attack: Attack):
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
