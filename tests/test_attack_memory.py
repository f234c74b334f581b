"""Every attack on levels identity and ratchet in memory: what comes of it, and that the check that stops one is really
what does."""

from functools import cache

import pytest

from attack_arena import NoAttack
from attack_matrix import SPECIFICATION
from attack_memory import MemoryArena
from lab import matrix
from lab.attacks import ATTACKS, bodies, identity, lists, order, pairs
from lab.attacks.attack import ACCOMPLICE, has_list
from lab.levels import LabIdentity
from lab.outcome import NO_EFFECT, SUCCEEDS
from protocol import directory, epoch, prekeys, roster
from protocol.errors import Problem, Refusal
from protocol.identity_envelope import Member
from protocol.identity_errors import ForkedList, NotAMember, OldEpoch
from protocol.ladder import LADDER
from protocol.levels import beginnings, messages, ratchet
from protocol.levels.anchors import Anchors
from protocol.levels.identity import Identity
from protocol.levels.messages import Messages
from protocol.levels.ratchet import Ratchet
from protocol.levels.senders import Sender
from protocol.ratchet_record import Record
from protocol.roster import Roster
from protocol.trust import Trust

TABLE = matrix.read(SPECIFICATION.read_text("utf-8"))
OF_LISTS = {
    lists.SwappedKey: SUCCEEDS,
    lists.SwappedKnownKey: "seen by Alice: `other-identity`",
    lists.OldBundle: "seen by Alice: `old-bundle`",
    lists.ForkedList: "refused: `forked-list`",
    lists.HiddenRemoval: "refused by Bob: `forked-list`; refused by Alice: `old-epoch`",
    lists.ReplayedEpoch: "refused: `old-list` (earlier list); refused: `old-epoch` (newest list)",
    lists.RemovedMember: "refused: `old-epoch` (old key); refused: `not-a-member` (new key, list)",
    lists.Usurper: "refused: `not-an-admin`",
    lists.WrongKey: "seen by Bob: `bad-wrap`",
}


def new_arena(level):
    """Where honest people have talked once: what they said there is what is said elsewhere."""
    made = MemoryArena(level)
    assert made.run(NoAttack) == NO_EFFECT
    made.elsewhere = made.middle.log(made.address)[:]
    return made


arena = cache(new_arena)


def outcome(attack, level=Identity):
    return arena(level).run(attack)


@pytest.mark.parametrize("level", [Identity, LabIdentity, Ratchet])
def test_honest_talk_with_reloads_and_broken_connections_is_no_effect(level):
    assert outcome(NoAttack, level) == NO_EFFECT


def test_the_attacks_on_lists_are_all_there_and_come_to_what_is_said():
    assert list(OF_LISTS) == lists.ATTACKS
    assert {attack: outcome(attack) for attack in lists.ATTACKS} == OF_LISTS


@pytest.mark.parametrize("level", [Identity, Ratchet])
@pytest.mark.parametrize("attack", [one for one in ATTACKS if one is not bodies.Looked], ids=lambda attack: attack.name)
def test_in_memory_an_attack_comes_to_what_it_comes_to_on_real_pages(attack, level):
    """All but the one at the form, before anybody joins."""
    [row] = [row for row in TABLE.attacks if row.name == attack.name]
    assert outcome(attack, level) == row.outcomes[TABLE.levels.index(level.id)]


# The lab has no level above its own of identity.
@pytest.mark.parametrize(
    "attack", [one for one in ATTACKS if one is not bodies.HigherLevel], ids=lambda attack: attack.name
)
def test_in_the_lab_an_attack_comes_to_the_same(attack):
    assert outcome(attack, LabIdentity) == outcome(attack)


@pytest.mark.parametrize("level", [level for level in LADDER.levels if not has_list(level)], ids=lambda level: level.id)
@pytest.mark.parametrize("attack", lists.ATTACKS, ids=lambda attack: attack.name)
def test_where_there_is_no_list_an_attack_on_it_does_not_apply(attack, level):
    one = attack(SimpleHand(level))
    with pytest.raises(lists.NotHere, match=r"it has no (list of members|directory)"):
        one.begin().send(None)


class SimpleHand:
    def __init__(self, level):
        self.level = level


# ------------------------------------------------------------------------------------------ each check, broken


def anything(*given, **how):
    return True


def no_matter(what):
    """A counted() that lacks the check which raises this."""
    checked = messages.counted

    def counted(membership, body):
        try:
            return checked(membership, body)
        except what:
            return membership.roster.list.member(body.sender) or membership.roster.list.members[0]

    return counted


async def unsigned(self, outcomes):
    for body in outcomes:
        if not isinstance(body, Refusal):
            body.aad = messages.header(self.room, body.fields)


def taken_for_bob(membership, body):
    """A counted() that has Bob's name for what the attacker wrote."""
    member = membership.roster.list.member(body.sender)
    return Member(member.identity, "Bob") if member.name == ACCOMPLICE else member


def nothing(*given):
    return None


def without_room(room, fields):
    return fields


async def all_true(platform, signed):
    return [True] * len(signed)


def none_missed(*given):
    return 0, False


def always_the_same(key):
    return bytes(32)


# What is tried, and the check of the level that stops it: where it is kept, its name, and what stands in its place.
BROKEN = [
    (lists.SwappedKnownKey, directory, "check_follows", anything),
    (lists.OldBundle, directory, "check_follows", anything),
    (lists.OldBundle, Trust, "shown", anything),
    (lists.ReplayedEpoch, Roster, "check_list", anything),
    (lists.ReplayedEpoch, Roster, "check_epoch", anything),
    (lists.RemovedMember, roster, "check_signer", anything),
    (lists.Usurper, roster, "check_signer", anything),
    (lists.ForkedList, messages, "counted", no_matter(ForkedList)),
    (lists.HiddenRemoval, messages, "counted", no_matter(ForkedList)),
    (lists.HiddenRemoval, messages, "counted", no_matter(OldEpoch)),
    (lists.RemovedMember, messages, "counted", no_matter(OldEpoch)),
    (lists.RemovedMember, messages, "counted", no_matter(NotAMember)),
    (lists.WrongKey, epoch, "commitment", always_the_same),
    (bodies.OtherRoom, messages, "header", without_room),
    (bodies.OwnSession, messages, "counted", no_matter(NotAMember)),
    (bodies.BitFlips, Messages, "check_signatures", unsigned),
    (identity.PosesWithKey, Messages, "check_signatures", unsigned),
    (identity.Poses, messages, "counted", taken_for_bob),
    (order.ReplayLater, Sender, "fill", anything),
    (order.DropOne, Anchors, "check", nothing),
]


@pytest.mark.parametrize(("attack", "where", "check", "instead"), BROKEN)
def test_without_the_check_that_stops_it_the_attack_comes_to_something_else(attack, where, check, instead, monkeypatch):
    before = outcome(attack)
    monkeypatch.setattr(where, check, instead)
    assert what_comes_of(attack) != before


# The same of level ratchet.
BROKEN_OF_TWO = [
    (pairs.ForgedBeginning, beginnings, "verified_all", all_true),
    (pairs.SwappedPrekeys, prekeys, "verified_all", all_true),
    (pairs.ReplayedBeginning, Record, "use", nothing),
    (order.DropOne, ratchet, "missed", none_missed),
]


@pytest.mark.parametrize(("attack", "where", "check", "instead"), BROKEN_OF_TWO)
def test_without_the_check_that_stops_it_an_attack_on_two_comes_to_something_else(
    attack, where, check, instead, monkeypatch
):
    before = outcome(attack, Ratchet)
    monkeypatch.setattr(where, check, instead)
    assert what_comes_of(attack, Ratchet) != before


def what_comes_of(attack, level=Identity):
    other = new_arena(level)
    try:
        return other.run(attack)
    except (AssertionError, Problem):
        return "honest talk does not come about"
