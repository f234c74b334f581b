"""Who writes: each key with its name, and marks on those that can be taken for each other. Section 2.6. Pure.

Sessions are told apart by their whole public values, never by tags.
"""

from . import rows
from .digits import session_digits
from .errors import MARKS, LikeName, Refusal, SameName, SameNameNow, SameTag, TwoNames, YourName
from .levels import Opened
from .looks import look

KEPT = 1_000  # writers; of more the one seen first is forgotten, and is new when it writes again
LISTED = 10  # of those that look like one, with their digits


class Writer:
    """One key under one name. Where a level signs the name, a key has only one."""

    def __init__(self, number, tag, name, look, own):
        self.number = number  # a string, for the view: which rows are this writer's. Ours is rows.OURS
        self.tag = tag
        self.name = name
        self.look = look
        self.own = own
        self.since = ""  # when the relay took its first message; "" while there is none
        self.last = 0  # the count of messages at its newest one
        self.live = False  # it has written since we joined
        self.marks = []
        self.codes = ""  # of its marks, with spaces between
        self.label = ""  # of the gravest one
        self.namesakes = None  # Alike: those of its look, itself among them

    def take(self, mark):
        """Whether the mark is new to this writer, who has it from now on."""
        carried = [one.code for one in self.marks]
        if mark.code in carried:
            return False
        self.marks.append(mark)
        carried.append(mark.code)
        self.codes = " ".join(carried)
        self.label = next(kind.label for kind in MARKS if kind.code in carried)
        return True


class Alike:
    """Writers with one look of their names, or one tag, or one key."""

    def __init__(self):
        self.writers = []
        self.latest = None  # of one look: who wrote last


class Writers:
    """`present(look)`: how many members have such a name now, as the relay says. `show` is that of the session."""

    def __init__(self, platform, level, name, show, present):
        self.platform = platform
        self.level = level
        self.show = show
        self.present = present
        self.known = {}  # (key, name) -> Writer
        self.order = []  # the same, as first seen; ourselves at the front
        self.alike = {}  # (what of them is equal, its value) -> Alike
        self.changed = []  # marked anew, and the rows shown before do not have it yet
        self.made = 0
        self.messages = 0
        self.past = 0  # entries up to this seq were there before us
        self.add(level.tag, name, True)

    def row_of(self, entry, outcome):
        """The row of an entry whose outcome is known. A message's has the marks of its writer."""
        if isinstance(outcome, Refusal):
            return rows.refusal(entry, outcome)
        if not isinstance(outcome, Opened):
            return rows.waiting(entry)
        writer = self.known.get((outcome.tag.key, outcome.name))
        known = len(writer.marks) if writer else 0
        if writer is None:
            writer = self.add(outcome.tag, outcome.name, outcome.own)
        self.note(writer, entry["at"], entry["seq"] > self.past)
        fresh = [mark for mark in writer.marks[known:] if mark.urgent] if len(writer.marks) > known else []
        return rows.message(entry, outcome, writer, fresh)

    def tell(self):
        """The rows shown before get the marks that came since."""
        changed, self.changed = self.changed, []
        for writer in changed:
            self.show.mark(writer.number, writer.codes, writer.label)

    # ------------------------------------------------------------------------------------------ marks

    def add(self, tag, name, own):
        writer = Writer(str(self.made), tag, name, look(self.platform, name), own)
        self.made += 1
        for trait in traits(writer):
            others = self.alike.setdefault(trait, Alike()).writers
            for other in others:
                self.compare(trait[0], writer, other)
            others.append(writer)
        writer.namesakes = self.alike[("look", writer.look)]
        self.known[(tag.key, name)] = writer
        self.order.append(writer)
        if len(self.order) > KEPT:
            self.forget(self.order.pop(1))
        return writer

    def forget(self, writer):
        self.known.pop((writer.tag.key, writer.name))
        for trait in traits(writer):
            alike = self.alike[trait]
            alike.writers.remove(writer)
            if not alike.writers:
                self.alike.pop(trait)

    def compare(self, trait, writer, other):
        """A new writer and one that has this in common with it."""
        if trait == "key":
            self.mark([writer, other], TwoNames())
        elif writer.tag.key == other.tag.key:
            pass
        elif trait == "tag":
            self.mark([writer, other], SameTag(writer.tag.text))
        elif writer.name == other.name:
            self.mark([writer, other], SameName(writer.name))
        else:
            self.mark([writer], LikeName(other.name))
            self.mark([other], LikeName(writer.name))

    def note(self, writer, at, live):
        """A message of this writer: does another one of the same look write at the same time?"""
        alike = writer.namesakes
        latest, alike.latest = alike.latest, writer
        if (latest is not writer or (live and not writer.live)) and len(alike.writers) > 1:
            for other in alike.writers:
                if other.tag.key != writer.tag.key and other.name == writer.name:
                    self.compare_times(writer, other, live, other is latest)
        self.messages += 1
        writer.last = self.messages
        if live:
            writer.live = True
        if not writer.since:
            writer.since = at

    def compare_times(self, writer, other, live, wrote_last):
        """Two of one name: interleaved messages show it, or as the relay says it, two members of that name."""
        if other.own or writer.own:
            if live and not writer.own:
                self.mark([writer, other], YourName())
        elif 0 < writer.last < other.last or (live and wrote_last and self.present(writer.look) > 1):
            self.mark([writer, other], SameNameNow(writer.name))

    def mark(self, writers, mark):
        for writer in writers:
            if writer.take(mark) and writer not in self.changed:
                self.changed.append(writer)

    # ------------------------------------------------------------------------------------------ on request

    def find(self, number):
        """The Writer of this number, or None if it is forgotten."""
        for one in self.order:
            if one.number == number:
                return one
        return None

    def key_of(self, number):
        """The public value whole, or None."""
        writer = self.find(number)
        return writer.tag.key if writer else None

    async def described(self, number):
        """What a person can compare of this writer, and of those that look like it. None if it is forgotten.

        Beside what entry_of() gives: marks and quiet, sentences; comparison, the level's sentence; others, each as
        entry_of() has it, ours first; more, how many others are not listed.
        """
        writer = self.find(number)
        if writer is None:
            return None
        others = []
        for trait in traits(writer):
            others += [one for one in self.alike[trait].writers if one is not writer and one not in others]
        ours, theirs = [one for one in others if one.own], [one for one in others if not one.own]
        found = await self.entry_of(writer)
        urgent = [mark for mark in writer.marks if mark.urgent]
        found["marks"] = [mark.for_people for mark in urgent]
        found["quiet"] = [] if urgent else [mark.for_people for mark in writer.marks]
        found["comparison"] = self.level.comparison
        found["others"] = []
        for other in ours + theirs[-LISTED:]:
            found["others"].append(await self.entry_of(other))
        found["more"] = max(0, len(theirs) - LISTED)
        return found

    async def entry_of(self, writer):
        """digits: twelve groups; since: as in a row; color: as in a row."""
        return {
            "name": writer.name,
            "tag": writer.tag.text,
            "color": writer.tag.color,
            "own": writer.own,
            "since": writer.since,
            "digits": await session_digits(self.platform, self.level.id, writer.tag.key),
        }


def traits(writer):
    return [("look", writer.look), ("tag", writer.tag.text), ("key", writer.tag.key)]
