"""The log with a short retention over random operations: what it keeps, from where on, and over each way of opening it
again. Examples as in test_model.py: MODEL_EXAMPLES asks for others, and for more."""

import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import server
from server import Log, Settings
from test_model import profile

LIMIT = 10  # the retention: so many entries of a room are kept at least
LONG_AGO = "2020-01-01T00:00:00.000Z"

places = st.integers(0, 1)
kinds = st.sampled_from(["message", "message", "list", "key"])


@dataclass
class Room:
    """All that was ever appended, and what of it was kept when somebody last looked."""

    name: str
    log: str | None = None  # known from the first entry on
    entries: list[tuple] = field(default_factory=list)  # seq, kind, id, name, at, body
    kept: list[int] = field(default_factory=list)
    oldest: int = 0
    new: int = 0  # entries since then
    swept: int = 0  # the newest one that was old when the log was swept
    is_empty: bool = True  # nobody is there
    gone: set[str] = field(default_factory=set)  # names of its logs before, which were removed whole

    @property
    def newest(self) -> int:
        return len(self.entries)

    @property
    def kinds(self) -> dict[str, int]:
        return {kind: seq for seq, kind, *_ in self.entries}

    def add(self, row: tuple) -> int:
        self.entries.append((self.newest + 1, *row))
        self.kept.append(self.newest)
        self.new += 1
        return self.newest


class LogMachine(RuleBasedStateMachine):
    """Two rooms in one file."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.ids, self.is_long_ago = folder, count(1), True
        self.rooms = [Room("a"), Room("b")]
        self.open()

    def open(self):
        self.log = Log(Settings(data=self.folder / "log.sqlite", retention_messages=LIMIT))
        self.log.open()
        self.held = {}  # what members hold, by place
        for room in self.rooms:
            room.is_empty = True

    def teardown(self):
        self.log.close()
        shutil.rmtree(self.folder)

    @rule(groups=st.lists(st.tuples(places, kinds, st.integers(1, 100)), min_size=1, max_size=3))
    def append(self, groups):
        """All in one transaction."""
        with self.log.transaction():
            for place, kind, size in groups:
                for _ in range(size):
                    row = self.new_row(kind)
                    assert self.log_append(self.rooms[place], row) == self.rooms[place].add(row)

    def new_row(self, kind):
        number = next(self.ids)
        return kind, f"id-{number}", "Ann", self.now(), f"bödy {number}"

    def now(self):
        return LONG_AGO if self.is_long_ago else server.timestamp()

    def log_append(self, room, row):
        kind, id, name, at, body = row
        return self.log.append(self.log.room(room.name), kind, body, id, name, at)

    @rule(place=places, which=st.integers(0, 400))
    def append_the_same_again(self, place, which):
        room = self.rooms[place]
        if room.entries:
            _, kind, id, _, _, body = room.entries[which % room.newest]
            known = [seq for seq in room.kept if room.entries[seq - 1][2] == id]
            row = kind, id, "Bob", self.now(), body
            with self.log.transaction():
                seq = self.log_append(room, row)
            assert seq == (known[0] if known else room.add(row)), "an entry that is gone may come again as a new one"

    @rule(place=places, kind=kinds, size=st.integers(1, 100))
    def fail(self, place, kind, size):
        with suppress(ZeroDivisionError), self.log.transaction():
            for _ in range(size):
                self.log_append(self.rooms[place], self.new_row(kind))
            raise ZeroDivisionError

    @rule(is_crash=st.booleans())
    def open_again(self, is_crash):
        """A copy of the files of a log that is open is what a crash leaves behind."""
        copy = self.folder.with_name("copy")
        if is_crash:
            shutil.copytree(self.folder, copy)
        self.log.close()
        if is_crash:
            shutil.rmtree(self.folder)
            copy.rename(self.folder)
        self.open()

    @rule(place=places)
    def somebody_comes(self, place):
        self.held[place] = self.log.room(self.rooms[place].name)
        self.held[place].members, self.rooms[place].is_empty = {1: "Ann"}, False

    @rule(place=places)
    def all_leave(self, place):
        self.log.room(self.rooms[place].name).members, self.rooms[place].is_empty = {}, True
        self.held.pop(place, None)

    @rule(is_enough=st.sampled_from([False, False, False, True]))
    def time_passes(self, is_enough):
        self.is_long_ago = self.is_long_ago and not is_enough

    @rule()
    def sweep(self):
        self.log.sweep()
        while self.log.swept:
            self.log.sweep()
        for place, room in enumerate(self.rooms):
            room.swept = max((seq for seq, *_, at, _ in room.entries if at == LONG_AGO and seq in room.kept), default=0)
            if room.entries and room.is_empty and room.swept == room.newest:
                self.rooms[place] = Room(room.name, gone=room.gone | {room.log})

    @invariant()
    def the_log_is_as_the_model_has_it(self):
        for room in self.rooms:
            one = self.log.room(room.name)
            room.log = room.log or (one.log if room.entries else None)
            assert room.log in (None, one.log)
            assert one.log not in room.gone
            assert (one.newest, one.kinds) == (room.newest, room.kinds)
            if room.entries:
                self.check_oldest(room, one.oldest)
                self.check_kept(room, one)
        assert self.log.rooms == sum(bool(room.entries) for room in self.rooms) == self.rows()

    def rows(self) -> int:
        return self.log.sql.execute("select count(*) from room").fetchone()[0]

    def check_oldest(self, room, oldest):
        kept_before = room.newest - room.new - room.oldest + 1
        # What is new stays until it is delivered, and a trim removes a bounded step more than was appended.
        most = max(LIMIT + server.STEP, room.new, kept_before - server.STEP) if room.new else kept_before
        assert room.newest - oldest + 1 <= most, "too much is kept"
        assert oldest <= max(1, room.newest - LIMIT + 1, room.swept + 1), "too little is kept"
        assert oldest >= max(room.oldest, room.swept + 1)

    def check_kept(self, room, one):
        rows = self.log.read(one, 0).fetchall()
        seqs = [seq for seq, *_ in rows]
        needed = {*range(one.oldest, room.newest + 1), *room.kinds.values()}
        # One that was the newest of its kind may stay until the next trim.
        allowed = needed if one.oldest > room.oldest else needed | {seq for seq in room.kept if seq < one.oldest}
        assert needed <= set(seqs) <= allowed
        assert rows == [room.entries[seq - 1] for seq in sorted(seqs)]
        assert one.bytes == sum(len(body.encode()) for *_, body in rows)
        room.kept, room.oldest, room.new = seqs, one.oldest, 0


def test_what_a_log_keeps_is_as_the_model_has_it(tmp_path):
    folders = count(1)
    run_state_machine_as_test(
        lambda: LogMachine(tmp_path / f"{next(folders)}"), settings=profile(examples=60, steps=30)
    )
