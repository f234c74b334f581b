"""The attack matrix is computed: all attacks run on real pages, and the specification's table is what came of it."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attack_arena import Arena, NoAttack
from attack_matrix import ATTACKS, SPECIFICATION, in_specification
from lab import matrix
from lab.attacks import identity, lists, logs, order, pairs
from lab.attacks.identity import ALIKE_SALTS, ALIKE_SEEDS
from lab.outcome import NO_EFFECT, SUCCEEDS
from protocol.ladder import LADDER
from protocol.levels import Tag
from test_layers import WEB, imports_of, is_within

MODULES = sorted((WEB / "lab" / "attacks").glob("*.py"))


@pytest.fixture
def arena(server, new_context):
    arena = Arena(server, [new_context() for _ in range(2)])
    yield arena
    arena.close()


@pytest.mark.long
@pytest.mark.parametrize("level", LADDER.levels, ids=lambda level: level.id)
def test_the_table_of_the_specification_is_what_a_run_of_all_attacks_gives(arena, level):
    """At level identity those on its lists and keys, at level ratchet those on beginnings; test_attack_memory.py has
    all at these levels, without pages, and `python -m tests.attack_matrix` all on pages."""
    written = matrix.read(SPECIFICATION.read_text("utf-8"))
    outcomes = {row.name: row.outcomes[written.levels.index(level.id)] for row in written.attacks}
    assert list(outcomes) == [attack.name for attack in ATTACKS]
    assert arena.run(NoAttack, level) == NO_EFFECT
    own = {"identity": lists, "ratchet": pairs}.get(level.id)
    attacks = own.ATTACKS if own else ATTACKS
    assert {one.name: arena.run(one, level) for one in attacks} == {one.name: outcomes[one.name] for one in attacks}


def test_two_keys_of_the_look_alike_attack_have_one_tag_and_its_colour():
    publics = [
        Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32)).public_key().public_bytes_raw() for seed in ALIKE_SEEDS
    ]
    for first, second in (publics, [salt.to_bytes(16) for salt in ALIKE_SALTS]):
        assert first != second
        assert (Tag(first).text, Tag(first).color) == (Tag(second).text, Tag(second).color)


def test_every_attack_has_its_own_name_and_a_sentence():
    assert len({attack.name for attack in ATTACKS}) == len({attack.sentence for attack in ATTACKS}) == len(ATTACKS)
    assert all(attack.name and attack.sentence.endswith(".") for attack in ATTACKS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_attacks_import_nothing_but_the_protocol_and_each_other(path):
    assert [module for module in imports_of(path) if not is_within(module, {"protocol", "lab.attacks"})] == []


# What is said of each attack that succeeds somewhere: in section 4.7 for a level with a passphrase, in section 3 for
# classic alone, and in the last section of its own specification for each of the others.
TAIL = "A tail or a whole session that the relay withholds."
EARLIER = "may show any earlier part of the log as if it were all"
LEFT_OUT = "leave messages out"
RELAYS_WORD = "the times beside messages, which are the relay's word"
PRESENT = "Who is there, the names of those who join and have not spoken,"
LIMITS = {
    order.ReorderWithin: "bring them in another order",
    order.ReorderBetween: "bring them in another order",
    order.DropOne: LEFT_OUT,
    order.DropTail: TAIL,
    logs.Fork: "show members different ones",
    logs.ForkByMember: "show members different ones",
    logs.ShortenedLog: EARLIER,
    logs.ShortenedLogContinued: EARLIER,
    logs.EmptyLog: EARLIER,
    logs.OldAsNew: "what it left out as if it were new",
    logs.NeverStored: LEFT_OUT,
    identity.PosesWithKey: "a member may write with a copy of another's salt",
    identity.FalseTime: RELAYS_WORD,
    identity.NotThere: PRESENT,
    identity.WithheldJoin: PRESENT,
}
WORD = "The times beside messages and who is there are its word."
LIMITS_WITH_LIST = {
    order.DropTail: "The relay can withhold the newest entries",
    logs.ShortenedLog: "after a reload any part of what was said on the newest list",
    logs.OldAsNew: "or what it left out as if it were new",
    lists.SwappedKey: "A first contact that nobody compared: the relay can put its own key in place of another's",
    identity.FalseTime: WORD,
    identity.NotThere: WORD,
    identity.WithheldJoin: WORD,
}

LIMITS_OF_TWO = {
    order.ReorderBetween: "it can bring messages of two senders in another order",
    order.DropTail: "The relay can withhold the newest entries",
    pairs.SwappedIdentity: "A first contact that nobody compared: the relay can put a key and prekeys of its own",
    identity.FalseTime: WORD,
    identity.NotThere: WORD,
    identity.WithheldJoin: WORD,
}


def section(title: str, document=SPECIFICATION) -> str:
    """Its text, as one line."""
    return " ".join(document.read_text("utf-8").partition(f"{title}\n")[2].partition("\n#")[0].split())


def attacks_that_succeed(level) -> set:
    lines = in_specification().splitlines()
    column = lines[0].removesuffix(" |").split(" | ").index(level.id)
    rows = {line.partition(".**")[0].removeprefix("| **"): line.removesuffix(" |").split(" | ") for line in lines[2:]}
    return {attack for attack in ATTACKS if SUCCEEDS in rows[attack.name][column]}


def limits_of(level) -> tuple[str, dict]:
    """What is said of them, and by which words each attack is found there."""
    own = {"identity": ("10", LIMITS_WITH_LIST), "ratchet": ("8", LIMITS_OF_TWO)}.get(level.id)
    if own:
        title, document = f"## {own[0]}. What this level does not protect", SPECIFICATION.with_name(f"{level.id}.md")
        return section(title, document), own[1]
    said = section("### 4.7 What this level does not protect")
    return said + (section("## 3. Level classic") if level.id == "classic" else ""), LIMITS


@pytest.mark.parametrize("level", LADDER.levels, ids=lambda level: level.id)
def test_every_attack_that_succeeds_is_said_to_be_a_limit_of_its_level(level):
    said, limits = limits_of(level)
    for attack in attacks_that_succeed(level):
        assert limits[attack] in said, attack.name


def test_no_attack_is_said_to_succeed_that_does_not():
    for limits in (LIMITS, LIMITS_WITH_LIST, LIMITS_OF_TWO):
        of = [level for level in LADDER.levels if limits_of(level)[1] is limits]
        assert set(limits) == set().union(*(attacks_that_succeed(level) for level in of))
