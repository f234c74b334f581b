"""Attacks on who is in: the directory of keys, the signed list of members, the keys of its epochs.

Only levels with such a list have them. Specification, level identity, 4 and 5.
"""

from protocol.directory import first_bundle, rotation
from protocol.epoch import commitment, wrap_info
from protocol.hpke import seal_base
from protocol.identity import x25519_of
from protocol.identity_envelope import Member, epoch_fields, write_members
from protocol.levels import Opened
from protocol.levels.steward import MEMBERS
from protocol.roster import sign_epoch

from .attack import ACCOMPLICE, ANYONE, FALSE, HONEST, MEMBER, RELAY_AND_MEMBER, Accomplice, Attack, NotHere, has_list
from .logs import LyingRelay

NO_LIST = "it has no list of members"


def needs_list(hand, lacks=NO_LIST):
    if not has_list(hand.level):
        raise NotHere(NO_LIST if hand.level.of_two else lacks)


async def read_by(hand, accomplice, since):
    """Texts of entries after this one that this member, former member or stranger can open."""
    session = await hand.level.start(hand.platform, hand.room, accomplice.name, accomplice)
    hand.sessions.append(session)
    entries = hand.log[:]
    outcomes = await session.open(entries)
    return [one.text for entry, one in zip(entries, outcomes) if entry["seq"] > since and isinstance(one, Opened)]


class SwappedKey(Attack):
    name = "a swapped key in the directory, at first contact"
    sentence = "Alice adds Carol, whom she has never met; the directory shows her a key of the relay's own."
    friend = "Carol"  # who is not there; another one in each attack, as pages remember whom they have met
    talk = ("Alice adds Carol",) + HONEST

    async def begin(self):
        needs_list(self.hand, "it has no directory")
        self.since = len(self.hand.log)
        self.false = await Accomplice.made(self.hand.platform, self.friend)
        self.shown = await self.made()  # bundles, at one look-up after the other; the last ones from then on

    async def made(self):
        return [[await self.false.bundle(self.hand.platform, self.hand.level.scope)]]

    def to_page(self, member, frame):
        if frame["type"] == "found":
            for one in frame["names"]:
                if one["name"] == self.hand.level.scope + self.friend:
                    one["bundles"] = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        return [frame]

    async def reads(self):
        return await read_by(self.hand, self.false, self.since)


class SwappedKnownKey(SwappedKey):
    name = "a swapped key in the directory, of somebody known"
    sentence = "Alice has added Dora before and adds her again; the directory shows a key of the relay's own."
    friend = "Dora"
    company = ("Alice adds Dora", "Alice removes Dora")
    talk = ("Alice adds Dora",) + HONEST
    from_the_start = True

    async def made(self):
        friend = await Accomplice.made(self.hand.platform, self.friend)
        return [[await friend.bundle(self.hand.platform, self.hand.level.scope)]] + await super().made()


class OldBundle(SwappedKnownKey):
    name = "an old bundle"
    sentence = "Alice knows the new key of Emma and adds her again; the directory shows only her old one."
    friend = "Emma"
    company = ("Alice adds Emma", "Alice removes Emma")
    talk = ("Alice adds Emma",) + HONEST

    async def made(self):
        """The old device is in the wrong hands."""
        platform, new = self.hand.platform, await Accomplice.made(self.hand.platform, self.friend)
        old, name = self.false.ours, self.hand.level.scope + self.friend
        first = await first_bundle(platform, old, name)
        handed = await rotation(platform, new.ours, old, name, First(old.public))
        return [[first, handed], [first]]


class First:
    """As much of the first Bundle of a name as the next one needs."""

    version = 1

    def __init__(self, identity):
        self.identity = identity


class OfList(Attack):
    """On a list of members, which not all levels have."""

    async def begin(self):
        needs_list(self.hand)
        await self.prepare()

    def append_list(self, body, label=""):
        self.append(body, label, kind=MEMBERS)


class ForkedList(OfList):
    name = "a forked list"
    needs = RELAY_AND_MEMBER
    sentence = "An admin signs two lists of one number, and the relay shows one to Alice and the other to Bob."
    company = (f"Alice adds {ACCOMPLICE}", f"Alice promotes {ACCOMPLICE}")
    talk = ("Alice says", "Bob gets", "Bob says", "Alice gets")

    async def prepare(self):
        session = await self.session(ACCOMPLICE)
        bodies = []
        for name in ("Dave", "Eric"):
            stranger = await Accomplice.made(self.hand.platform, name)
            members = session.membership.roster.list.members + [Member(stranger.ours.public, name)]
            bodies.append((await session.steward.change(members)).body)
        for_alice, self.for_bob = bodies
        self.append_list(for_alice)

    def to_page(self, member, frame):
        if member == "Bob" and self.is_of_room(frame, "entries"):
            for entry in frame["entries"]:
                if entry["id"] in self.labels:
                    entry["body"] = self.for_bob
        return [frame]


class HiddenRemoval(LyingRelay):
    name = "a hidden removal"
    needs = RELAY_AND_MEMBER
    sentence = f"Alice removes {ACCOMPLICE}, and the relay does not show it to Bob, who writes before she does."
    talk = (f"Alice removes {ACCOMPLICE}", "Bob says", "Alice gets", "Alice says", "Bob gets")

    async def begin(self):
        needs_list(self.hand)
        await super().begin()

    def show(self, member, entry):
        return [] if member == "Bob" and entry["kind"] == MEMBERS else [entry]


class ReplayedEpoch(OfList):
    name = "a replayed epoch"
    needs = ANYONE
    sentence = "Earlier lists and epochs are appended again: those of another list, and those of the newest."

    async def prepare(self):
        bodies = [entry["body"] for entry in self.hand.log if entry["kind"] == MEMBERS]
        self.append_list(bodies[0], "earlier list")
        self.append_list(bodies[-1], "newest list")


class RemovedMember(OfList):
    name = "a removed member"
    needs = MEMBER
    sentence = (
        f"{ACCOMPLICE}, whom Alice has removed, writes with the old key and as if he had the new one, and a list."
    )
    parting = (f"Alice removes {ACCOMPLICE}", "Alice says", "Bob hears")

    async def prepare(self):
        log, hand = self.hand.log, self.hand
        self.since = len(log)
        newest = max([at for at, entry in enumerate(log) if entry["kind"] == MEMBERS])
        session = await hand.level.start(hand.platform, hand.room, ACCOMPLICE, hand.secret)
        hand.sessions.append(session)
        await session.open(log[:newest])
        await session.prepare()
        self.append(await session.seal(FALSE), "old key")
        await session.open(log[newest:])
        membership = session.membership
        # In spite of having none: any will do, as nobody comes to try it.
        membership.keys.keys[membership.roster.epoch] = hand.platform.random(32)
        self.append(await session.seal(FALSE), "new key")
        back = membership.roster.list.members + [Member(hand.secret.ours.public, ACCOMPLICE)]
        self.append_list((await session.steward.change(back)).body, "list")

    async def reads(self):
        return await read_by(self.hand, self.hand.secret, self.since)


class Usurper(OfList):
    name = "a member who changes the list"
    needs = MEMBER
    sentence = "A member who is no admin signs a list with one more member, and one without Bob."

    async def prepare(self):
        session = await self.session(ACCOMPLICE)
        members = session.membership.roster.list.members
        stranger = await Accomplice.made(self.hand.platform, "Dave")
        added = members + [Member(stranger.ours.public, "Dave")]
        removed = [member for member in members if member.name != "Bob"]
        for label, changed in (("added", added), ("removed", removed)):
            self.append_list((await session.steward.change(changed)).body, label)


class WrongKey(OfList):
    name = "a member who gives another a wrong room key"
    needs = MEMBER
    sentence = "A member begins an epoch, and wraps for Bob another key than for the others."
    talk = ("Bob says", "Alice hears", "Alice says", "Bob hears")

    async def prepare(self):
        session, platform = await self.session(ACCOMPLICE), self.hand.platform
        roster, ours = session.membership.roster, session.ours
        key, other = platform.random(32), platform.random(32)
        info, wrapped = wrap_info(session.room, roster.epoch + 1, roster.list_hash, ours.public), []
        for member in roster.list.members:
            given = other if member.name == "Bob" else key
            wrapped.append(await seal_base(platform, x25519_of(member.identity), info, b"", given))
        fields = epoch_fields(roster.epoch + 1, ours.public, commitment(key), wrapped)
        epoch = await sign_epoch(platform, ours, session.room, roster.list_hash, fields)
        again = roster.list.fields + roster.list.signature
        self.append_list(write_members(platform, again, epoch, session.members_prefix))


ATTACKS = [
    SwappedKey,
    SwappedKnownKey,
    OldBundle,
    ForkedList,
    HiddenRemoval,
    ReplayedEpoch,
    RemovedMember,
    Usurper,
    WrongKey,
]
