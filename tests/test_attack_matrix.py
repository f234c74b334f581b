"""The attack matrix is computed: all attacks run on real pages, and the specification's table is what came of it."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attack_matrix import ATTACKS, TESTS, Arena, in_specification, table
from attacks.identity import ALIKE_SALTS, ALIKE_SEEDS
from conftest import open_context
from protocol.levels import Tag
from test_layers import imported, part_of

MODULES = sorted((TESTS / "attacks").glob("*.py"))


@pytest.fixture
def arena(server, browser):
    contexts = [open_context(browser) for _ in range(2)]
    arena = Arena(server, contexts)
    yield arena
    arena.close()
    for context in contexts:
        context.close()


def test_the_table_of_the_specification_is_what_a_run_of_all_attacks_gives(arena):
    assert table(arena.matrix()) == in_specification()


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
    assert {part_of(module) for module in imported(path.read_text("utf-8"), ("attacks",))} <= {"protocol", "attacks"}
