"""Anchors: what each sender had been shown when it wrote, against what we were shown. Specification, section 4.5. Pure.

An anchor is (seq, SHA-256 of that entry's body). It makes a relay visible that shows members different logs.
"""

from hashlib import sha256

from ..errors import Forked, OutOfOrder

REMEMBERED = 2_000  # entries whose hash is kept; older anchors are not checked
NOTHING = (0, bytes(32))


class Anchors:
    """The newest entries that this page was shown."""

    def __init__(self):
        self.hashes = {}
        self.order = []  # the seqs in `hashes`, oldest first: a MicroPython dict keeps no order
        self.first = 1  # from this seq on, every entry should be known
        self.newest = NOTHING

    def complete_from(self, oldest):
        """The relay says that it keeps nothing older than `oldest`: anchors to older entries cannot be checked."""
        self.first = max(self.first, oldest)

    def note(self, seq, body):
        """An entry is being shown, whether it opens or not. Again, once its key is there, changes nothing."""
        if seq <= self.newest[0]:
            return
        self.newest = (seq, sha256(body.encode("utf-8")).digest())
        self.hashes[seq] = self.newest[1]
        self.order.append(seq)
        if len(self.order) > REMEMBERED:
            self.hashes.pop(self.order.pop(0))
            self.first = max(self.first, self.order[0])

    def check(self, own_seq, anchor_seq, anchor_hash):
        """None, or the warning for a message at `own_seq` whose header carries this anchor."""
        if anchor_seq >= own_seq:
            return OutOfOrder()
        if anchor_seq < self.first:
            return None
        # An entry that we were never shown is as telling as one that differs.
        return None if self.hashes.get(anchor_seq) == anchor_hash else Forked()
