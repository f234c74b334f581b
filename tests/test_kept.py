"""What a device has kept of a room: which rows come before the relay's log, and trust as it was at first."""

import pytest

from protocol import rows
from protocol.kept import Kept
from reference import ReferencePlatform

PLATFORM = ReferencePlatform()


def message(text, trust="encrypted", **more):
    return rows.row(
        "s0-1", "message", text, name="Bob", tag="4KVE", color=3, at="2026-11-26T05:12:00.000Z", trust=trust, **more
    )


def kept(*records):
    """(Kept, what it was asked to keep)."""
    asked = []
    return Kept(PLATFORM, list(records), lambda *one: asked.append(one)), asked


def taken(seq, text, log="L1", **more):
    """The record of a message, as a Kept makes it."""
    one, asked = kept()
    one.take(log, seq, message(text, **more))
    return asked[0]


def test_what_the_relay_still_has_is_not_shown_twice_and_what_it_lost_is_shown_before():
    one, _ = kept(taken(1, "gone"), taken(2, "there"), taken(2, "of another log", log="L0"))
    shown = one.rows_before("L1", 2)
    assert [row["text"] for row in shown[:-1]] == ["gone", "of another log"]
    assert (shown[-1]["kind"], shown[-1]["code"]) == ("notice", "kept")
    assert one.rows_before("L1", 1)[0]["text"] == "of another log"


def test_where_nothing_is_gone_nothing_is_said():
    assert kept(taken(1, "there"))[0].rows_before("L1", 1) == [] == kept()[0].rows_before("L1", 5)


def test_a_row_comes_back_as_it_was():
    before = message("hello", trust="verified", own=True, code="gap")
    one, asked = kept()
    one.take("L1", 7, before)
    [after, _] = kept(asked[0])[0].rows_before("L2", 1)
    same = ("kind", "text", "name", "tag", "color", "own", "at", "trust", "code")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


def test_trust_stays_as_it_was_when_the_message_was_first_read():
    one, asked = kept(taken(1, "hello", trust="encrypted"))
    again = message("hello", trust="verified")
    one.take("L1", 1, again)
    assert again["trust"] == "encrypted" and asked == []
    other = message("new", trust="verified")
    one.take("L1", 2, other)
    assert other["trust"] == "verified" and len(asked) == 1


@pytest.mark.parametrize("color", [b"12", b"-1", b"x", b"", "²".encode()])
def test_a_record_that_this_page_did_not_write_breaks_nothing(color):
    one, _ = kept(("L0", 1, {"text": b"\xff", "color": color}))
    row = one.rows_before("L1", 1)[0]
    assert (row["text"], row["color"], row["own"]) == ("", 0, False)
