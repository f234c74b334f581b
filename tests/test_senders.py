"""What each session has sent: repeats, gaps, late arrivals, changes of name or key."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Refusal
from protocol.levels.senders import RANGES, Senders


def body(counter, public=b"A", name="Alice", octets=b"p"):
    return SimpleNamespace(counter=counter, public=public, speaker=public, constant=(name, octets))


def codes(senders, *counters):
    return [code(senders, body(counter)) for counter in counters]


def code(senders, one):
    try:
        return " ".join(warning.code for warning in senders.check(one))
    except Refusal as refusal:
        return refusal.code


def test_counters_in_order_are_quiet():
    assert codes(Senders(), 0, 1, 2, 3) == ["", "", "", ""]


def test_a_repeat_is_refused_and_the_next_one_is_not():
    assert codes(Senders(), 0, 0, 1, 0, 1) == ["", "replayed", "", "replayed", "replayed"]


def test_a_gap_is_counted_from_the_first_counter_seen():
    assert codes(Senders(), 7, 8, 10) == ["", "", "gap"]


@pytest.mark.parametrize(
    ("counter", "sentence"), [(2, "1 message of"), (4, "3 messages of"), (2**32 - 2, "4294967293")]
)
def test_a_gap_says_how_many_are_missing(counter, sentence):
    senders = Senders()
    codes(senders, 0)
    (gap,) = senders.check(body(counter))
    assert gap.for_people.startswith(sentence)


def test_what_was_missing_is_shown_once_as_late():
    assert codes(Senders(), 0, 3, 1, 1, 2, 2, 4) == ["", "gap", "late", "replayed", "late", "replayed", ""]


def test_a_counter_below_the_first_seen_counts_as_a_repeat():
    assert codes(Senders(), 5, 4) == ["", "replayed"]


def test_a_jump_over_the_whole_range_is_kept_as_one_range():
    senders = Senders()
    assert codes(senders, 0, 2**32 - 2) == ["", "gap"]
    assert senders.by_speaker[b"A"].missing == [(1, 2**32 - 3)]
    assert codes(senders, 2**32 - 3, 1, 2**31, 2**31) == ["late", "late", "late", "replayed"]
    assert senders.by_speaker[b"A"].missing == [(2, 2**31 - 1), (2**31 + 1, 2**32 - 4)]


def test_of_more_gaps_than_are_kept_the_oldest_is_forgotten_and_counts_as_a_repeat():
    senders = Senders()
    codes(senders, *range(0, 2 * RANGES + 3, 2))
    assert senders.by_speaker[b"A"].missing == [(odd, odd) for odd in range(3, 2 * RANGES + 3, 2)]
    assert codes(senders, 1, 3, 2 * RANGES + 1) == ["replayed", "late", "late"]


def test_late_arrivals_that_split_a_gap_again_and_again_cost_a_bounded_memory():
    senders = Senders()
    codes(senders, 0, 10_000)
    assert codes(senders, *range(5_000, 5_000 + 4 * RANGES, 2)) == ["late"] * (2 * RANGES)
    assert len(senders.by_speaker[b"A"].missing) <= RANGES


def test_sessions_are_counted_each_for_itself():
    senders = Senders()
    assert [code(senders, body(5, public)) for public in (b"A", b"B")] == ["", ""]
    assert code(senders, body(6, b"B")) == ""


def test_a_change_of_name_or_parameters_is_refused_and_does_not_use_the_counter():
    senders = Senders()
    codes(senders, 0)
    assert code(senders, body(1, name="Bob")) == "session-changed"
    assert code(senders, body(1, octets=b"q")) == "session-changed"
    assert code(senders, body(1)) == ""


@given(st.lists(st.integers(0, 12), max_size=30))
def test_in_any_order_of_arrival_each_counter_is_shown_at_most_once(counters):
    outcomes = codes(Senders(), *counters)
    shown = [counter for counter, outcome in zip(counters, outcomes, strict=True) if outcome != "replayed"]
    assert len(shown) == len(set(shown))
    assert {counter for counter in counters if counter >= counters[0]} == set(shown)
