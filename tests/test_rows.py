"""Rows: what a view shows, and nothing that it does not."""

from protocol import rows
from protocol.errors import Gap, Replayed
from protocol.levels import Opened, Tag
from protocol.outbox import Item
from protocol.writers import Writer

ENTRY = {"row": "s0-7", "seq": 7, "name": "as the relay says", "at": "2026-11-23T20:42:34.123Z", "body": "secret body"}
FIELDS = {"id", "kind", "text", "name", "tag", "color", "own", "at", "state", "warnings", "code"}
FIELDS |= {"writer", "marks", "mark", "trust"}
TAG = Tag(b"key")
WRITER = Writer("3", TAG, "Alice", "ALICE", False)


def test_every_kind_of_row_has_every_field():
    made = [
        rows.message(ENTRY, Opened("hello", "Alice", TAG, False, []), WRITER, []),
        rows.refusal(ENTRY, Replayed()),
        rows.waiting(ENTRY),
        rows.notice("n1", "Alice joined.", "joined"),
        rows.own(Item("id1", "hello"), "Alice", TAG),
    ]
    assert [set(row) for row in made] == [FIELDS] * 5
    assert [row["kind"] for row in made] == ["message", "refusal", "waiting", "notice", "message"]


def test_a_message_shows_the_signed_name_its_tag_and_its_warnings():
    row = rows.message(ENTRY, Opened("hello", "Alice", TAG, False, [Gap(2)]), WRITER, [])
    assert (row["id"], row["name"], row["tag"], row["color"]) == ("s0-7", "Alice", TAG.text, TAG.color)
    assert (row["warnings"], row["code"]) == ([Gap(2).for_people], "gap")
    assert (row["own"], row["state"]) == (False, "")


def test_a_message_shows_how_far_its_key_was_trusted_where_a_level_tells():
    made = [Opened("hello", "Alice", TAG, False, []), Opened("hello", "Alice", TAG, False, [], "verified")]
    assert [rows.message(ENTRY, opened, WRITER, [])["trust"] for opened in made] == ["", "verified"]


def test_a_refusal_and_a_waiting_row_show_nobodys_name_and_nothing_of_the_body():
    for row in (rows.refusal(ENTRY, Replayed()), rows.waiting(ENTRY)):
        assert (row["name"], row["tag"]) == ("", "")
        assert "secret" not in str(row)


def test_an_own_message_reads_as_its_item_does_and_says_why_it_failed():
    item = Item("id1", "hello")
    assert (rows.own(item, "Alice", TAG)["state"], rows.own(item, "Alice", TAG)["warnings"]) == ("sending", [])
    item.state, item.problem = "failed", "Too large."
    assert (rows.own(item, "Alice", TAG)["state"], rows.own(item, "Alice", TAG)["warnings"]) == (
        "failed",
        ["Too large."],
    )
