"""The private prekeys of a name: what is published when, what is kept how long, and what stands in the record."""

import pytest

from protocol.errors import Malformed
from protocol.prekey_ring import KEPT, REFILLED, RENEWED, PrekeyRing
from protocol.prekeys import ONE_TIME
from reference import ReferencePlatform, run


@pytest.fixture
def platform():
    platform = ReferencePlatform()
    platform.date = 1_795_000_000
    return platform


def test_a_new_name_publishes_a_hundred_and_needs_nothing_more_until_half_are_taken(platform):
    ring, new = run(run(PrekeyRing.fresh(platform)).due(platform, 0, 0))
    assert len(new) == len(set(new)) == ONE_TIME and ring.number == 1
    assert all(ring.pair(public)[1] == public for public in [*new, ring.spk[1]])
    assert run(ring.due(platform, 1, REFILLED)) == (ring, None)
    after, more = run(ring.due(platform, 1, REFILLED - 1))
    assert len(more) == ONE_TIME - REFILLED + 1 and after.number == 2 and after.spk == ring.spk
    assert set(more).isdisjoint(new) and after.pair(new[0])


def test_an_upload_that_the_relay_does_not_have_is_made_again_with_a_higher_number(platform):
    ring, _ = run(run(PrekeyRing.fresh(platform)).due(platform, 0, 0))
    lost, new = run(ring.due(platform, 0, 0))
    assert lost.number == 2 and len(new) == ONE_TIME
    elsewhere, new = run(lost.due(platform, 7, ONE_TIME))  # another device of this key was here
    assert elsewhere.number == 8 and new == []


def test_a_signed_prekey_is_replaced_after_a_week_and_opens_for_another(platform):
    ring, _ = run(run(PrekeyRing.fresh(platform)).due(platform, 0, 0))
    platform.date += RENEWED - 1
    assert run(ring.due(platform, 1, ONE_TIME)) == (ring, None)
    platform.date += 1
    second, new = run(ring.due(platform, 1, ONE_TIME))
    assert new == [] and second.spk != ring.spk and second.former == ring.spk and second.made == platform.date
    assert second.pair(ring.spk[1]) == ring.spk
    platform.date += RENEWED
    third, _ = run(second.due(platform, 2, ONE_TIME))
    assert third.pair(ring.spk[1]) is None and third.pair(second.spk[1]) == second.spk


def test_a_clock_that_was_set_back_keeps_no_prekey_for_ever(platform):
    ring, _ = run(run(PrekeyRing.fresh(platform)).due(platform, 0, 0))
    platform.date -= 1
    after, new = run(ring.due(platform, 1, ONE_TIME))
    assert new == [] and after.spk != ring.spk and after.made == platform.date


def test_what_was_used_is_gone_and_of_too_many_the_oldest_go(platform):
    ring, new = run(run(PrekeyRing.fresh(platform)).due(platform, 0, 0))
    assert ring.without([new[1]]).pair(new[1]) is None and ring.pair(new[1])
    assert len(ring.without([new[1]]).one_time) == ONE_TIME - 1
    for number in (1, 2):
        ring, _ = run(ring.due(platform, number, 0))
    assert len(ring.one_time) == KEPT and ring.pair(new[0]) is None


def test_a_ring_is_the_same_once_it_was_stored_and_anything_else_is_refused(platform):
    fresh = run(PrekeyRing.fresh(platform))
    full, _ = run(fresh.due(platform, 0, 0))
    platform.date += RENEWED
    renewed, _ = run(full.due(platform, 1, 0))
    for ring in (fresh, full, renewed):
        octets = ring.octets()
        assert vars(PrekeyRing.read(octets)) == vars(ring)
        for other in (b"", octets[:-1], octets + b"\x00", b"\x02" + octets[1:], octets[:77] + b"\x02" + octets[78:]):
            with pytest.raises(Malformed):
                PrekeyRing.read(other)
