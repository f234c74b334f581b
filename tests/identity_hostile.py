"""What the specification of level identity refuses, one entry for each reason, in a room of Alice, Bob and Carol.

Appended by a relay that ignores `if_newest`. Mallory is in no list; Bob and Carol are, and misuse what they have. The
entries themselves: identity_hostile_messages.py and identity_hostile_lists.py.
"""

import hashlib

import identity_hostile_lists as lists
import identity_hostile_messages as messages
from identity_peer import Append
from identity_peer_bodies import Message, message_body, pad
from identity_peer_keys import Identity
from identity_peer_list import Epoch, MemberList, members_body
from identity_story import IDENTITIES, PUBLIC, Stage, member

BOB = IDENTITIES["Bob"]


class Hostile:
    """Makes what no peer makes, from what Bob's page has: right but for what is asked for.

    bodies: those of the room's log, by seq
    """

    def __init__(self, stage: Stage):
        self.peer, self.room, self.sessions = stage.people["Bob"].peer, stage.room, 0
        self.members, self.epoch = self.peer.membership.newest, self.peer.membership.epoch
        self.bodies = {entry["seq"]: entry["body"] for entry in stage.log.entries}

    def message(self, text=b"x", sender=BOB, room=None, key=None, padded=None, **fields) -> str:
        """One of a session that begins with it, so that nothing but what is wrong can be told of it."""
        self.sessions += 1
        session, room = hashlib.sha256(b"session %d" % self.sessions).digest()[:16], room or self.room
        message = Message(sender.public, session, self.epoch, self.members.hash(), 0, 0, bytes(32))
        message = message._replace(**fields).seal(room, key or self.peer.keys[self.epoch], padded or pad(text))
        return message_body(room, sender, message)

    def list(self, signer: Identity, members=None, room=None, **fields) -> tuple[MemberList, bytes]:
        """One that follows the newest, and its signature."""
        members = self.members.members if members is None else members
        place = self.members.number + 1, self.members.hash(), self.members.time + 60
        new = MemberList(room or self.room, *place, signer.public, members)._replace(**fields)
        return new, signer.sign(new.signed())

    def entry(self, signed: tuple[MemberList, bytes], wrapper: Identity | None = BOB, **fields) -> str:
        """With an epoch whose keys open for nobody: no entry that is refused gets as far as that."""
        if wrapper is None:
            return members_body(*signed)
        wrapped = (bytes(80),) * len(signed[0].members)
        epoch = Epoch(self.epoch + 1, wrapper.public, bytes(32), wrapped)._replace(**fields)
        return members_body(*signed, wrapper, epoch)

    def again(self, wrapper: Identity | None = BOB, **fields) -> str:
        """The newest list, with an epoch."""
        return self.entry((self.members, self.peer.membership.list_sig), wrapper, **fields)


def hostile_room() -> Stage:
    """Every entry of Mallory's is refused by Alice's page for the reason that stands beside it; asserted here."""
    stage = Stage()
    alice, bob, carol = [stage.comes(name) for name in ("Alice", "Bob", "Carol")]
    stage.does(alice, "Alice opens the room with Bob", alice.peer.open_room("Alice", (member("Bob"),)))
    stage.does(bob, "Bob's first message", bob.peer.seal("in time"))
    stage.does(alice, "Alice adds Carol", alice.peer.add(PUBLIC["Carol"], "Carol"))
    stage.does(carol, "Carol's first message", carol.peer.seal("hello"))
    mallory, hostile = stage.comes("Mallory"), Hostile(stage)
    for kind, made in (("message", messages.every), ("members", lists.every), ("history", messages.histories)):
        for code, what, body, *decided in made(hostile):
            stage.does(mallory, what, Append(kind, body), **({"decided": decided[0]} if decided else {}))
            assert alice.peer.outcomes[len(stage.log.entries)] == ("refused", code), what
    stage.does(mallory, "an entry of a kind that nobody knows", Append("note", hostile.bodies[2]))
    for what, body in messages.odd(hostile):
        stage.does(bob, what, Append("message", body))
        assert alice.peer.outcomes[len(stage.log.entries)][0] == "text", what
    give_wrong_keys(stage, alice, bob, carol)
    after_a_leave(stage, bob, carol)
    return stage


def door() -> Stage:
    """A room that others try to open before Alice does."""
    stage = Stage("cellar")
    alice, bob, mallory = [stage.comes(name) for name in ("Alice", "Bob", "Mallory")]
    for code, what, body, decided in lists.openings(stage.room):
        stage.does(mallory, what, Append("members", body), decided=decided)
        assert alice.peer.outcomes[len(stage.log.entries)] == ("refused", code), what
    stage.does(alice, "Alice opens the room with Bob", alice.peer.open_room("Alice", (member("Bob"),)))
    stage.does(bob, "Bob's first message", bob.peer.seal("here at last"))
    return stage


def give_wrong_keys(stage: Stage, alice, bob, carol) -> None:
    """Entries that count, with keys that do not."""
    body = bob.peer.begin_epoch().body
    stage.does(bob, "Bob begins an epoch and gives Alice a key of zeros", rewrapped(stage, body, "Alice", bytes(32)))
    stage.does(bob, "what Alice cannot read", bob.peer.seal("for Carol alone"))
    body = bob.peer.begin_epoch().body
    stage.does(bob, "Bob begins an epoch and gives Carol what is no key", rewrapped(stage, body, "Carol", None))
    stage.does(alice, "what Carol cannot read", alice.peer.seal("for Bob alone"))
    bob.peer.keys[3], good = bytes(32), bob.peer.keys[3]
    false = bob.peer.share(PUBLIC["Alice"], 3, 4)
    bob.peer.keys[3] = good
    stage.does(bob, "Bob shares two epochs with Alice, the first with a key of zeros", false)
    right = bob.peer.share(PUBLIC["Alice"], 2, 3)
    stage.does(bob, "Bob shares the right ones with Alice", right)
    stage.does(carol, "Carol begins an epoch", carol.peer.begin_epoch())
    stage.does(carol, "Carol's last message", carol.peer.seal("all right now"))


def after_a_leave(stage: Stage, bob, carol) -> None:
    """Nothing of the old epoch counts any more, and none of who has left."""
    late, false = bob.peer.seal("a little late"), carol.peer.begin_epoch()
    stage.does(carol, "Carol leaves", carol.peer.leave())
    again = Append("members", stage.log.entries[-1]["body"])
    stage.does(carol, "the leave again", again, decided="A leave that arrives again is `old-list`.")
    stage.does(bob, "what Bob sealed before the leave", late)
    stage.does(carol, "Carol begins an epoch on the list with her", false)
    stage.does(bob, "Bob begins an epoch on the list without her", bob.peer.begin_epoch())
    stage.does(bob, "Bob's page seals it again", *bob.peer.reseal())


def rewrapped(stage: Stage, body: str, name: str, key: bytes | None) -> Append:
    """Bob's entry with another key for one member; None: 80 zeros, which are the seal of nothing."""
    return Append("members", lists.rewrapped(stage.people["Bob"].peer, body, PUBLIC[name], key))
