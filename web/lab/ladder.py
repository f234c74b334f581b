"""The ladder part of the lab's page: a talk at every level of it, and the attack matrix."""

from browser import served, text, webcrypto
from protocol.errors import Problem
from protocol.ladder import facts_of
from protocol.levels import Opened, Waiting

from . import matrix
from .conversation import Talk
from .view.ladder import LadderView
from .view.matrix import show_matrix, show_problem

NO_MATRIX = "The specification did not come, or has no such table. Reload the page and look again."
NO_SLOW_KEY = "This level makes no key from a passphrase."
STILL_WAITING = "The message waits for a key: a page makes at most 10 a minute at the wish of others. Try again later."


class LadderPart:
    """`ladder`: the levels to be shown."""

    def __init__(self, platform, ladder):
        self.platform = platform
        self.ladder = ladder
        self.talks = {}  # number of the level -> Talk
        self.begun = False
        self.view = LadderView(self)

    async def shown(self, rest):
        """Turned to; the first time, everything is made."""
        if self.begun:
            return
        self.begun = True
        self.view.levels([facts_of(level) for level in self.ladder.levels])
        await self.talk(self.view.typed())
        await self.load_matrix()

    # ------------------------------------------------------------------------------------------ the talk

    async def talk(self, text):
        """What a person typed, said at every level."""
        self.view.busy(True)
        try:
            for number, level in enumerate(self.ladder.levels):
                self.view.state(f"Sealing and opening at {level.title} ...")
                await self.talk_at(number, level, text)
            self.view.problem("")
            self.view.state(f"Said at {len(self.ladder.levels)} levels.")
        except Problem as problem:
            self.view.state("")
            self.view.problem(problem.for_people)
        self.view.busy(False)

    async def talk_at(self, number, level, text):
        talk = Talk(self.platform, level)
        await talk.hold(text)
        old = self.talks.get(number)
        self.talks[number] = talk
        self.view.talk(number, [message(said) for said in talk.said], length_of(talk), price_of(talk))
        if old:
            old.end()

    async def flip(self, number, field):
        talk = self.talks[number]
        shown = message(talk.said[0])
        if field:
            parts, read = await talk.flipped(field)
            shown.update(as_read(read))
            shown["parts"] = parts
        if self.talks[number] is talk and self.view.chosen(number) == field:  # still what the person wants to see
            self.view.flipped(number, shown, field)
            what = f"the last bit of {field} is flipped" if field else "nothing is flipped"
            self.view.state(f"{talk.level.title}: {what}. Bob reads: {shown['read']}")

    # ------------------------------------------------------------------------------------------ the matrix

    async def load_matrix(self):
        """From the specification, as it was served with this page."""
        [content] = await served.contents([served.address_of("protocol/README.md")])
        found = content and matrix.read(text.utf8(webcrypto.from_octets(content)) or "")
        if not found:
            return show_problem(NO_MATRIX)
        rows = []
        for one in found.attacks:
            outcomes = [(matrix.kind(outcome), matrix.pieces(outcome)) for outcome in one.outcomes]
            rows.append((one.name, one.sentence, one.by, outcomes))
        return show_matrix(matrix.FIRST_HEADS + found.levels, rows)


def message(said):
    """A message as the view takes it."""
    shown = {"by": said.by, "to": said.to, "text": said.text, "parts": said.parts}
    shown["size"] = sum([len(octets) for _, octets in said.parts])
    shown.update(as_read(said.read))
    return shown


def as_read(outcome):
    if isinstance(outcome, Opened):
        return {"read": outcome.text, "code": ""}
    if isinstance(outcome, Waiting):
        return {"read": STILL_WAITING, "code": "waiting"}
    return {"read": outcome.for_people, "code": outcome.code}


def length_of(talk):
    if talk.shortest == talk.longest:
        return f"Exactly {talk.shortest} bytes: a letter more, and what it sees is longer."
    return f"Between {talk.shortest} and {talk.longest} bytes: all of these look the same to it, as they are padded."


def price_of(talk):
    if talk.seconds is None:
        return NO_SLOW_KEY
    took = round(talk.seconds * 1000)
    return f"{took} ms, measured on this machine now. Each guess at the passphrase needs one such key."
