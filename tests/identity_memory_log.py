"""A room's log in memory, for members at level identity: appends as the relay does, precondition and all."""

from identity_peer import Append, PeerRoom


class NotNewest(Exception):
    """The newest entry of this kind is another one, so nothing was appended."""


class MemoryLog:
    """`entries` as in section 1 of the specification; `at` is not looked at by anybody."""

    def __init__(self):
        self.entries = []

    def newest(self, kind: str) -> int:
        return max((entry["seq"] for entry in self.entries if entry["kind"] == kind), default=0)

    def append(self, name: str, one: Append, if_newest: bool = True) -> int:
        """-> the seq. `if_newest` False: as a relay that ignores preconditions."""
        if if_newest and one.if_newest not in (None, self.newest(one.kind)):
            raise NotNewest
        seq = len(self.entries) + 1
        entry = {"seq": seq, "kind": one.kind, "id": f"{name}-{seq}", "name": name}
        self.entries.append(entry | {"at": "2026-11-26T12:00:00.000Z", "body": one.body})
        return seq


class Person:
    """Someone with a name who reads a MemoryLog and writes to it."""

    def __init__(self, log: MemoryLog, name: str, peer: PeerRoom):
        self.log, self.name, self.peer = log, name, peer

    @property
    def public(self) -> bytes:
        return self.peer.identity.public

    def read(self) -> list[tuple]:
        """All that is new -> the outcomes."""
        return [self.peer.read(entry) for entry in self.log.entries[len(self.peer.outcomes) :]]

    def does(self, one: Append, **options) -> tuple:
        """Appends and reads -> its own outcome there."""
        seq = self.log.append(self.name, one, **options)
        self.read()
        return self.peer.outcomes[seq]

    def says(self, text: str) -> tuple:
        """Begins an epoch if one is due, and appends the text."""
        self.read()
        if self.peer.must_begin_epoch():
            self.does(self.peer.begin_epoch())
        return self.does(self.peer.seal(text))

    def says_again(self) -> list[tuple]:
        """What came too late."""
        self.read()
        if self.peer.outdated and self.peer.must_begin_epoch():
            self.does(self.peer.begin_epoch())
        return [self.does(one) for one in self.peer.reseal()]
