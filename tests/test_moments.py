"""Seconds since 1970 as a date and time, against the calendar of CPython."""

from datetime import UTC, datetime, timedelta

import pytest

from protocol.moments import DAY, iso

FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def expected(seconds):
    return (FIRST + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.mark.parametrize("first", range(1970, 2410, 40))
def test_the_ends_of_each_month_of_440_years_have_their_dates(first):
    for month in range(40 * 12):
        begin = (datetime(first + month // 12, month % 12 + 1, 1, tzinfo=UTC) - FIRST) // timedelta(seconds=1)
        for moment in (begin - 1, begin, begin + DAY):
            assert moment < 0 or iso(moment) == expected(moment)


@pytest.mark.parametrize(
    "seconds", [0, 1, 59, 60, 3_599, 3_600, DAY - 1, DAY, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 253_402_300_799]
)
def test_a_moment_is_written_as_the_relay_writes_its_own(seconds):
    assert iso(seconds) == expected(seconds)


def test_a_moment_that_no_clock_shows_is_written_all_the_same():
    assert iso(2**64 - 1) == "584554051223-11-09T07:00:15.000Z"
    cycle = 146_097 * DAY  # after 400 years the calendar repeats
    assert iso(2**64 - 1)[-21:] == iso((2**64 - 1) % cycle)[-21:]
