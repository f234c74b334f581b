"""What each session has sent so far: repeats, gaps, and changes of name. Specification, section 4.4. Pure."""

from ..errors import Gap, Late, Replayed, SessionChanged
from . import Tag

RANGES = 100  # gaps kept per session, however wide; what lies in an older one is then refused as a repeat


class Sender:
    """One session: its highest counter, and the lower ones that have not arrived, as (first, last) of each gap."""

    def __init__(self, body):
        self.name = body.name
        self.parameters = body.parameters.octets
        self.highest = body.counter - 1
        self.missing = []
        self.tag = Tag(body.session_public)

    def advance(self, counter):
        """A counter above the highest: how many it skips."""
        gap = counter - self.highest - 1
        if gap:
            self.remember(len(self.missing), [(self.highest + 1, counter - 1)])
        self.highest = counter
        return gap

    def fill(self, counter):
        """Whether this lower counter was missing; it no longer is."""
        for at, (first, last) in enumerate(self.missing):
            if first <= counter <= last:
                rest = [(first, counter - 1), (counter + 1, last)]
                self.remember(at, [(low, high) for low, high in rest if low <= high])
                return True
        return False

    def remember(self, at, ranges):
        """In place of the range at this index; past the end nothing is replaced."""
        self.missing[at : at + 1] = ranges
        self.missing = self.missing[-RANGES:]


class Senders:
    def __init__(self):
        self.by_key = {}

    def tag(self, public):
        """The tag of a session that check() has seen."""
        return self.by_key[public].tag

    def check(self, body):
        """Warnings for a body that opened. Raises Replayed or SessionChanged. A gap is counted from the first seen."""
        sender = self.by_key.get(body.session_public)
        if sender is None:
            sender = self.by_key[body.session_public] = Sender(body)
        if sender.name != body.name or sender.parameters != body.parameters.octets:
            raise SessionChanged()
        if body.counter <= sender.highest:
            if not sender.fill(body.counter):
                raise Replayed()
            return [Late()]
        gap = sender.advance(body.counter)
        return [Gap(gap)] if gap else []
