"""The log by itself: server.py, section 2."""

import sqlite3
from types import SimpleNamespace

import pytest

import server
from server import Log, Refused, Settings, StartError


@pytest.fixture
def make_log(tmp_path):
    made = []

    def make(**settings):
        log = Log(Settings(**{"data": tmp_path / "log.sqlite", **settings}))
        log.open()
        made.append(log)
        return log

    yield make
    for log in made:
        log.close()


@pytest.fixture
def log(make_log):
    return make_log()


def append(log, room, body="x", kind="message", id=None, if_newest=None, at=None):
    """One entry in a transaction of its own -> its seq."""
    with log.transaction():
        id = id or f"id-{room.newest + 1}"
        return log.append(room, kind, body, id, "Ann", at or server.timestamp(), if_newest)


def seqs(log, room, after=0):
    return [row[0] for row in log.read(room, after).fetchall()]


def rooms_of(log):
    return log.sql.execute("select count(*) from room").fetchone()[0]


def refusal(call, *arguments, **named):
    with pytest.raises(Refused) as caught:
        call(*arguments, **named)
    return caught.value.code


def test_seqs_count_from_1_in_each_room_and_are_read_after_any_of_them(log):
    first, second = log.room("a"), log.room("b")
    assert [append(log, first), append(log, first), append(log, second), append(log, first)] == [1, 2, 1, 3]
    assert (seqs(log, first), seqs(log, first, after=2), seqs(log, second)) == ([1, 2, 3], [3], [1])


def test_bodies_come_back_as_they_went(log):
    room, bodies = log.room("a"), ["\0\n\t\x7f", "é\u0301\U0001f600", "\ufeff'\"\\", "x" * 65_536]
    for body in bodies:
        append(log, room, body)
    assert [row[-1] for row in log.read(room, 0).fetchall()] == bodies


def test_a_repeated_id_returns_its_first_seq_and_appends_nothing(log):
    room = log.room("a")
    append(log, room, "one", id="same")
    append(log, room, "two")
    assert append(log, room, "one", id="same") == 1
    assert seqs(log, room) == [1, 2]


@pytest.mark.parametrize("changed", [{"body": "two"}, {"kind": "list"}])
def test_a_repeated_id_with_another_body_or_kind_is_a_conflict(log, changed):
    room = log.room("a")
    append(log, room, "one", id="same")
    assert refusal(append, log, room, **{"body": "one", "id": "same"} | changed) == "id-conflict"
    assert append(log, log.room("b"), id="same", body="another") == 1, "ids are per room"


def test_if_newest_compares_with_the_newest_of_that_kind_only(log):
    room = log.room("a")
    assert append(log, room, kind="list", if_newest=0) == 1
    append(log, room)
    assert refusal(append, log, room, kind="list", if_newest=0) == "not-newest"
    assert refusal(append, log, room, kind="list", if_newest=2) == "not-newest"
    assert append(log, room, kind="list", if_newest=1) == 3


def test_the_retry_of_a_won_comparison_returns_its_seq_although_it_is_no_longer_true(log):
    room = log.room("a")
    append(log, room, "mine", kind="list", id="mine", if_newest=0)
    assert append(log, room, "mine", kind="list", id="mine", if_newest=0) == 1


def test_a_refused_append_makes_no_room(log):
    assert refusal(append, log, log.room("a"), if_newest=7) == "not-newest"
    assert rooms_of(log) == 0


def test_a_failed_transaction_leaves_nothing_behind_and_the_next_goes_on_from_before(log):
    known, new = log.room("known"), log.room("new")
    append(log, known)
    with pytest.raises(ZeroDivisionError), log.transaction():
        for room in (known, new):
            log.append(room, "list", "lost", "lost", "Ann", server.timestamp(), None)
        raise ZeroDivisionError
    assert (known.newest, known.kinds, new.newest, new.number) == (1, {"message": 1}, 0, None)
    assert (append(log, known), append(log, new), rooms_of(log)) == (2, 1, 2)
    assert seqs(log, known) == [1, 2]


def test_a_log_opened_again_goes_on_where_it_was_and_keeps_its_name(make_log):
    log = make_log()
    room = log.room("a")
    append(log, room)
    append(log, room, kind="list")
    log.close()
    again = make_log()
    assert (again.room("a").log, again.room("a").kinds) == (room.log, {"message": 1, "list": 2})
    assert (append(again, again.room("a")), rooms_of(again)) == (3, 1)


def test_retention_by_count_keeps_the_newest_messages_and_the_newest_of_every_kind(make_log):
    log = make_log(retention_messages=100)
    room = log.room("a")
    for kind in ("list", "key", "list"):
        append(log, room, kind=kind)
    for _ in range(400):
        append(log, room)
    kept = seqs(log, room)
    assert kept[:2] == [2, 3], "the newest key and the newest list"
    assert kept[2:] == list(range(kept[2], 404))
    assert 100 <= len(kept) - 2 <= 100 + server.STEP
    assert room.oldest == kept[2]


def test_a_list_that_a_newer_one_has_replaced_goes_too(make_log):
    log = make_log(retention_messages=10)
    room = log.room("a")
    append(log, room, kind="list")
    for _ in range(100):
        append(log, room)
    assert seqs(log, room)[0] == 1
    append(log, room, kind="list")
    for _ in range(100):
        append(log, room)
    assert seqs(log, room)[0] == 102


def test_retention_by_age_goes_through_all_rooms_in_steps(make_log):
    log = make_log(retention_days=30)
    old, fresh = server.timestamp(31 * 86_400), server.timestamp(29 * 86_400)
    rooms = [log.room(name) for name in "abc"]
    for room in rooms:
        append(log, room, kind="list", at=old)
        for _ in range(300):
            append(log, room, at=old)
        append(log, room, kind="key", at=fresh)
    append(log, rooms[0], at=fresh)
    log.sweep()
    assert log.swept > 0, "one step does not do it all"
    while log.swept:
        log.sweep()
    assert [seqs(log, room) for room in rooms] == [[1, 302, 303], *[[1, 301, 302]] * 2], "each kind's newest stays"
    assert append(log, rooms[1]) == 303


def test_the_number_of_kinds_is_bounded_but_known_kinds_go_on(make_log):
    log = make_log(kinds_per_room=3)
    room = log.room("a")
    for kind in ("a", "b", "c"):
        append(log, room, kind=kind)
    assert refusal(append, log, room, kind="d") == "too-many-kinds"
    assert append(log, room, kind="b") == 4


def test_the_number_of_rooms_is_bounded_but_known_rooms_go_on(make_log):
    log = make_log(rooms=2)
    rooms = [log.room(name) for name in "abc"]
    with log.transaction():
        codes = []
        for number, room in enumerate(rooms):
            try:
                codes.append(log.append(room, "message", "x", f"id-{number}", "Ann", server.timestamp(), None))
            except Refused as refused:
                codes.append(refused.code)
    assert codes == [1, 1, "no-more-rooms"]
    assert append(log, rooms[0]) == 2


def test_a_log_in_memory_is_bounded_and_goes_on_after_it_was_full(make_log):
    log = make_log(retention_messages=0, memory=1_000_000)
    room = log.room("a")
    with pytest.raises(Refused, match="log-full"):
        for _ in range(100):
            append(log, room, "x" * 60_000)
    newest = room.newest
    assert 5 < newest < 20
    assert seqs(log, room) == list(range(1, newest + 1))
    assert append(log, room, "small") == newest + 1


def test_retention_0_makes_no_file(make_log, tmp_path):
    log = make_log(retention_messages=0)
    append(log, log.room("a"))
    assert (list(tmp_path.iterdir()), log.kept) == ([], False)


def member(cursor, waiting):
    return SimpleNamespace(cursor=cursor, connection=SimpleNamespace(out=[b"frame"] * waiting))


def test_retention_0_forgets_what_all_have_or_what_is_too_old_and_an_empty_room_whole(make_log):
    log = make_log(retention_messages=0, hold=60)
    room = log.room("a")
    for ago in (61, 59, 1):
        append(log, room, at=server.timestamp(ago))
    room.members = {1: member(3, waiting=0), 2: member(3, waiting=1)}
    log.forget(room)
    assert seqs(log, room) == [2, 3], "the second member has nothing yet, but the first entry is too old"
    room.members[2] = member(2, waiting=0)
    log.forget(room)
    assert (seqs(log, room), room.newest, room.oldest) == ([3], 3, 3)
    before, room.members = room.log, {}
    log.forget(room)
    assert (seqs(log, room), room.newest, rooms_of(log), room.log == before) == ([], 0, 0, False)
    assert append(log, room) == 1


def test_only_this_user_can_read_the_file(make_log, tmp_path):
    log = make_log()
    append(log, log.room("a"))
    modes = {path.name: oct(path.stat().st_mode & 0o077) for path in tmp_path.iterdir()}
    assert "log.sqlite-wal" in modes
    assert set(modes.values()) == {"0o0"}, modes


def start_error(**settings):
    log = Log(Settings(**settings))
    with pytest.raises(StartError) as caught:
        log.open()
    return str(caught.value)


def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "log.sqlite"
    path.write_text("my shopping list, " * 100)
    assert "not a database" in start_error(data=path)
    assert path.read_text().startswith("my shopping list"), "and is left alone"


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "log.sqlite"
    other = sqlite3.connect(path)
    other.execute("create table music (title)")
    other.close()
    before = path.read_bytes()
    assert "another program" in start_error(data=path)
    assert path.read_bytes() == before


def test_a_file_of_a_later_version_is_refused(make_log, tmp_path):
    log = make_log()
    log.sql.execute(f"pragma user_version={server.SCHEMA_VERSION + 1}")
    log.close()
    assert "later version" in start_error(data=tmp_path / "log.sqlite")


def test_a_second_server_on_the_same_file_is_refused(make_log, tmp_path):
    make_log()
    assert "Another server" in start_error(data=tmp_path / "log.sqlite")


def test_a_folder_in_place_of_the_file_is_refused_with_a_sentence(tmp_path):
    assert "cannot be used" in start_error(data=tmp_path)


def test_a_file_below_another_file_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be used" in start_error(data=tmp_path / "file" / "log.sqlite")


FIRST_VERSION = """
pragma journal_mode=wal; pragma application_id=0x5EC0C4A7; pragma user_version=1;
create table room (number integer primary key, name text not null unique, log text not null,
                   oldest integer not null, kinds text not null);
create table entry (room integer not null, seq integer not null, kind text not null, id text not null,
                    name text not null, at text not null, body text not null);
create unique index entry_seq on entry (room, seq);
create unique index entry_id on entry (room, id);
insert into room values (1, 'classic/tea', 'first-log', 2, '{"message": 3, "list": 1}'),
                        (2, 'b', 'other', 1, '{"x": 1}');
insert into entry values (1, 1, 'list', 'i1', 'Ann', '2026-11-23T20:42:34.123Z', 'the list'),
                         (1, 2, 'message', 'i2', 'Bob', '2026-11-23T20:42:35.123Z', 'two'),
                         (1, 3, 'message', 'i3', 'Ann', '2026-11-23T20:42:36.123Z', 'three \U0001f600'),
                         (2, 1, 'x', 'i1', 'Cem', '2026-11-23T20:42:34.123Z', 'one');
"""


def test_a_file_of_the_first_version_is_migrated_and_loses_nothing(make_log, tmp_path):
    first = sqlite3.connect(tmp_path / "log.sqlite")
    first.executescript(FIRST_VERSION)
    entries = first.execute("select * from entry order by room, seq").fetchall()
    first.close()
    log = make_log()
    room = log.room("classic/tea")
    assert (room.log, room.oldest, room.kinds) == ("first-log", 2, {"message": 3, "list": 1})
    assert room.bytes == len("the listtwothree \U0001f600".encode())
    assert log.sql.execute("select * from entry order by room, seq").fetchall() == entries
    assert append(log, room, id="i3", body="three \U0001f600") == 3, "ids are known as before"
    assert append(log, room) == 4
    pragmas = [log.sql.execute(f"pragma {name}").fetchone()[0] for name in ("user_version", "auto_vacuum")]
    assert pragmas == [server.SCHEMA_VERSION, 2]


def test_a_migration_that_fails_leaves_the_file_as_it_was_and_is_done_at_the_next_start(make_log, tmp_path):
    first = sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)
    first.executescript(FIRST_VERSION)
    first.execute("begin immediate")
    failed = Log(Settings(data=tmp_path / "log.sqlite"))
    with pytest.raises(StartError, match="cannot be used"):
        failed.open()
    failed.lock.close()  # as the end of the process does
    first.execute("rollback")
    assert first.execute("pragma user_version").fetchone() == (1,)
    first.close()
    log = make_log()
    assert seqs(log, log.room("classic/tea")) == [1, 2, 3]


def test_what_was_appended_since_a_room_was_settled_is_known_when_it_is_opened_again(make_log):
    log = make_log()
    room = log.room("a")
    for number in range(server.STEP + 10):
        append(log, room, kind=f"kind-{number % 3}")
    append(log, room, kind="new")
    log.close()
    again = make_log()
    assert again.room("a").kinds == room.kinds
    assert again.room("a").settled == server.STEP
    assert append(again, again.room("a"), kind="new", if_newest=room.newest) == room.newest + 1


@pytest.mark.parametrize(("sync", "level"), [("normal", 1), ("full", 2)])
def test_commits_wait_for_the_disk_only_if_that_is_asked_for(make_log, sync, level):
    assert make_log(sync=sync).sql.execute("pragma synchronous").fetchone() == (level,)


def test_room_in_the_file_that_is_free_goes_back_to_the_disk_in_steps(make_log, tmp_path):
    log = make_log(retention_days=30)
    with log.transaction():
        for number in range(1_000):
            log.append(log.room("a"), "message", "x" * 65_536, f"id-{number}", "Ann", server.timestamp(31 * 86_400))
    log.checkpoint("truncate")
    full, sizes = (tmp_path / "log.sqlite").stat().st_size, []
    log.sweep()
    while log.swept:
        log.sweep()
    for _ in range(100):
        log.give_back()
        log.checkpoint("truncate")
        sizes.append((tmp_path / "log.sqlite").stat().st_size)
    steps = [one - other for one, other in zip([full, *sizes], sizes, strict=False)]
    assert 0 < max(steps) <= 2 * 2**20
    assert sizes[-1] < full / 3
