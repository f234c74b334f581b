"""What a log of level identity means, from its entries alone: who is a member, what counts, and who may read it.

A second reading of web/protocol/identity.md, 5 and 6, over that of its lists (known_roster.py). Nothing of web/ is
imported. Signatures of lists and epochs are verified; messages and shared keys are taken to be what they say.
"""

import struct
from base64 import urlsafe_b64decode

from known_roster import State, after

ROOM = b"den"


def octets(body, prefix):
    return urlsafe_b64decode(body[len(prefix) :] + "===")


def message_fields(body):
    """(sender, epoch, list_hash)"""
    sender, _, epoch, list_hash = struct.unpack_from(">32s16sQ32s", octets(body, "identity-1."))
    return sender, epoch, list_hash


def history_fields(body):
    """(sender, recipient, first, count)"""
    return struct.unpack_from(">32s32sQH", octets(body, "identity-history-1."))


class Log:
    """`entries` may grow; read() goes on."""

    def __init__(self, entries):
        self.entries = entries
        self.state, self.states = State(), []  # the state after each entry
        self.readers = {}  # number of an epoch -> the identities that may read it
        self.codes = []  # of each entry: "counts", or the code of the refusal
        self.epochs = {}  # seq of a message that counts -> the number of its epoch

    def read(self):
        for entry in self.entries[len(self.codes) :]:
            self.codes.append(getattr(self, entry["kind"])(entry["seq"], entry["body"]))
            self.states.append(self.state)
        return self

    def judged(self):
        return zip(self.entries, self.codes, strict=True)

    def counted(self):
        """(entry, the identities that may read it) of each message that counts."""
        return [(self.entries[seq - 1], self.readers[epoch]) for seq, epoch in self.epochs.items()]

    def identities(self):
        return {person.identity for person in self.state.people}

    def members(self, seq, body):
        found = after(self.state, ROOM, body)
        if isinstance(found, str):
            return found
        if found.epoch != self.state.epoch:
            self.readers[found.epoch] = {person.identity for person in found.people}
        self.state = found
        return "counts"

    def message(self, seq, body):
        sender, epoch, list_hash = message_fields(body)
        if self.state.epoch == 0:
            return "not-for-you"
        if epoch < self.state.epoch or (epoch == self.state.epoch and not self.state.has_epoch):
            return "old-epoch"
        if epoch > self.state.epoch or list_hash != self.state.list_hash:
            return "forked-list"
        if sender not in self.identities():
            return "not-a-member"
        self.epochs[seq] = epoch
        return "counts"

    def history(self, seq, body):
        sender, recipient, first, count = history_fields(body)
        if self.state.epoch == 0:
            return "not-for-you"
        if sender not in self.identities():
            return "not-a-member"
        for epoch in range(first, first + count):
            self.readers.setdefault(epoch, set()).add(recipient)
        return "counts"

    def was_member_since(self, identity, seq):
        """In every state from that after entry `seq` on."""
        return all(identity in {person.identity for person in one.people} for one in self.states[max(0, seq - 1) :])
