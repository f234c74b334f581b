"""Level ratchet: who begins, who is refused, what a crash leaves, what a thief can open. Around a relay in memory."""

import pytest

from protocol.double_ratchet import MAX_SKIP, SKIPPED_AGE
from protocol.errors import Malformed, Problem
from protocol.levels.ratchet import BEGIN, LOST, NOBODY, THIRD
from protocol.ratchet_record import Record
from protocol.store_errors import NotKept
from ratchet_room import Crash, Device, Page, met, opened_by, pair, settle, thief_of
from reference import run

# ------------------------------------------------------------------------------------------ beginnings


def test_a_conversation_is_begun_with_someone_who_is_away():
    alice, bob, relay = pair()
    page = Page(alice, relay).reads()
    assert page.level.standing() == NOBODY
    page.begins_with(bob)
    page.says("are you there?")
    settle(page)
    assert page.own() == ["are you there?"] and page.notices == ["begun"]
    other = Page(bob, relay).reads()
    assert other.theirs() == ["are you there?"] and other.notices == ["begun"]
    other.says("now I am")
    settle(page, other)
    assert page.theirs() == ["now I am"]
    assert [one.level.membership.other().name for one in (page, other)] == ["Bob", "Alice"]
    assert other.level.membership.other().identity == alice.ours.public


@pytest.mark.parametrize("with_opk", [True, False])
def test_a_one_time_prekey_is_used_once_and_deleted_with_what_it_began(with_opk):
    alice, bob, relay = pair()
    if not with_opk:
        bob.published = []
    page = Page(alice, relay).reads()
    page.begins_with(bob)
    bob.crash = False
    with pytest.raises(Crash):
        Page(bob, relay).reads()
    assert len(bob.one_time) == 8 and bob.record is None
    Page(bob, relay).reads()
    assert len(bob.one_time) == (7 if with_opk else 8)


@pytest.mark.parametrize("is_honest", [True, False])
def test_of_two_who_begin_at_once_one_session_remains_and_nothing_is_lost(is_honest):
    alice, bob, relay = pair()
    pages = Page(alice, relay).reads(), Page(bob, relay).reads()
    if not is_honest:  # a relay that takes both
        relay.newest = lambda kind: 0
    for page, other in zip(pages, (bob, alice), strict=True):
        page.begins_with(other)
        page.says(f"{page.device.name} was here")
    settle(*pages)
    for page in pages:
        page.says("again")
    settle(*pages)
    assert [page.theirs() for page in pages] == [["Bob was here", "again"], ["Alice was here", "again"]]
    assert len(relay.entries) == 5 if is_honest else 6
    assert [len(page.level.record.threads) for page in pages] == [1, 1]
    assert pages[0].level.record.current().session == pages[1].level.record.current().session
    assert pages[0].refused == pages[1].refused == []


def test_a_third_is_refused_with_a_sentence_and_reads_and_changes_nothing():
    alice, bob = met()
    alice.says("between us")
    settle(alice, bob)
    carol = Page(Device("Carol", 3), alice.relay).reads()
    assert carol.level.standing() == THIRD and not carol.level.can_seal()
    assert carol.shown == [] and carol.refused == ["not-yours"]
    carol.begins_with(bob.device)
    settle(alice, bob, carol)
    assert alice.refused == bob.refused == ["not-of-this-pair"] and carol.level.standing() == THIRD
    assert alice.level.membership.other().name == "Bob"


def test_a_new_device_of_the_same_name_has_no_history_and_says_so():
    alice, bob = met()
    alice.says("old")
    settle(alice, bob)
    cleared = Device("Bob", 2)
    again = Page(cleared, alice.relay).reads()
    assert again.shown == [] and "prekey-gone" in again.refused
    again.begins_with(alice.device)
    settle(alice, again)
    alice.says("new")
    settle(alice, again)
    assert again.theirs() == ["new"] and alice.notices == ["begun", "begun-anew"]


def test_what_was_on_its_way_to_keys_that_the_other_has_lost_is_sealed_anew_and_shown_once():
    alice, _ = met()
    alice.wire = []
    alice.says("one", "two")  # sealed, and the connection is down
    cleared = Page(Device("Bob", 2), alice.relay).reads()
    cleared.begins_with(alice.device)
    cleared.reads()
    for frame in alice.wire:
        alice.relay.append(*frame)
    alice.wire = None
    alice.reads(2)
    again = Page(alice.device, alice.relay)  # a crash between the two readings changes nothing
    settle(again, cleared)
    assert cleared.theirs() == ["one", "two"] and cleared.refused == ["prekey-gone"] + ["no-keys"] * 2
    assert again.own() == ["one", "two"] and alice.refused + again.refused == ["lost-session"] * 2


def test_who_has_lost_the_keys_of_a_conversation_it_began_says_so():
    alice, bob = met()
    again = Page(Device("Alice", 1), alice.relay).reads()
    assert again.level.standing() == LOST and not again.level.can_seal()
    again.begins_with(bob.device)
    again.says("it is me")
    settle(again, bob)
    assert bob.theirs() == ["it is me"] and again.level.standing() == ""


def test_who_reads_a_beginning_of_its_own_from_elsewhere_has_no_keys_of_it():
    alice, bob = met()
    elsewhere = Page(thief_of(alice), alice.relay).reads()
    elsewhere.begins_with(bob.device)
    settle(elsewhere, bob)
    alice.reads()
    assert alice.level.standing() == LOST and alice.level.record.threads == []


def test_one_of_two_can_go_on_with_another_key_and_the_one_before_is_out():
    alice, bob = met()
    carol = Page(Device("Carol", 3), alice.relay)
    alice.begins_with(carol.device)
    settle(alice, bob, carol)
    alice.says("for Carol")
    settle(alice, bob, carol)
    assert carol.theirs() == ["for Carol"] and carol.level.membership.other().name == "Alice"
    assert bob.refused == ["not-yours"] and bob.level.standing() == THIRD and not bob.level.can_seal()


def test_a_one_time_prekey_that_is_gone_begins_nothing():
    alice, bob, relay = pair()
    Page(alice, relay).reads().begins_with(bob)
    bob.one_time = bob.one_time[1:]
    page = Page(bob, relay).reads()
    assert page.refused == ["prekey-gone"] and page.level.standing() == LOST


def test_a_beginning_that_came_second_is_forgotten_with_the_next_one():
    alice, bob, relay = pair()
    page, other = Page(alice, relay).reads(), Page(bob, relay).reads()
    page.begins_with(bob)
    other.begins_with(alice)
    other.reads()
    page.reads()
    assert [one.rank for one in other.level.record.threads] == [0, 1]
    other.begins_with(alice)
    assert [one.rank for one in other.level.record.threads] == [1, 0]
    settle(page, other)
    assert other.level.record.current().session == page.level.record.current().session


def test_a_room_that_the_relay_has_lost_goes_on_with_the_keys_there_are():
    alice, bob = met()
    alice.says("read")
    settle(alice, bob)
    alice.wire = []
    alice.says("under way")
    alice.wire = None
    for page in (alice, bob):
        page.relay.entries.clear()
        page.level.new_log()
        page.level.begins_at("L2", 1)
        page.at = 0
        page.ready = False
    settle(alice, bob)
    bob.says("still here")
    alice.begins_with(bob.device)
    settle(alice, bob)
    alice.says("new keys")
    settle(alice, bob)
    assert (alice.theirs(), bob.theirs()) == (["still here"], ["read", "under way", "new keys"])
    assert alice.notices == bob.notices == ["begun", "begun-anew"] and alice.refused == bob.refused == []


def test_a_session_is_begun_anew_in_the_open_and_what_was_under_way_still_opens():
    alice, bob = met()
    bob.ready = False  # its page does not read for a while
    alice.says("one")
    alice.begins_with(bob.device)
    alice.reads()
    alice.says("two")
    alice.reads()
    bob.ready = True
    bob.says("meanwhile")
    settle(alice, bob)
    assert bob.theirs() == ["one", "two"] and alice.theirs() == ["meanwhile"]
    assert alice.notices == bob.notices == ["begun", "begun-anew"]
    bob.says("three")
    settle(alice, bob)
    assert alice.theirs() == ["meanwhile", "three"] and len(alice.level.record.threads) == 1


def test_a_beginning_that_arrives_again_does_not_count():
    alice, bob, relay = pair()
    bob.published = []  # without a one-time prekey nothing else would tell
    page, other = Page(alice, relay).reads(), Page(bob, relay).reads()
    page.begins_with(bob)
    settle(page, other)
    first = relay.entries[0]
    page.says("text")
    settle(page, other)
    other.says("answer")
    settle(page, other)
    for one in (page, other):
        one.take([first | {"seq": 4}])
        assert one.refused == ["begun-again"]
    page.relay.entries.append(first | {"seq": 4})
    page.says("more")
    settle(page, other)
    assert other.theirs() == ["text", "more"]


@pytest.mark.parametrize("at", range(0, 301, 7))
def test_a_beginning_that_was_changed_begins_nothing(at):
    alice, bob, relay = pair()
    Page(alice, relay).reads().begins_with(bob)
    [entry] = relay.entries
    prefix, text = entry["body"][:16], entry["body"][16:]
    data = bytearray(alice.platform.from_base64url(text))
    data[at] ^= 1
    entry["body"] = prefix + alice.platform.base64url(bytes(data))
    page = Page(bob, relay).reads()
    assert len(page.refused) == 1 and page.level.membership.other() is None and len(bob.one_time) == 8


# ------------------------------------------------------------------------------------------ the store


def test_what_could_not_be_stored_is_neither_sent_nor_shown():
    alice, bob = met()
    alice.device.full = True
    with pytest.raises(NotKept):
        run(alice.level.seal("text"))
    alice.device.full = False
    alice.says("text")
    bob.device.full = True
    bob.reads()
    assert bob.shown == [] and bob.refused == ["not-stored"]
    bob.device.full = False
    assert Page(bob.device, bob.relay).reads().theirs() == ["text"]


@pytest.mark.parametrize("who", ["sender", "reader"])
@pytest.mark.parametrize("is_written", [False, True])
def test_a_crash_at_a_write_loses_nothing_and_uses_no_key_twice(who, is_written):
    alice, bob = met()
    alice.says("first")
    settle(alice, bob)
    if who == "sender":
        alice.device.crash = is_written
        with pytest.raises(Crash):
            alice.says("second")
        again = Page(alice.device, alice.relay).reads()
        if not is_written:
            again.says("second")
        settle(again, bob)
        assert bob.theirs() == ["first", "second"] and again.own()[-1:] == ["second"]
        assert len(alice.relay.entries) == 3
        return
    alice.says("second")
    bob.device.crash = is_written
    with pytest.raises(Crash):
        bob.reads()
    assert bob.theirs() == ["first"]
    again = Page(bob.device, bob.relay).reads()
    # What was read last may have been shown or not, so it is shown once more; nothing before it is.
    assert again.theirs() == (["second"] if is_written else ["first", "second"])


def test_a_record_is_the_same_once_it_was_stored_and_anything_else_is_refused():
    alice, bob = met()
    alice.says("one", "two")
    bob.reads()
    octets = bob.device.record
    assert Record.read_octets(octets).octets() == octets
    for other in (b"", octets[:-1], octets + b"\x00", b"\x02" + octets[1:]):
        with pytest.raises(Malformed):
            Record.read_octets(other)


def test_a_text_that_is_none_changes_nothing():
    alice, _ = met()
    before = alice.device.writes
    with pytest.raises(Problem):
        run(alice.level.seal(""))
    assert alice.device.writes == before


# ------------------------------------------------------------------------------------------ a relay that lies


def bodies(page):
    return [one for one in page.relay.entries if one["kind"] != BEGIN]


def test_lost_repeated_and_reordered_messages_are_shown_once_or_refused():
    alice, bob = met()
    alice.says(*"abcdef")
    entries = bodies(alice)
    order = [entries[at] for at in (5, 0, 0, 3, 1, 5)]
    bob.take([one | {"seq": 10 + number} for number, one in enumerate(order)])
    assert bob.theirs() == ["f", "a", "d", "b"] and bob.refused == ["key-deleted"] * 2


def test_of_more_skipped_keys_than_there_is_room_for_on_the_device_the_oldest_go():
    alice, bob = met()
    bob.device.room = 3
    alice.says(*"abcdef")
    entries = bodies(alice)
    bob.take([entries[5] | {"seq": 10}])
    assert bob.level.record.skipped() == 3
    bob.take([entries[1] | {"seq": 11}, entries[2] | {"seq": 12}])
    assert bob.theirs() == ["f", "c"] and bob.refused == ["key-deleted"]
    alice.begins_with(bob.device)
    settle(alice, bob)
    alice.says(*"ghi")
    bob.take([bodies(alice)[-1] | {"seq": 30}])
    # Those of the session before go first.
    assert [len(one.state.skipped) for one in bob.level.record.threads] in ([1, 2], [2])
    assert bob.level.record.skipped() <= 3


def test_what_comes_a_week_late_is_refused():
    alice, bob = met()
    bob.device.platform.date = 1_795_000_000
    alice.says("late", "too late", "in time")
    late, too_late, in_time = bodies(alice)
    bob.take([in_time | {"seq": 10}])
    bob.device.platform.date += SKIPPED_AGE - 1
    bob.take([late | {"seq": 11}])
    bob.device.platform.date += 1
    bob.take([too_late | {"seq": 12}])
    assert bob.theirs() == ["in time", "late"] and bob.refused == ["key-deleted"]


def test_beyond_the_window_a_message_is_refused_and_the_conversation_goes_on():
    alice, bob = met()
    alice.says(*["lost"] * (MAX_SKIP + 1), "far")
    far = bodies(alice)[-1]
    bob.take([far])
    assert bob.refused == ["too-far-ahead"] and bob.shown == []
    bob.at = bob.level.record.read = len(bob.relay.entries)
    bob.says("I read nothing")
    alice.reads()
    alice.says("and now?")
    bob.reads()
    assert bob.theirs() == ["and now?"]


def test_what_was_changed_or_sent_back_opens_for_nobody():
    alice, bob = met()
    alice.says("text")
    [entry] = bodies(alice)
    changed = entry["body"][:-9] + ("A" if entry["body"][-9] != "A" else "B") + entry["body"][-8:]
    bob.take([entry | {"seq": 10, "body": changed}])
    assert bob.refused == ["does-not-open"]
    alice.reads()
    alice.take([entry | {"seq": 11}])
    assert alice.refused == ["does-not-open"] and alice.own() == ["text"]
    bob.take([entry | {"seq": 12}])
    assert bob.theirs() == ["text"]


# ------------------------------------------------------------------------------------------ a thief


def test_a_thief_opens_what_comes_in_the_chain_that_was_read_and_nothing_after_a_round_trip():
    alice, bob = met()
    alice.says("before", "the last")
    settle(alice, bob)
    bob.says("not kept")
    settle(alice, bob)
    stolen = thief_of(bob)
    alice.says("after", "and after")
    settle(alice, bob)
    bob.says("answer")
    settle(alice, bob)
    alice.says("healed")
    settle(alice, bob)
    assert opened_by(stolen, bodies(alice)) == ["not kept", "after", "and after"]


def test_a_thief_has_what_was_read_last_and_the_keys_of_what_was_skipped():
    alice, bob = met()
    alice.says("skipped", "read")
    skipped, read = bodies(alice)
    bob.take([read])
    stolen = thief_of(bob)
    assert opened_by(stolen, [skipped, read]) == ["read", "skipped"]
    bob.level.record.read = bob.at = 0
    bob.take([skipped | {"seq": 20}])
    bob.take([read | {"seq": 21}])
    assert opened_by(thief_of(bob), [skipped, read]) == []
