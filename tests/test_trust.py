"""Pins: how many there may be. All else is in both_device.py, which runs in the page too."""

import pytest

from known_identity import SEEDS, KnownIdentity
from protocol.errors import Malformed, Problem
from protocol.trust import PINS, Pin, Trust
from reference import ReferencePlatform

ONE = KnownIdentity(SEEDS[0]).public


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
