"""What was acknowledged or shown survives kill -9: the short form of crash.py. And its judge sees what it should."""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import own_loop
from conftest import wait_until
from crash import DAWDLING, SHORT, crash
from crash_judge import Entry, Record, judge
from relay_server import SCRIPT


@pytest.mark.parametrize(("kills", "retention", "script"), [(5, None, None), (6, SHORT, DAWDLING)])
def test_what_was_acknowledged_or_shown_is_in_every_list_once_and_in_one_order_after_kills(
    tmp_path, kills, retention, script
):
    run = own_loop.run(crash(tmp_path, 1, kills, retention, script))
    assert run.findings == []
    assert run.kills.total() >= kills and run.resumes > kills
    assert all(len(room.acknowledged) > 200 and room.refused for room in run.rooms), "there was something to lose"


def test_a_relay_that_acknowledges_before_it_commits_is_found_out(tmp_path):
    script = Path(__file__).with_name("relay_that_forgets.py")
    findings = "\n".join(own_loop.run(crash(tmp_path, seed=3, kills=2, script=script)).findings)
    assert "was acknowledged as seq" in findings, "an acknowledged entry is lost"
    assert "was shown as" in findings, "its seq is given away again"
    assert "and the relay began at" in findings, "who has more than the log is not resumed"


@pytest.mark.parametrize("delay", [0, 0.001, 0.002, 0.004, 0.008])
def test_a_relay_that_is_killed_while_it_makes_its_file_starts_on_what_is_left(tmp_path, make_relay, delay):
    folder = tmp_path / "relay-0"
    folder.mkdir()
    options = json.dumps({"data": str(folder / "log.sqlite")})
    process = subprocess.Popen([sys.executable, SCRIPT, options], stdout=subprocess.DEVNULL)
    wait_until((folder / "log.sqlite").exists, 20, "it makes its file")
    time.sleep(delay)
    process.kill()
    process.wait()
    folder.rename(tmp_path / "left")
    assert_it_starts(make_relay, tmp_path / "left" / "log.sqlite")


def test_a_file_whose_making_was_cut_short_is_made_anew(tmp_path, make_relay):
    whole, left = tmp_path / "whole.sqlite", tmp_path / "left.sqlite"
    with closing(sqlite3.connect(whole, isolation_level=None)) as sql:
        for command in ("pragma cache_size = 1", "begin", "create table room (name)"):
            sql.execute(command)
        sql.execute("insert into room values (zeroblob(100000))")  # more than it keeps in memory before the commit
        shutil.copy(whole, left)
        shutil.copy(f"{whole}-journal", f"{left}-journal")
    assert_it_starts(make_relay, left)


def assert_it_starts(make_relay, data):
    relay = make_relay(data=str(data))
    ann = relay.client()
    ann.join("tea")
    assert ann.appended("tea", "x") == 1
    assert relay.output == ""


# The judge, with a record that is right, and the same with one thing wrong


def entry(seq, **changes):
    return Entry(seq, "message", f"id-{seq}", "Ann", "2026-11-23T20:42:34.123Z", f"{seq}")._replace(**changes)


def make_record(retention=None, oldest=1):
    """Ten entries, two of them a list and its successor, and two who read all from `oldest` on."""
    entries = [entry(seq, kind="list" if seq in (3, 7) else "message") for seq in range(1, 11)]
    record = Record("room", retention)
    record.sent = {one.id: {"kind": one.kind, "body": one.body} for one in entries}
    record.sent["id-3"]["if_newest"], record.sent["id-7"]["if_newest"] = 0, 3
    for one in entries:
        record.acknowledged[one.id].add(one.seq)
    record.joined = [{"log": "log", "oldest": 1, "newest": 4}, {"log": "log", "oldest": oldest, "newest": 10}]
    record.lists = {"Ann": [*entries], "Bob": [*entries]}
    record.kept = [one for one in entries if one.seq >= oldest]
    record.known = {one: one for one in entries}
    return record


def change(record, person, at, *entries):
    record.lists[person][at : at + 1] = entries
    record.known |= {one: one for one in entries}


def test_the_judge_has_nothing_to_say_about_a_record_that_is_right():
    assert judge(make_record()) == []
    assert judge(make_record(retention=5, oldest=4)) == []


TAMPERINGS = {
    "lost": (lambda record: change(record, "Bob", 4), "was not shown what is between seq 4 and 6"),
    "lost at the end": (lambda record: change(record, "Bob", 9), "was shown nothing after seq 9"),
    "doubled": (lambda record: change(record, "Bob", 4, entry(5), entry(5)), "was shown seq 5 after 5"),
    "swapped": (lambda record: change(record, "Bob", 4, entry(6), entry(5)), "was shown seq 5 after 6"),
    "changed": (lambda record: change(record, "Bob", 4, entry(5, body="x")), "seq 5 was shown as"),
    "of another time": (lambda record: change(record, "Bob", 4, entry(5, at="now")), "seq 5 was shown as"),
    "made up": (lambda record: change(record, "Bob", 4, entry(5, id="x")), "nobody has sent"),
    "forgotten": (lambda record: record.kept.pop(), "the log has forgotten it"),
    "forgotten in the middle": (lambda record: record.kept.pop(4), "the log was not shown what is between seq 4 and 6"),
    "elsewhere": (lambda record: record.acknowledged["id-5"].add(6), "id-5 was acknowledged as seq 6"),
    "never": (lambda record: record.acknowledged.pop("id-5"), "1 appends were never answered"),
    "twice": (lambda record: change(record, "Bob", 9, entry(10), entry(11, id="id-5")), "id-5 has seq 5 and seq 11"),
    "not the newest": (lambda record: record.sent["id-7"].update(if_newest=2), "was to follow 2, and follows 3"),
    "refused": (lambda record: record.refused.add("id-7"), "was refused with not-newest, and is in the log"),
    "another log": (lambda record: record.joined[1].update(log="new"), "the log had the names"),
    "too short": (lambda record: record.joined[1].update(oldest=2), "of 10 entries all before 2 were gone"),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_the_judge_notices_an_entry_that_is(tampering):
    tamper, finding = TAMPERINGS[tampering]
    record = make_record()
    tamper(record)
    assert finding in "\n".join(judge(record))


def test_in_a_log_that_is_trimmed_the_judge_lets_go_what_is_old_and_nothing_else():
    record = make_record(retention=5, oldest=4)
    change(record, "Bob", 1)
    assert judge(record) == [], "seq 2 is older than the log"
    change(record, "Bob", 5)
    assert "Bob was not shown what is between seq 6 and 8" in "\n".join(judge(record))
    assert "of 10 entries all before 7" in "\n".join(judge(make_record(retention=5, oldest=7)))
    again = make_record(retention=5, oldest=4)
    change(again, "Bob", 9, entry(10), entry(11, id="id-5"))
    assert "id-5 has seq" not in "\n".join(judge(again)), "six entries later the id may be forgotten"
    change(again, "Bob", 10, entry(11, id="id-6"))
    assert "id-6 has seq 6 and seq 11" in "\n".join(judge(again))
