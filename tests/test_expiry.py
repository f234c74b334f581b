"""A room that nobody is in and whose newest entry of every kind is past --retention-days goes whole: its row, its
place, and the name of its log. web/protocol/README.md, section 1."""

from time import monotonic

import pytest

import server as code
from relay_server import RelayServer
from server import Log, Settings, timestamp

OLD, FRESH = timestamp(31 * 86_400), timestamp(29 * 86_400)


@pytest.fixture
def make_log(tmp_path):
    made = []

    def make(**settings):
        made.append(Log(Settings(**{"data": tmp_path / "log.sqlite", "retention_days": 30, **settings})))
        made[-1].open()
        return made[-1]

    yield make
    for log in made:
        log.close()


def append(log, room, *entries: tuple[str, str]) -> None:
    """Entries of these kinds and times, in one transaction."""
    with log.transaction():
        for kind, at in entries:
            log.append(room, kind, "x", f"id-{room.newest}", "Ann", at)


def sweep(log) -> list[int]:
    """All of it -> of each step the rows that it removed or wrote."""
    steps = []
    while not steps or log.swept:
        before = log.sql.total_changes
        log.sweep()
        steps.append(log.sql.total_changes - before)
    return steps


def rows(log) -> list[str]:
    return [name for (name,) in log.sql.execute("select name from room order by name")]


def seqs(log, room) -> list[int]:
    return [seq for seq, *_ in log.read(room, 0).fetchall()]


def test_a_room_that_is_all_old_goes_with_its_row_and_begins_anew_with_another_log(make_log):
    log = make_log()
    room = log.room("tea")
    before = room.log
    append(log, room, ("list", OLD), *[("message", OLD)] * 5)
    sweep(log)
    assert (rows(log), seqs(log, room), log.rooms) == ([], [], 0)
    assert (room.newest, room.oldest, room.bytes, room.kinds, room.log == before) == (0, 0, 0, {}, False)
    append(log, room, ("message", FRESH))
    assert (rows(log), seqs(log, room), room.bytes) == (["tea"], [1], 1)
    log.close()
    assert make_log().room("tea").log == room.log


def test_its_place_is_free_for_another_room(make_log):
    log = make_log(rooms=2)
    for name in "ab":
        append(log, log.room(name), ("message", OLD))
    with pytest.raises(code.Refused, match="no-more-rooms"):
        append(log, log.room("c"), ("message", FRESH))
    sweep(log)
    for name in "cd":
        append(log, log.room(name), ("message", FRESH))
    assert (rows(log), log.rooms) == (["c", "d"], 2)


@pytest.mark.parametrize("kinds", [("list", "message"), ("message", "list")], ids=" then ".join)
def test_one_entry_that_is_not_old_keeps_the_newest_of_every_kind(make_log, kinds):
    log = make_log()
    room = log.room("tea")
    append(log, room, (kinds[0], OLD), (kinds[0], OLD), (kinds[1], OLD), (kinds[1], FRESH))
    before = room.log
    sweep(log)
    assert (seqs(log, room), room.log) == ([2, 4], before)


def test_so_does_one_before_the_newest_if_the_clock_was_wrong_meanwhile(make_log):
    log = make_log()
    room = log.room("tea")
    append(log, room, ("list", FRESH), ("message", OLD))
    sweep(log)
    assert (rows(log), seqs(log, room)) == (["tea"], [1, 2])


def test_a_room_with_a_member_stays_until_the_member_has_left(make_log):
    log = make_log()
    room = log.room("tea")
    append(log, room, ("list", OLD), ("message", OLD), ("message", OLD))
    before, room.members = room.log, {1: "Ann"}
    sweep(log)
    assert (seqs(log, room), room.log) == ([1, 3], before)
    room.members = {}
    sweep(log)
    assert rows(log) == []


def test_a_long_log_goes_in_steps(make_log):
    log = make_log()
    append(log, log.room("tea"), ("list", OLD), *[("message", OLD)] * 2_000)
    steps = sweep(log)
    assert rows(log) == []
    assert max(steps) <= code.STEP + 4 and len(steps) > 2_000 // code.STEP


def test_a_transaction_that_fails_brings_the_room_back(make_log):
    log = make_log()
    room = log.room("tea")
    append(log, room, ("list", OLD), ("message", OLD))
    before = (room.number, room.log, room.oldest, room.kinds, room.bytes, log.rooms)
    with pytest.raises(ZeroDivisionError), log.transaction():
        log._delete(room)
        raise ZeroDivisionError
    assert (room.number, room.log, room.oldest, room.kinds, room.bytes, log.rooms) == before
    assert seqs(log, room) == [1, 2]


def test_who_comes_back_to_it_learns_that_the_log_is_another_one(make_log, tmp_path):
    log = make_log()
    append(log, room := log.room("tea"), ("message", OLD), ("message", OLD))
    before = room.log
    sweep(log)
    log.close()
    relay = RelayServer(tmp_path)
    try:
        joined = relay.client().join("tea", after=2, log=before)
        assert joined["log"] != before
        assert (joined["after"], joined["oldest"], joined["newest"]) == (0, 0, 0)
    finally:
        relay.end()


def test_after_a_start_pages_have_a_minute_to_come_back_to_their_rooms(tmp_path):
    began, swept = monotonic(), []
    relay = code.Relay(Settings(data=tmp_path / "log.sqlite"))
    relay.log.open()
    relay.log.sweep = lambda: swept.append(1)
    relay._sweep(began + 59)
    assert swept == []
    relay._sweep(began + 120)
    assert swept == [1]
    relay.log.close()
