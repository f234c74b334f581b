"""Slowly derived keys: one at a time, ten a minute, the newest wish first."""

import pytest

from protocol.levels.keyring import PER_MINUTE, WANTED, KeyRing
from reference import ReferencePlatform, run


@pytest.fixture
def ring():
    platform = ReferencePlatform()
    platform.now = 1000.0

    async def derive(name):
        if name == b"fails":
            raise RuntimeError("the browser refused")
        return f"key of {name.decode()}"

    return KeyRing(platform, derive)


def derive_one(ring):
    name, key = run(ring.derive_next())
    ring.keep(name, key)
    return name


def test_an_unknown_key_is_wanted_and_there_once_it_is_kept(ring):
    assert (ring.get(b"a"), ring.wait()) == (None, 0.0)
    name, key = run(ring.derive_next())
    assert ring.get(b"a") is None  # derived, and not known before the pump says so
    ring.keep(name, key)
    assert (ring.get(b"a"), ring.wait()) == ("key of a", None)


def test_nothing_is_to_be_done_while_nothing_is_wanted(ring):
    assert ring.wait() is None


def test_the_newest_wish_comes_first(ring):
    for name in (b"a", b"b", b"c", b"a"):
        ring.get(name)
    assert [derive_one(ring) for _ in range(3)] == [b"c", b"b", b"a"]


def test_only_one_key_is_derived_at_a_time(ring):
    ring.get(b"a")
    name, key = run(ring.derive_next())
    ring.get(b"b")
    assert ring.wait() is None
    ring.keep(name, key)
    assert ring.wait() == 0.0


def test_a_key_wished_for_while_it_is_derived_is_not_derived_again(ring):
    ring.get(b"a")
    name, key = run(ring.derive_next())
    ring.get(b"a")
    ring.keep(name, key)
    assert ring.wait() is None


def test_ten_keys_may_be_derived_at_once_and_the_next_when_a_minute_has_passed_since_the_first(ring):
    for number in range(PER_MINUTE + 2):
        ring.get(b"%d" % number)
    for _ in range(PER_MINUTE):
        assert ring.wait() == 0.0
        derive_one(ring)
        ring.platform.now += 2
    assert ring.wait() == 40.0
    ring.platform.now += 40
    assert ring.wait() == 0.0
    derive_one(ring)
    assert ring.wait() == 2.0


def test_our_own_key_does_not_count_and_is_not_wished_for_any_more(ring):
    ring.get(b"ours")
    run(ring.add(b"ours"))
    assert (ring.get(b"ours"), ring.wait(), ring.starts) == ("key of ours", None, [])


def test_of_too_many_wishes_the_oldest_is_forgotten(ring):
    for number in range(WANTED + 1):
        ring.get(b"%d" % number)
    assert len(ring.wanted) == WANTED
    assert b"0" not in ring.wanted
    assert b"%d" % WANTED in ring.wanted


def test_a_forgotten_wish_can_be_made_again_when_the_others_are_through(ring):
    for number in range(WANTED + 1):
        ring.get(b"%d" % number)
    for _ in range(WANTED):
        ring.platform.now += 60
        derive_one(ring)
    assert ring.wait() is None
    ring.want(b"0")
    assert ring.wait() == 0.0
    assert derive_one(ring) == b"0"


def test_a_key_that_is_known_wanted_or_being_derived_is_not_wanted_once_more(ring):
    ring.get(b"known")
    derive_one(ring)
    ring.get(b"wanted")
    ring.get(b"under way")
    run(ring.derive_next())
    for name in (b"known", b"wanted", b"under way"):
        ring.want(name)
    assert ring.wanted == [b"wanted"]


def test_a_derivation_that_fails_does_not_block_the_next(ring):
    ring.get(b"a")
    ring.get(b"fails")
    with pytest.raises(RuntimeError):
        run(ring.derive_next())
    assert ring.wait() == 0.0
    assert derive_one(ring) == b"a"
