"""Disks and files as they should not be: full, read-only, truncated, damaged or taken away from under the relay."""

import os
import resource
import shutil
import sqlite3
import subprocess
from contextlib import suppress

import pytest

from conftest import wait_until
from server import Log, Settings, timestamp

ENDLESS = {"frames_burst": 10**6, "address_frames_burst": 10**6, "address_bytes_burst": 10**12}
BODY = "x" * 5_000


@pytest.fixture
def stopped_log(tmp_path):
    """A log's file of two rooms with its -wal, as a kill between a checkpoint and the next leaves them, in a folder of
    their own: copies of the files of a log that is open."""
    running, stopped = tmp_path / "running", tmp_path / "stopped"
    for folder in (running, stopped):
        folder.mkdir()
    log = Log(Settings(data=running / "log.sqlite"))
    log.open()
    for room in ("tea", "cake", "tea"):
        assert log.checkpoint("truncate") is None
        for number in range(20):
            with log.transaction():
                newest = log.room(room).newest
                log.append(log.room(room), "message", f"{number}{BODY}", f"id-{newest}", "Ann", timestamp())
    for name in ("log.sqlite", "log.sqlite-wal"):
        shutil.copy(running / name, stopped / name)
    log.close()
    assert (stopped / "log.sqlite").stat().st_size > 200_000
    assert (stopped / "log.sqlite-wal").stat().st_size > 100_000
    return stopped / "log.sqlite"


# Full


class SizeLimit:
    """No file of the relay grows past 4 KB, which is a page of the log: for users who may not mount."""

    def __init__(self, folder):
        self.folder = folder

    def fill(self, relay):
        resource.prlimit(relay.process.pid, resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))

    def make_room(self, relay):
        with suppress(ProcessLookupError):
            resource.prlimit(relay.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)

    def end(self):
        pass


class TinyDisk:
    """A file system of 2 MB."""

    def __init__(self, folder):
        self.folder, self.filler = folder, folder / "filler"
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True, capture_output=True)

    def fill(self, _, but: int = 0):
        """Takes all room but so many bytes."""
        with suppress(OSError), self.filler.open("ab", buffering=0) as file:
            while file.write(b"x" * 4_096):
                pass
        os.truncate(self.filler, max(0, self.filler.stat().st_size - but))

    def make_room(self, _):
        self.filler.unlink()

    def end(self):
        subprocess.run(["umount", "-l", self.folder], check=True)


def may_mount() -> bool:
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


@pytest.fixture(params=[SizeLimit, TinyDisk] if may_mount() else [SizeLimit])
def disk(request, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = request.param(folder)
    yield disk
    disk.end()


@pytest.fixture
def make_relay_on(make_relay, disk):
    return lambda **options: make_relay(data=str(disk.folder / "log.sqlite"), **ENDLESS, **options)


def test_on_a_full_disk_appends_are_refused_and_all_else_goes_on_and_a_retry_is_taken_when_there_is_room(
    make_relay_on, disk
):
    relay = make_relay_on()
    ann, bob, carl = relay.client(), relay.client(), relay.client()
    ann.join("tea", "Ann")
    carl.join("cake", "Carl")
    written = [ann.appended("tea", BODY, id=f"id-{number}") for number in range(10)]
    disk.fill(relay)
    for _ in range(20):
        id = ann.append("tea", BODY, id="later")
        error = ann.receive("error", room="tea", id=id)
        assert error["code"] == "storage"
    assert carl.results([carl.append("cake", BODY, id="later")]) == ["storage"]
    assert bob.join("tea", "Bob")["newest"] == 10
    assert [entry["seq"] for entry in bob.entries("tea", 10)] == written
    assert ann.receive("member-joined")["name"] == "Bob"
    bob.send({"type": "look", "rooms": ["tea", "cake"]})
    assert [room["newest"] for room in bob.receive("looked")["rooms"]] == [10, 0]
    disk.make_room(relay)
    assert ann.appended("tea", BODY, id="later") == 11
    assert carl.appended("cake", BODY, id="later") == 1
    assert [entry["id"] for entry in bob.entries("tea", 11)] == ["later"]
    assert relay.output.count("\n") == 1, "one line, not one for each append"
    assert "could not be written" in relay.output


def test_what_was_acknowledged_until_the_disk_was_full_is_there_after_a_kill(make_relay_on, disk):
    relay = make_relay_on()
    ann = relay.client()
    ann.join("tea", "Ann")
    ids = [ann.append("tea", BODY) for _ in range(300)]
    assert ann.receive("appended", id=ids[0])
    disk.fill(relay)
    results = ann.results(ids[1:])
    assert "storage" in results
    kept = [id for id, result in zip(ids, [1, *results], strict=True) if result != "storage"]
    relay.kill()
    disk.make_room(relay)
    relay.start()
    bob = relay.client()
    newest = bob.join("tea", "Bob")["newest"]
    assert [entry["id"] for entry in bob.entries("tea", newest)] == kept
    assert bob.appended("tea", BODY, id=ids[-1]) == newest + 1


def test_a_disk_that_is_full_when_commits_are_moved_costs_nothing_but_a_line(make_relay_on, disk, stopped_log):
    for name in ("log.sqlite", "log.sqlite-wal"):
        shutil.copy(stopped_log.with_name(name), disk.folder)
    relay = make_relay_on()
    disk.fill(relay)  # before it tidies for the first time, a second after its start
    wait_until(lambda: "could not be tidied" in relay.output, 10, "moving commits fails")
    ann = relay.client()
    ann.join("tea", "Ann")
    assert [entry["seq"] for entry in ann.entries("tea", 40)] == list(range(1, 41))
    disk.make_room(relay)
    assert ann.appended("tea", BODY) == 41
    assert relay.terminate() == 0
    assert not (disk.folder / "log.sqlite-wal").exists()
    assert relay.output.count("\n") == 1
    relay.start()
    assert relay.client().join("tea")["newest"] == 41


@pytest.mark.skipif(not may_mount(), reason="needs a file system of its own")
@pytest.mark.parametrize("is_new", [True, False])
def test_a_disk_that_is_full_or_read_only_at_the_start_is_named_and_what_is_there_stays(
    make_server, tmp_path, stopped_log, is_new
):
    folder = tmp_path / "disk"
    folder.mkdir()
    disk, file = TinyDisk(folder), folder / "log.sqlite"
    try:
        if not is_new:
            for name in ("log.sqlite", "log.sqlite-wal"):
                shutil.copy(stopped_log.with_name(name), folder)
        disk.fill(None)
        assert "database or disk is full" in refusal(make_server, file)
        disk.make_room(None)
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        assert "Read-only file system" in refusal(make_server, file)
    finally:
        disk.end()


# Damaged or taken away, before the start


def contents(file) -> dict[str, bytes]:
    """Of the log's files, but for those that hold nothing that lasts."""
    files = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    return {name: data for name, data in files.items() if data and not name.endswith(("-shm", ".lock", "-journal"))}


def refusal(make_server, file) -> str:
    """What the server says, which does not start, and leaves the files as they are."""
    before = contents(file)
    server = make_server(data=file, runtime="cdn")
    server.spawn()
    assert server.wait() == 1
    assert contents(file) == before
    assert "Traceback" not in server.output
    return server.output


def write_at(file, place: int, data: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(place)
        opened.write(data)


@pytest.mark.parametrize("with_wal", [True, False])
@pytest.mark.parametrize("size", [50, 4_096, 100_000, 180_000])
def test_a_truncated_file_is_refused_with_what_to_do_and_left_as_it_is(make_server, stopped_log, size, with_wal):
    if not with_wal:
        stopped_log.with_name("log.sqlite-wal").unlink()
    os.truncate(stopped_log, size)
    text = refusal(make_server, stopped_log)
    assert "is damaged" in text
    assert "move it away" in text


@pytest.mark.parametrize("is_there", [True, False])
def test_a_file_that_is_empty_or_gone_beside_its_commits_is_not_taken_for_a_new_one(make_server, stopped_log, is_there):
    os.truncate(stopped_log, 0) if is_there else stopped_log.unlink()
    assert "is damaged" in refusal(make_server, stopped_log)


@pytest.mark.parametrize("place", [30, 60, 100, 3 * 4_096])
def test_bytes_that_were_overwritten_are_refused(make_server, stopped_log, place):
    stopped_log.with_name("log.sqlite-wal").unlink()  # it has a whole copy of some pages
    write_at(stopped_log, place, b"\xff" * 8)
    assert str(stopped_log) in refusal(make_server, stopped_log)


def test_an_empty_file_is_a_new_log(make_relay, tmp_path):
    file = tmp_path / "empty.sqlite"
    file.touch()
    relay = make_relay(data=str(file))
    ann = relay.client()
    ann.join("tea")
    assert ann.appended("tea", "x") == 1


def test_without_its_commits_a_log_is_what_it_was_at_the_last_checkpoint(make_relay, stopped_log):
    stopped_log.with_name("log.sqlite-wal").unlink()
    relay = make_relay(data=str(stopped_log), **ENDLESS)
    ann = relay.client()
    joined = ann.join("tea", after=40)
    assert (joined["after"], joined["newest"]) == (0, 20), "who has more than that reads from the start"
    assert [entry["seq"] for entry in ann.entries("tea", 20)] == list(range(1, 21))


# Damaged or taken away, at run time


def test_a_page_of_a_log_that_cannot_be_read_bars_its_room_only(make_relay, stopped_log):
    opened = sqlite3.connect(stopped_log)
    opened.execute("pragma wal_checkpoint(truncate)")
    # No UTF-8 inside a page of text: no check at the start sees it.
    opened.execute("update entry set body = cast(x'78ff78' as text) where seq = 11 and room = 1")
    opened.commit()
    opened.close()
    relay = make_relay(data=str(stopped_log), **ENDLESS)
    ann, bob = relay.client(), relay.client()
    bob.join("cake", "Bob")
    ann.join("tea", "Ann")
    assert ann.close_code() == 1011
    got = [entry["seq"] for frame in ann.passed if frame["type"] == "entries" for entry in frame["entries"]]
    assert got == list(range(1, 11)), "all that stands before the damage"
    again = relay.client()
    again.send({"type": "join", "room": "tea", "name": "Ann", "after": 10})
    assert again.receive("error", room="tea")["code"] == "storage"
    again.join("cake", "Ann")
    assert again.appended("cake", "x") == 21
    assert [entry["seq"] for entry in bob.entries("cake", 21)] == list(range(1, 22))
    past = relay.client()
    past.join("tea", "Past", after=11)
    assert [entry["seq"] for entry in past.entries("tea", 40)] == list(range(12, 41))
    assert past.appended("tea", "goes on") == 41
    assert relay.output.count("\n") == 1, "a line, and not one for each try"


@pytest.mark.parametrize("name", ["log.sqlite", "log.sqlite-wal"])
@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_nothing_is_acknowledged_into_a_file_that_was_taken_away(make_relay, name, how):
    relay = make_relay()
    ann = relay.client()
    ann.join("tea")
    ann.appended("tea", "kept")
    file = relay.folder / name
    other = file.read_bytes()
    file.rename(relay.folder / "away")
    if how == "replaced":
        file.write_bytes(other)
    assert ann.results([ann.append("tea", "lost?")]) == ["storage"]
    assert len(relay.client().join("tea", "Bob")["members"]) == 2, "what can be read is"
    assert "moved, replaced or deleted" in relay.output
    (relay.folder / "away").replace(file)
    assert ann.appended("tea", "kept too") == 2
