"""Sessions at level ratchet: what a visit leaves, the next one takes up. On a relay in memory."""

import pytest

import identity_room
import ratchet_room
from identity_room import Relay, settle
from protocol.errors import Problem
from protocol.kept import Kept
from protocol.levels.ratchet import LOST, NOBODY, OTHER_KEY, THIRD, Ratchet
from protocol.reading import KEPT_HERE, READ_BEFORE
from protocol.store_errors import NotKept
from reference import run

AT = "2026-11-26T05:12:00.000Z"  # when that relay takes everything


class Page(identity_room.Page):
    def __init__(self, relay, device):
        super().__init__(relay, device, Ratchet)

    def begins_with(self, device):
        run(self.level.wish_for(device.taken(), device.name))
        self.begin(self.session.duties.pursue())

    def said(self):
        """(name, text, state) of each message in its order."""
        return [(row["name"], row["text"], row["state"]) for row in self.rows("message")]


def two():
    relay = Relay()
    return relay, ratchet_room.Device("Alice", 1), ratchet_room.Device("Bob", 2)


def met():
    relay, alice, bob = two()
    pages = Page(relay, alice), Page(relay, bob)
    settle(*pages)
    pages[0].begins_with(bob)
    settle(*pages)
    return pages


def test_a_text_waits_until_the_conversation_has_begun_and_goes_to_someone_who_is_away():
    relay, alice, bob = two()
    page = Page(relay, alice)
    settle(page)
    assert page.show.line == NOBODY and page.show.roll["members"] == [] and page.show.roll["two"]
    with pytest.raises(Problem):
        run(page.session.say("too early"))
    page.begins_with(bob)
    page.says("are you there?")
    settle(page)
    assert page.said() == [("Alice", "are you there?", "relayed")]
    other = Page(relay, bob)
    settle(page, other)
    assert other.said() == [("Alice", "are you there?", "")]
    assert [(one["name"], one["you"], one["trust"]) for one in other.show.roll["members"]] == [
        ("Alice", False, "encrypted"),
        ("Bob", True, "encrypted"),
    ]
    assert other.rows("message")[0]["trust"] == "encrypted"
    assert other.show.roll["waiting"] == [] and not other.show.roll["admin"]


def test_who_is_connected_waits_to_be_talked_to_until_there_are_two():
    relay, alice, bob = two()
    pages = Page(relay, alice), Page(relay, bob)
    settle(*pages)
    for page in pages:
        page.pass_time(1)
    assert [page.show.roll["waiting"] for page in pages] == [["Bob"], ["Alice"]]
    pages[0].begins_with(bob)
    settle(*pages)
    assert [page.show.roll["waiting"] for page in pages] == [[], []]


def test_another_visit_goes_on_where_the_one_before_ended_and_shows_what_was_read_last_with_its_time():
    alice, bob = met()
    for text in ("one", "two"):
        alice.says(text)
    settle(alice, bob)
    bob.says("three")
    settle(alice, bob)
    bob.crash()
    alice.says("four")
    settle(alice)
    asked = []
    again = Page(bob.relay, bob.device)
    asked = again.session.log.asked
    assert again.said() == [("Bob", "three", "relayed")]
    settle(alice, again)
    assert again.session.writers.past == 5, "what was said meanwhile is of the past, too"
    assert asked == 4 and again.said() == [("Bob", "three", "relayed"), ("Alice", "four", "")]
    assert again.rows("message")[0]["at"] == AT and again.codes() == []
    assert again.notices() == [READ_BEFORE[0]]


@pytest.mark.parametrize("taken", [False, True], ids=["before the relay has it", "after"])
def test_a_text_that_a_crash_left_sealed_is_in_the_log_once(taken):
    alice, bob = met()
    alice.lost = not taken
    alice.says("once")
    alice.crash()
    again = Page(alice.relay, alice.device)
    assert again.said() == [("Alice", "once", "sending")]
    settle(again, bob)
    assert again.said() == [("Alice", "once", "relayed")] and bob.said() == [("Alice", "once", "")]
    assert [entry["kind"] for entry in alice.relay.entries] == ["begin", "message"] and bob.codes() == []


def test_what_was_on_its_way_to_keys_that_are_lost_arrives_in_new_ones():
    alice, bob = met()
    alice.drop()
    cleared = Page(bob.relay, ratchet_room.Device("Bob", 2))
    settle(cleared)
    assert cleared.show.line == LOST
    # Sealed in the old session, and only sent once the new one is in the log.
    alice.lost = True
    alice.session.online = alice.session.writing.online = True
    alice.says("for you")
    assert alice.session.writing.outbox.items[0].body
    cleared.begins_with(alice.device)
    settle(cleared)
    alice.reconnect()
    settle(alice, cleared)
    assert cleared.said() == [("Alice", "for you", "")]
    assert alice.said() == [("Alice", "for you", "relayed")]


def test_a_relay_that_lost_its_log_gets_what_was_under_way_and_what_is_read_again_says_nothing():
    alice, bob = met()
    alice.says("read")
    bob.says("too")
    settle(alice, bob)
    before = list(alice.relay.entries)
    for page in (alice, bob):
        page.drop()
    alice.relay.name, alice.relay.entries = "L2", before
    alice.lost = True
    alice.session.writing.online = True
    alice.says("under way")
    for page in (alice, bob):
        page.reconnect()
    settle(alice, bob)
    assert [name for name, _, _ in bob.said()] == ["Alice", "Bob", "Alice"]
    assert bob.said()[-1] == ("Alice", "under way", "") and alice.said()[-1] == ("Alice", "under way", "relayed")
    assert alice.codes() == bob.codes() == []
    bob.begins_with(alice.device)
    settle(alice, bob)
    alice.says("goes on")
    settle(alice, bob)
    assert bob.said()[-1][1] == "goes on"


def test_what_cannot_be_stored_fails_with_a_sentence_and_goes_out_once_there_is_room():
    alice, bob = met()
    alice.device.full = True
    alice.says("much")
    [row] = alice.rows("message")
    assert row["state"] == "failed" and row["warnings"] == [NotKept("store-full").for_people]
    alice.device.full = False
    alice.retries(row["id"])
    settle(alice, bob)
    assert bob.said() == [("Alice", "much", "")]


def test_after_one_message_that_could_not_be_stored_none_is_shown_until_the_room_is_joined_again():
    alice, bob = met()
    bob.device.full = True
    alice.says("one")
    settle(alice, bob)
    bob.device.full = False
    alice.says("two")
    settle(alice, bob)
    assert bob.said() == [] and bob.codes() == ["not-stored"] * 2
    bob.crash()
    again = Page(bob.relay, bob.device)
    settle(alice, again)
    assert again.said() == [("Alice", "one", ""), ("Alice", "two", "")]


def test_a_beginning_that_cannot_be_stored_is_told_and_nothing_is_appended():
    relay, alice, bob = two()
    page = Page(relay, alice)
    settle(page)
    alice.full = True
    page.begins_with(bob)
    settle(page)
    assert alice.told == [NotKept("store-full").for_people] and relay.entries == []


def test_a_third_reads_nothing_and_may_not_write():
    alice, bob = met()
    alice.says("between us")
    settle(alice, bob)
    carol = Page(alice.relay, ratchet_room.Device("Carol", 3))
    settle(alice, bob, carol)
    assert carol.show.line == THIRD and carol.said() == [] and carol.codes() == ["not-yours"]
    with pytest.raises(Problem) as refused:
        run(carol.session.say("me too"))
    assert refused.value.for_people == THIRD
    assert [one["name"] for one in carol.show.roll["members"]] == ["Alice", "Bob"]


def test_another_key_under_a_known_name_is_told():
    alice, bob = met()
    other = ratchet_room.Device("Bob", 4)
    alice.begins_with(other)
    settle(alice, bob)
    assert any("“Bob” has another key than before" in text for text in alice.notices())
    assert [pin.identity for pin in [alice.device.trust.pin_of("Bob")]] == [other.ours.public]


def test_what_this_device_keeps_of_messages_stands_before_what_was_read_last():
    alice, bob = met()
    kept = []
    for text in ("one", "two"):
        alice.says(text)
        settle(alice, bob)
    bob.session.leave()
    level = run(Ratchet.start(bob.device.platform, "den", "Bob", bob.device))
    fields = {"text": b"one", "name": b"Alice", "at": AT.encode(), "trust": b"encrypted", "own": b"0"}
    records = [("L1", 2, fields), ("L1", 3, fields | {"text": b"two"})]
    show = identity_room.Show()
    identity_room.Session(
        bob.device.platform, level, "a/b", "Bob", show, lambda frame: True, lambda *_: None, None,
        kept=Kept(bob.device.platform, records, lambda *one: kept.append(one)),
    )  # fmt: skip
    rows = [(row["kind"], row["text"]) for row in (show.by_id[one] for one in show.order)]
    assert rows[:2] == [("message", "one"), ("notice", KEPT_HERE[0])] and rows[2] == ("message", "two")
    assert len(rows) == 3 and kept == []


def test_who_was_invited_by_another_key_than_the_others_is_told_with_the_first_beginning():
    for inviter, codes in ((1, ["begun"]), (7, ["begun", "other-inviter"])):
        relay, alice, bob = two()
        bob.inviter = ratchet_room.Device("Alice", inviter).ours.public
        pages = Page(relay, alice), Page(relay, bob)
        settle(*pages)
        pages[0].begins_with(bob)
        settle(*pages)
        assert [row["code"] for row in pages[1].rows("notice") if row["code"] != "joined"] == codes


def test_who_has_another_key_than_its_name_had_in_the_conversation_is_told_so():
    alice, bob = met()
    again = Page(bob.relay, ratchet_room.Device("Bob", 9))
    settle(alice, bob, again)
    assert again.show.line == OTHER_KEY
    again.begins_with(alice.device)
    settle(alice, bob, again)
    assert alice.codes() == bob.codes() == ["not-of-this-pair"] and again.show.line == OTHER_KEY


def test_before_the_log_was_read_nobody_is_told_that_there_is_no_conversation():
    _, bob = met()
    again = Page(bob.relay, ratchet_room.Device("Bob", 2))
    assert again.level.standing() == ""
    again.begin(again.session.say("typed early"))
    settle(again)
    [row] = again.rows("message")
    assert row["state"] == "failed" and row["warnings"] == [LOST]


def test_what_the_other_read_in_the_log_that_is_lost_is_not_read_again_in_the_next():
    alice, bob = met()
    alice.says("once")
    alice.cut()  # the answer is on its way
    settle(bob)
    assert bob.said() == [("Alice", "once", "")]
    bob.drop()
    alice.relay.name, alice.relay.entries = "L2", []
    for page in (alice, bob):
        page.reconnect()
    settle(alice, bob)
    assert bob.said() == [("Alice", "once", "")] and bob.codes() == ["key-deleted"]
    assert alice.said() == [("Alice", "once", "relayed")]
