"""What each session has sent so far: repeats, gaps, and changes of name. Specification, section 4.4. Pure.

A body has, beside its counter: speaker, the bytes that name its session; constant, what never changes within one; and
public, the key whose tag its sender has.
"""

from ..errors import Gap, Late, Replayed, SessionChanged
from . import Tag

RANGES = 100  # gaps kept per session, however wide; what lies in an older one is then refused as a repeat


class Sender:
    """One session: its highest counter, and the lower ones that have not arrived, as (first, last) of each gap."""

    def __init__(self, body):
        self.constant = body.constant
        self.highest = body.counter - 1
        self.missing = []
        self.tag = Tag(body.public)

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
        self.by_speaker = {}

    def tag(self, body):
        """The tag of a sender that check() has seen."""
        return self.by_speaker[body.speaker].tag

    def check(self, body):
        """Warnings for a body that is its sender's. Raises Replayed or SessionChanged. A gap is counted from the first
        seen."""
        sender = self.by_speaker.get(body.speaker)
        if sender is None:
            sender = self.by_speaker[body.speaker] = Sender(body)
        if sender.constant != body.constant:
            raise SessionChanged()
        if body.counter <= sender.highest:
            if not sender.fill(body.counter):
                raise Replayed()
            return [Late()]
        gap = sender.advance(body.counter)
        return [Gap(gap)] if gap else []
