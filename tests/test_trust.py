"""Pins: how many there may be, and which an identity has. All else is in both_device.py, which runs in the page too."""

import random

import pytest

from identity_room import settle, world
from known_identity import SEEDS, KnownIdentity
from known_roster import Signer
from protocol import trust as module
from protocol.errors import Malformed, Problem
from protocol.trust import PINS, Pin, Trust
from reference import ReferencePlatform

ONE = KnownIdentity(SEEDS[0]).public
IDENTITIES = [Signer(number).public for number in range(4)]
NAMES = "abcdef"


def test_a_device_knows_so_many_and_says_when_it_can_remember_no_more():
    changes = []
    trust = Trust([Pin(f"name {number}", ONE, 1) for number in range(PINS - 1)], lambda: changes.append(1))
    trust.first_contact("the last", ONE, 1)
    with pytest.raises(Problem) as problem:
        trust.first_contact("one more", ONE, 1)
    assert problem.value.code == "too-many-pins" and len(changes) == 1
    assert len(Trust.read(ReferencePlatform(), trust.octets(), None).pins) == PINS
    trust.pins["one more"] = Pin("one more", ONE, 1)
    with pytest.raises(Malformed):
        Trust.read(ReferencePlatform(), trust.octets(), None)


def found(trust, identity):
    """By looking at all."""
    return min((pin for pin in trust.pins.values() if pin.identity == identity), key=lambda pin: pin.name, default=None)


def test_an_identity_is_found_by_its_first_name_after_whatever_changes():
    chance = random.Random(6)
    for _ in range(200):
        trust = Trust([Pin(name, chance.choice(IDENTITIES), 1) for name in chance.sample(NAMES, 3)], lambda: None)
        for _ in range(10):
            name, identity = chance.choice(NAMES), chance.choice(IDENTITIES)
            pin = trust.pin_of(name)
            trust.moved(pin, identity, 2) if pin else trust.first_contact(name, identity, 1)
            assert [trust.of(one) for one in IDENTITIES] == [found(trust, one) for one in IDENTITIES]
            trust.verify(identity)
            assert all(pin.verified for pin in trust.pins.values() if pin.identity == identity)
        assert trust.of(Signer(9).public) is None


def test_who_is_too_much_for_the_pins_is_a_member_all_the_same(monkeypatch):
    room = world("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    monkeypatch.setattr(module, "PINS", 1)
    for page in (bob, carol):
        alice.adds(page)
        settle(*room.pages)
    carol.says("hello")
    settle(*room.pages)
    assert alice.texts() == [("Carol", "hello")] and alice.codes() == []
    assert list(alice.device.trust.pins) == ["Bob"] and alice.rows("message")[0]["trust"] == "encrypted"


def test_a_bundle_of_one_too_many_is_no_error_and_is_not_remembered(monkeypatch):
    trust = Trust([Pin("the last", ONE, 1)], lambda: None)
    monkeypatch.setattr(module, "PINS", 1)
    trust.shown("one more", Pin("one more", ONE, 4))
    assert trust.pin_of("one more") is None
    trust.shown("the last", Pin("the last", ONE, 4))
    assert trust.pin_of("the last").version == 4
