"""What each session has sent so far: repeats, gaps, and changes of name. Specification, section 4.4. Pure."""

from ..errors import Gap, Late, Replayed, SessionChanged
from . import Tag

MISSING = 1_000  # counters per session that may still arrive late; older ones are then refused as repeats


class Sender:
    """One session: its highest counter, and the lower ones that have not arrived."""

    def __init__(self, body):
        self.name = body.name
        self.parameters = body.parameters.octets
        self.highest = body.counter - 1
        self.missing = []
        self.tag = Tag(body.session_public)


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
            if body.counter not in sender.missing:
                raise Replayed()
            sender.missing.remove(body.counter)
            return [Late()]
        gap = body.counter - sender.highest - 1
        # Counted down from the counter, as MicroPython's range() ends at 2^31.
        missing = [body.counter - back for back in range(min(gap, MISSING), 0, -1)]
        sender.missing = (sender.missing + missing)[-MISSING:]
        sender.highest = body.counter
        return [Gap(gap)] if gap else []
