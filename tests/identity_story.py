"""A room of level identity from its opening to its end, played by peers with fixed seeds, clock and randomness."""

import hashlib

from identity_memory_log import MemoryLog, Person
from identity_peer import DAY, PeerRoom
from identity_peer_keys import Identity, of_base64url, to_body
from identity_peer_list import Member

ROOM, NOON = "kitchen", 1_795_694_400  # 2026-11-26T12:00:00Z
SEEDS = {"Alice": bytes(range(32)), "Bob": bytes(range(32, 64))}
SEEDS |= {name: hashlib.sha256(name.encode()).digest() for name in ("Carol", "Mallory")}
IDENTITIES = {name: Identity(seed) for name, seed in SEEDS.items()}
PUBLIC = {name: identity.public for name, identity in IDENTITIES.items()}
NEUTRAL = b"\1" + bytes(31)  # the point under which the signature R = NEUTRAL, S = 0 verifies, whatever was signed
ORDER = 2**252 + 27742317777372353535851937790883648493  # L of RFC 8032, 5.1
OUT_OF_RANGE = (2**255 - 19).to_bytes(32, "little")


class Drawn:
    """Randomness of one person: SHA-256("draw" || name || number(4)), cut; `taken` since it was last asked for."""

    def __init__(self, name: str):
        self.name, self.number, self.taken = name, 0, []

    def __call__(self, size: int) -> bytes:
        drawn = hashlib.sha256(f"draw{self.name}".encode() + self.number.to_bytes(4, "big")).digest()[:size]
        self.number, self.taken = self.number + 1, [*self.taken, drawn]
        return drawn

    def take(self) -> list[bytes]:
        taken, self.taken = self.taken, []
        return taken


class Stage:
    """A log, the people who read all of it as it grows, and how every entry was made."""

    def __init__(self, room: str = ROOM):
        self.room, self.log, self.now, self.people, self.made = room, MemoryLog(), NOON, {}, {}

    def comes(self, name: str) -> Person:
        peer = PeerRoom(IDENTITIES[name], self.room, [PUBLIC["Alice"]], Drawn(name), lambda: self.now)
        peer.random.take()  # of the session, which stands in every message
        self.people[name] = Person(self.log, name, peer)
        self.people[name].read()
        return self.people[name]

    def does(self, who: Person, what: str, one, **more) -> tuple:
        """Appends, and all read -> the outcome for who did it. The clock goes on by a minute."""
        outcome = who.does(one, if_newest=False)
        for person in self.people.values():
            person.read()
        self.made[len(self.log.entries)] = {"what": what, "time": self.now, "drawn": who.peer.random.take(), **more}
        self.now += 60
        return outcome


def story() -> Stage:
    stage = Stage()
    alice, bob = stage.comes("Alice"), stage.comes("Bob")
    stage.does(alice, "Alice opens the room with Bob", alice.peer.open_room("Alice", (member("Bob"),)))
    stage.does(alice, "Alice's first message", alice.peer.seal("meet at noon"))
    stage.does(bob, "a long answer", bob.peer.seal("ümlaut, 試す and 🦊 " * 20))
    late = bob.peer.seal("under way")
    carol = stage.comes("Carol")
    stage.does(alice, "Alice adds Carol", alice.peer.add(PUBLIC["Carol"], "Carol"))
    stage.does(bob, "what Bob sealed before that", late)
    stage.does(bob, "Bob's page seals it again", *bob.peer.reseal())
    stage.does(carol, "Carol's first message", carol.peer.seal("hello"))
    stage.does(alice, "Alice shares the first epoch with Carol", alice.peer.share(PUBLIC["Carol"], 1, 1))
    late = alice.peer.seal("is that all?")
    stage.does(carol, "Carol leaves", carol.peer.leave())
    stage.does(alice, "what Alice sealed before that", late)
    stage.does(bob, "Bob begins an epoch on the list without Carol", bob.peer.begin_epoch())
    stage.does(alice, "Alice's page seals it again", *alice.peer.reseal())
    stage.does(alice, "Alice names Bob an admin", alice.peer.name_admin(PUBLIC["Bob"]))
    stage.does(bob, "Bob adds Carol again", bob.peer.add(PUBLIC["Carol"], "Carol"))
    stage.does(carol, "Carol is back", carol.peer.seal("me again"))
    late = carol.peer.seal("I know this key")
    stage.does(bob, "Bob removes Carol", bob.peer.remove(PUBLIC["Carol"]))
    stage.does(carol, "what Carol writes after that", late)
    stage.does(bob, "Bob says something without Carol", bob.peer.seal("she is gone"))
    end(stage, alice, bob)
    return stage


def end(stage: Stage, alice: Person, bob: Person) -> None:
    stage.now += DAY
    stage.does(bob, "a day later, Bob signs the same members anew", bob.peer.confirm())
    stage.does(alice, "Alice's last message", alice.peer.seal("good night"))
    stage.does(alice, "Alice leaves", alice.peer.leave())
    stage.does(bob, "Bob begins an epoch alone", bob.peer.begin_epoch())
    stage.does(bob, "Bob's last message", bob.peer.seal("nobody here"))
    stage.does(bob, "Bob leaves, which ends the room", bob.peer.leave())


def member(name: str, is_admin: bool = False) -> Member:
    return Member(PUBLIC[name], is_admin, name)


def changed(body: str, prefix: str, at: int, new: bytes) -> str:
    """A body with other bytes at a place, which counts from the end if negative."""
    data = of_base64url(body[len(prefix) :])
    at %= len(data)
    return to_body(prefix, data[:at] + new + data[at + len(new) :])
