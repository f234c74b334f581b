"""The peer of level identity in a real room: over a WebSocket it joins, publishes, looks names up, appends, reads on.

Only its own calls read what the relay has sent, so a test says when. Nothing of web/ is imported.
"""

import os
import time

from identity_peer import Append, PeerRoom
from identity_peer_directory import Pin, check_found, make_bundle, read_bundle
from identity_peer_keys import Identity, to_body
from relay_client import PATIENCE, RelayClient

TRIES = 20  # of a change that others are faster with


class RelayRefused(Exception):
    """An error frame; `code` is that of section 1."""

    def __init__(self, frame: dict):
        super().__init__(frame["message"])
        self.code = frame["code"]


class IdentityMember:
    """Someone with a name, an identity and the address of a relay.

    peer:    PeerRoom: the list, the outcomes, and what makes bodies
    pins:    {name: Pin}, from look_up()
    bundle:  the newest bundle of the own name, as text; None before publish()
    """

    def __init__(self, url: str, room: str, name: str, seed: bytes | None = None, pinned=(), clock=time.time):
        self.url, self.address, self.name = url, f"identity/{room}", name
        self.identity = Identity(seed or os.urandom(32))
        self.peer = PeerRoom(self.identity, room, pinned, clock=clock)
        self.pins, self.bundle, self.log, self.newest = {}, None, None, 0
        self.client = RelayClient(url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def reconnect(self) -> None:
        self.client.close()
        self.client = RelayClient(self.url)
        self.join()

    # Reading

    def join(self) -> "IdentityMember":
        """Joins, or joins again, and reads all that is there."""
        known = {"log": self.log} if self.log else {}
        joined = self.client.join(self.address, self.name, self.newest, **known)
        if joined["log"] == self.log and joined["after"] == self.newest:
            self.peer.resume_log(joined["oldest"])
        else:
            self.peer.begin_log(joined["oldest"])
            self.newest = 0
        self.log = joined["log"]
        return self.read_until(lambda: self.newest >= joined["newest"])

    def read_until(self, is_so, timeout: float = PATIENCE) -> "IdentityMember":
        """Reads entries until a condition holds. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while not is_so():
            frame = self.client.receive("entries", deadline - time.monotonic(), room=self.address)
            for entry in frame["entries"]:
                self.peer.read(entry)
                self.newest = entry["seq"]
        return self

    def texts(self) -> list[tuple[str, str]]:
        """(name, text) of what opened, in the order of the log."""
        outcomes = [self.peer.outcomes[seq] for seq in sorted(self.peer.outcomes)]
        return [outcome[2:] for outcome in outcomes if outcome[0] == "text"]

    def codes(self) -> list[str]:
        """Of all refusals, in the order of the log."""
        outcomes = [self.peer.outcomes[seq] for seq in sorted(self.peer.outcomes)]
        return [outcome[1] for outcome in outcomes if outcome[0] == "refused"]

    def names(self) -> list[str]:
        """The members of the newest list."""
        newest = self.peer.membership.newest
        return [member.name for member in newest.members] if newest else []

    def sees(self, name: str, text: str) -> None:
        self.read_until(lambda: (name, text) in self.texts())

    # Writing

    def append(self, one: Append) -> tuple | None:
        """Appends, and reads as far -> the outcome; None if another entry came first, which is read then."""
        condition = {} if one.if_newest is None else {"if_newest": one.if_newest}
        id = self.client.append(self.address, one.body, one.kind, **condition)
        answer = self.client.receive_if(lambda frame: frame["type"] in ("appended", "error") and frame.get("id") == id)
        if answer["type"] == "appended":
            self.read_until(lambda: self.newest >= answer["seq"])
            return self.peer.outcomes[answer["seq"]]
        if answer["code"] != "not-newest":
            raise RelayRefused(answer)
        self.read_until(lambda: self.peer.members_seq > one.if_newest)
        return None

    def changes(self, make) -> tuple | None:
        """Appends what `make` makes of the newest list, and again if others were faster; None: nothing is wanted."""
        for _ in range(TRIES):
            one = make()
            if one is None or (outcome := self.append(one)):
                return one and outcome
        raise AssertionError(f"others were faster {TRIES} times")

    def opens_room(self) -> tuple:
        return self.append(self.peer.open_room(self.name))

    def adds(self, name: str, identity: bytes | None = None) -> tuple:
        """`identity` None: the directory knows it."""
        identity = identity or self.look_up(name)
        return self.changes(lambda: self.peer.add(identity, name))

    def removes(self, name: str) -> tuple:
        return self.changes(lambda: self.peer.remove(self.listed(name)))

    def names_admin(self, name: str) -> tuple:
        return self.changes(lambda: self.peer.name_admin(self.listed(name)))

    def leaves(self, heir: str | None = None) -> tuple:
        return self.changes(lambda: self.peer.leave(heir and self.listed(heir)))

    def listed(self, name: str) -> bytes:
        return next(one.identity for one in self.peer.membership.newest.members if one.name == name)

    def begins_epoch_if_due(self) -> None:
        self.changes(lambda: self.peer.begin_epoch() if self.peer.must_begin_epoch() else None)

    def says(self, text: str) -> tuple:
        """Appends a text, and again if it came too late -> the outcome where it counts."""
        self.begins_epoch_if_due()
        outcome = self.append(self.peer.seal(text))
        while self.peer.outdated:
            self.begins_epoch_if_due()
            for one in self.peer.reseal():
                outcome = self.append(one)
        return outcome

    # The directory

    def asks(self, frame: dict, answered_by: str) -> dict:
        self.client.send(frame)
        answer = self.client.receive_if(lambda one: one["type"] in (answered_by, "error"))
        if answer["type"] == "error":
            raise RelayRefused(answer)
        return answer

    def publish(self, predecessor: Identity | None = None) -> int:
        """The own name's next bundle, or with a predecessor, whose name it was, the rotation -> its version."""
        found = self.found(self.name)
        text = make_bundle(self.identity, self.name, read_bundle(found[-1]) if found else None, predecessor)
        published = self.asks({"type": "publish", "name": self.name, "bundle": text}, "published")
        self.bundle = text
        return published["version"]

    def found(self, name: str) -> list[str]:
        """The bundles of a name as the relay has them, unchecked."""
        return self.asks({"type": "look-up", "names": [name]}, "found")["names"][0]["bundles"]

    def look_up(self, name: str) -> bytes:
        """Checks and pins -> the identity. Raises Refused, and then the pin stays; KeyError for an unknown name."""
        pin: Pin | None = check_found(name, self.found(name), self.pins.get(name))
        if pin is not None:
            self.pins[name] = pin
        return self.pins[name].identity


def invite(room: str, identity: bytes) -> str:
    """What stands behind the # of a link: section 7."""
    octets = [bytes([byte]) for byte in room.encode()]
    percent = "".join(one.decode() if one.isalnum() else f"%{one[0]:02X}" for one in octets)
    return f"identity/{percent}/{to_body('', identity)}"
