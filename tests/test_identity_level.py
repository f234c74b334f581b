"""Level identity: sessions that open a room, add and remove, write while the list changes, and come back."""

import pytest

from identity_room import START, Device, Page, pass_time, settle, world
from protocol.errors import Problem
from protocol.identity_envelope import Member, read_members
from protocol.levels.changes import Add, Remove
from reference import run

DAY = 86_400


def members(*names):
    """A room whose first one has added all others."""
    room = world(*names)
    for page in room.pages[1:]:
        room.pages[0].adds(page)
        settle(*room.pages)
    return room


def say(room, page, text):
    page.says(text)
    settle(*room.pages)


def last_codes(room):
    return [page.codes() for page in room.pages]


# Who is in


def test_who_comes_first_opens_the_room_and_is_its_admin():
    room = world("Alice")
    [alice] = room.pages
    assert alice.listed() == [("Alice", True)]
    [notice] = alice.notices()
    assert notice.startswith("You opened this room. Invite the others")
    say(room, alice, "hello")
    assert alice.texts() == [("Alice", "hello")]
    assert alice.rows("message")[0]["state"] == "relayed"


def test_of_two_who_come_at_once_one_opens_and_the_other_is_at_the_door():
    room = world()
    alice, bob = [Page(room.relay, Device(room.clock, name)) for name in ("Alice", "Bob")]
    settle(alice, bob)
    assert alice.listed() == bob.listed() == [("Alice", True)]
    assert "not a member" in bob.show.line


def test_who_is_not_a_member_reads_nothing_and_cannot_write():
    room = world("Alice", "Bob")
    alice, bob = room.pages
    say(room, alice, "hello")
    assert bob.texts() == [] and bob.codes() == ["not-for-you"]
    assert "not a member" in bob.show.line
    with pytest.raises(Problem) as problem:
        bob.says("let me in")
    assert problem.value.code == "may-not-write"


def test_who_is_added_reads_from_then_on_and_writes():
    room = world("Alice", "Bob")
    alice, bob = room.pages
    say(room, alice, "before")
    alice.adds(bob)
    settle(*room.pages)
    say(room, bob, "here")
    say(room, alice, "good")
    assert alice.texts() == [("Alice", "before"), ("Bob", "here"), ("Alice", "good")]
    assert bob.texts() == [("Bob", "here"), ("Alice", "good")] and bob.codes() == ["not-for-you"]
    assert bob.show.line == "" and "You added “Bob”." in alice.notices()


def test_what_was_said_before_opens_in_its_place_once_a_member_shares_it():
    room = world("Alice", "Bob")
    alice, bob = room.pages
    for text in ("one", "two"):
        say(room, alice, text)
    alice.adds(bob)
    settle(*room.pages)
    say(room, bob, "three")
    alice.level.steward.to_share.append(bob.device.ours.public)
    run(alice.session.duties.pursue())
    settle(*room.pages)
    assert bob.texts() == [("Alice", "one"), ("Alice", "two"), ("Bob", "three")] and bob.codes() == []
    assert [row["warnings"] for row in bob.rows("message")] == [[], [], []]


def test_who_is_removed_reads_and_writes_nothing_more():
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    say(room, bob, "still here")
    alice.removes(bob)
    settle(*room.pages)
    say(room, carol, "without him")
    assert ("Carol", "without him") in alice.texts() and ("Carol", "without him") not in bob.texts()
    assert "not a member of this room any more" in bob.show.line
    with pytest.raises(Problem):
        bob.says("hello?")


def room_of_one_who_wrote_too_late():
    """Bob was removed by Alice while he was cut off, and had written by then."""
    room = members("Alice", "Bob")
    alice, bob = room.pages
    bob.drop()
    bob.says("too late")
    alice.removes(bob)
    settle(alice)
    bob.reconnect()
    settle(*room.pages)
    return room, alice, bob


def test_what_a_removed_member_had_written_but_not_sent_reads_failed():
    _, _, bob = room_of_one_who_wrote_too_late()
    [row] = bob.rows("message")
    assert (row["text"], row["state"]) == ("too late", "failed") and "not a member" in row["warnings"][0]


def test_a_text_that_failed_says_so_again_when_it_is_tried_again_and_goes_out_once_that_is_possible():
    room, alice, bob = room_of_one_who_wrote_too_late()
    for _ in range(2):
        [row] = bob.rows("message")
        assert (row["text"], row["state"]) == ("too late", "failed") and "not a member" in row["warnings"][0]
        bob.retries(row["id"])
    alice.adds(bob)
    settle(*room.pages)
    [row] = bob.rows("message")
    bob.retries(row["id"])
    settle(*room.pages)
    assert alice.texts() == bob.texts() == [("Bob", "too late")] and bob.rows("message")[0]["state"] == "relayed"


def test_a_text_that_is_tried_again_begins_the_epoch_that_it_needs():
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    bob.drop()
    bob.says("too late")
    alice.removes(bob)
    settle(alice, carol)
    bob.reconnect()
    settle(*room.pages)
    alice.adds(bob)
    settle(*room.pages)
    carol.removes(carol)
    settle(*room.pages)
    assert bob.level.membership.roster.current is None
    bob.retries(bob.rows("message")[0]["id"])
    settle(*room.pages)
    assert alice.texts() == [("Bob", "too late")]


def test_a_member_leaves_for_good_and_the_next_one_who_writes_begins_an_epoch():
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    bob.removes(bob)
    settle(*room.pages)
    roster = carol.level.membership.roster
    assert roster.current is None and [name for name, _ in carol.listed()] == ["Alice", "Carol"]
    say(room, carol, "he left")
    assert carol.level.membership.roster.current.number == roster.epoch + 1
    assert alice.texts()[-1] == ("Carol", "he left") and ("Carol", "he left") not in bob.texts()
    assert "“Bob” left the room for good." in alice.notices()


def test_the_last_admin_cannot_leave_before_naming_another():
    room = members("Alice", "Bob")
    alice, bob = room.pages
    with pytest.raises(Problem) as problem:
        alice.removes(alice)
    assert problem.value.code == "no-admin"
    alice.names_admin(bob)
    settle(*room.pages)
    alice.removes(alice)
    settle(*room.pages)
    assert bob.listed() == [("Bob", True)]


def test_a_member_who_is_no_admin_changes_nothing():
    room = members("Alice", "Bob", "Carol")
    with pytest.raises(Problem) as problem:
        room.pages[1].removes(room.pages[2])
    assert problem.value.code == "not-an-admin"


def test_two_admins_who_change_the_list_at_once_both_get_what_they_wanted():
    room = members("Alice", "Bob")
    alice, bob = room.pages
    alice.names_admin(bob)
    settle(*room.pages)
    for name in ("Carol", "Dave"):
        room.pages.append(Page(room.relay, Device(room.clock, name)))
    settle(*room.pages)
    carol, dave = room.pages[2:]
    alice.adds(carol)
    bob.adds(dave)
    settle(*room.pages)
    pass_time(room, 1)
    assert [name for name, _ in dave.listed()] == ["Alice", "Bob", "Carol", "Dave"]
    say(room, dave, "both")
    assert all(page.texts()[-1] == ("Dave", "both") for page in room.pages)


@pytest.mark.parametrize("steps", range(6))
def test_a_change_that_is_wanted_while_another_is_being_read_follows_it(steps):
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    alice.names_admin(bob)
    settle(*room.pages)
    bob.device.platform.pauses = True
    alice.names_admin(carol)
    bob.deliver()
    for _ in range(steps):
        bob.go_on()
    bob.removes(carol)
    for _ in range(10):  # first what was wanted last: it knows the list that it found
        bob.go_on(1)
    settle(*room.pages)
    pass_time(room, 1)
    assert alice.listed() == bob.listed() == [("Alice", True), ("Bob", True)]
    assert last_codes(room) == [[], [], []]


@pytest.mark.parametrize("steps", range(6))
def test_a_text_that_is_written_while_a_change_is_being_read_stands_once(steps):
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    bob.device.platform.pauses = True
    alice.removes(carol)
    bob.deliver()
    for _ in range(steps):
        bob.go_on()
    bob.says("meanwhile")
    for _ in range(10):
        bob.go_on(1)
    settle(*room.pages)
    assert alice.texts() == bob.texts() == [("Bob", "meanwhile")] and carol.texts() == []


def test_a_wish_of_an_admin_who_is_none_any_more_is_dropped():
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    alice.names_admin(bob)
    settle(*room.pages)
    bob.drop()
    bob.wishes(Remove(carol.device.ours.public))
    one = alice.level.membership.roster.list
    demoted = [Member(member.identity, member.name, member.name == "Alice") for member in one.members]
    control = run(alice.level.steward.change(demoted))
    room.relay.take(control.kind, control.body, "x", "Alice")
    settle(*room.pages)
    entries = len(room.relay.entries)
    bob.reconnect()
    settle(*room.pages)
    pass_time(room, 60)
    assert len(room.relay.entries) == entries and len(bob.listed()) == 3


def test_a_name_that_another_key_has_in_the_list_cannot_be_added():
    room = members("Alice", "Bob")
    with pytest.raises(Problem) as problem:
        room.pages[0].wishes(Add(Device(room.clock, "x").ours.public, "Bob"))
    assert problem.value.code == "name-in-list"


# Epochs


def test_a_text_under_way_over_a_change_is_sealed_again_and_stands_once():
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    bob.says("first")  # sealed in the old epoch, and in the log before the change
    alice.removes(carol)  # reaches the relay first
    bob.says("second")  # sealed before Bob has read the change, and after it in the log
    settle(*room.pages)
    assert [text for _, text in alice.texts()] == ["first", "second"]
    assert [text for _, text in bob.texts()] == ["first", "second"]
    assert alice.codes() == ["old-epoch"] and bob.codes() == []
    assert {row["state"] for row in bob.rows("message")} == {"relayed"}
    assert all(row["warnings"] == [] for row in alice.rows("message"))


def test_what_is_sealed_again_overtakes_nothing_that_was_sealed_before_it():
    """Else others read that a message is missing."""
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    alice.removes(carol)
    bob.says("one")  # after the change in the log
    take, room.relay.take = (
        room.relay.take,
        lambda *_: bob.put({"type": "error", "code": "too-fast", "message": "Wait."}),
    )
    bob.says("two")
    room.relay.take = take
    bob.inbox.insert(0, bob.inbox.pop() | {"id": bob.session.writing.outbox.items[-1].id})
    settle(*room.pages)
    pass_time(room, 1)
    assert sorted(alice.texts()) == [("Bob", "one"), ("Bob", "two")] and bob.texts() == alice.texts()
    assert [row["warnings"] for row in alice.rows("message")] == [[], []]


def test_a_text_that_is_being_sealed_when_its_writer_is_removed_is_no_gap_later():
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    say(room, bob, "here")
    bob.device.platform.pauses = True
    bob.says("too late")
    alice.removes(bob)
    settle(alice, carol)
    while bob.inbox or bob.reading:  # all this while the text is being sealed
        bob.go_on(0) if bob.reading else bob.deliver(1)
    bob.device.platform.pauses = False
    settle(*room.pages)
    assert [row["state"] for row in bob.rows("message")] == ["relayed", "failed"]
    alice.adds(bob)
    settle(*room.pages)
    say(room, bob, "here again")
    assert [(row["text"], row["warnings"]) for row in alice.rows("message")] == [("here", []), ("here again", [])]


def test_an_epoch_is_over_after_a_thousand_messages_and_whoever_writes_next_begins_one(monkeypatch):
    monkeypatch.setattr("protocol.levels.epochs.MESSAGES", 3)
    room = members("Alice", "Bob")
    alice, bob = room.pages
    before = bob.level.membership.roster.epoch
    for text in "abc":
        say(room, alice, text)
    assert bob.level.membership.roster.epoch == before
    say(room, bob, "d")
    assert alice.level.membership.roster.epoch == before + 1 and alice.texts()[-1] == ("Bob", "d")


def test_an_epoch_is_over_after_a_day():
    room = members("Alice", "Bob")
    bob = room.pages[1]
    before = bob.level.membership.roster.epoch
    room.pages[0].crash()
    room.pages.pop(0)
    pass_time(room, DAY)
    assert bob.level.membership.roster.epoch == before  # nobody has anything to say
    say(room, bob, "good morning")
    assert bob.level.membership.roster.epoch == before + 1 and bob.texts() == [("Bob", "good morning")]


def test_an_admins_page_confirms_the_list_once_a_day():
    room = members("Alice", "Bob")
    _alice, bob = room.pages
    number = bob.level.membership.roster.list.number
    pass_time(room, DAY + 60)
    roster = bob.level.membership.roster
    assert roster.list.number == number + 1 and roster.list.time == START + DAY + 60
    assert "“Alice” confirmed the list of members." in bob.notices()


def test_a_list_that_nobody_confirms_for_two_days_is_said_to_be_old():
    room = members("Alice", "Bob")
    room.pages.pop(0).crash()
    [bob] = room.pages
    pass_time(room, 2 * DAY)
    assert bob.show.since == ""
    pass_time(room, 60)
    assert bob.show.since.startswith("Membership not confirmed since 2027-01-15 08:00 UTC.")


def test_a_page_that_gets_a_wrong_key_says_who_made_it_and_begins_another_epoch(monkeypatch):
    room = members("Alice", "Bob")
    alice, bob = room.pages

    async def other_key(platform, ours, room, state):
        from protocol.identity_errors import BadWrap

        raise BadWrap()

    with monkeypatch.context() as patch:
        patch.setattr("protocol.levels.epochs.unwrap", other_key)
        epoch = run(alice.level.steward.epoch())
        room.relay.take(epoch.kind, epoch.body, "x", "Alice")
        bob.deliver()
    alice.deliver()
    assert any("gave this page a wrong one" in text and "“Alice”" in text for text in bob.notices())
    pass_time(room, 60)
    assert bob.level.membership.roster.current.wrapper == bob.device.ours.public
    say(room, alice, "again")
    assert bob.texts() == [("Alice", "again")]


def test_a_list_that_is_buried_under_one_that_does_not_count_is_put_on_top_again():
    room = members("Alice", "Bob")
    alice, bob = room.pages
    room.relay.take("members", "identity-members-1.AAAA", "x", "Mallory")
    settle(*room.pages)
    pass_time(room, 60)
    pass_time(room, 60)
    room.relay.oldest = len(room.relay.entries)  # the relay keeps the newest of its kind, and nothing else
    assert room.relay.entries[-1]["body"] != "identity-members-1.AAAA"
    bob.crash()
    room.pages[1] = again = Page(room.relay, bob.device)
    settle(*room.pages)
    say(room, again, "still here")
    assert alice.texts() == [("Bob", "still here")]


# Coming back


def test_a_page_that_was_loaded_anew_reads_everything_it_could_read_before():
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    say(room, alice, "one")
    alice.removes(carol)
    settle(*room.pages)
    say(room, bob, "two")
    bob.crash()
    room.pages[1] = again = Page(room.relay, bob.device)
    settle(*room.pages)
    assert again.texts() == [("Alice", "one"), ("Bob", "two")] and again.rows("message")[1]["own"]
    say(room, again, "three")
    assert alice.texts()[-1] == ("Bob", "three")


def test_a_page_that_was_cut_off_sends_what_was_written_meanwhile_in_the_epoch_it_finds():
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    bob.drop()
    bob.says("written offline")
    alice.removes(carol)
    settle(alice, carol)
    bob.reconnect()
    settle(*room.pages)
    assert alice.texts() == bob.texts() == [("Bob", "written offline")]
    assert alice.codes() == []


def test_a_relay_that_shows_an_older_list_than_this_device_has_seen_is_found_out():
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    length = len(room.relay.entries)
    alice.removes(carol)
    settle(*room.pages)
    bob.crash()
    del room.relay.entries[length:]  # the removal is hidden
    room.pages[1] = again = Page(room.relay, bob.device)
    settle(again)
    assert "withholds changes" in again.show.line
    with pytest.raises(Problem):
        again.says("to the removed one too")


def test_a_device_that_kept_nothing_believes_the_same_older_list():
    """The control of the test above: it is what the device has kept that finds it out."""
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    length = len(room.relay.entries)
    alice.removes(carol)
    settle(*room.pages)
    bob.crash()
    del room.relay.entries[length:]
    bob.device.state = None
    again = Page(room.relay, bob.device)
    settle(again)
    assert again.show.line == "" and len(again.listed()) == 3


def test_a_list_that_takes_another_turn_than_the_one_this_device_has_seen_is_refused():
    room = members("Alice", "Bob", "Carol")
    alice, bob, carol = room.pages
    length = len(room.relay.entries)
    alice.removes(carol)
    settle(*room.pages)
    bob.crash()
    seen_by_bob = room.relay.entries[length:]
    del room.relay.entries[length:]
    # Alice's own device signs another change in the same place: a second branch.
    alice.crash()
    alice.device.state = None
    fork = Page(room.relay, alice.device)
    settle(fork)
    fork.names_admin(carol)
    settle(fork)
    assert seen_by_bob
    again = Page(room.relay, bob.device)
    settle(again)
    assert "forked-list" in again.codes()


def test_a_room_whose_old_entries_are_gone_goes_on_for_a_device_that_knew_an_admin():
    room = members("Alice", "Bob")
    alice, bob = room.pages
    bob.crash()
    room.pages.pop()
    pass_time(room, DAY + 60)
    pass_time(room, DAY + 60)
    room.relay.oldest = len(room.relay.entries)
    again = Page(room.relay, bob.device)
    room.pages.append(again)
    settle(*room.pages)
    say(room, again, "still a member")
    assert alice.texts() == [("Bob", "still a member")]


def test_a_room_that_the_relay_lost_is_opened_again_by_who_was_an_admin_of_it():
    room = members("Alice", "Bob")
    alice, bob = room.pages
    for page in room.pages:
        page.drop()
    room.relay.entries, room.relay.name = [], "L2"
    room.clock.now += 1
    bob.reconnect()
    settle(bob)
    assert bob.listed() == [] and bob.show.line != ""
    alice.reconnect()
    settle(*room.pages)
    assert alice.listed() == bob.listed() == [("Alice", True), ("Bob", False)]
    say(room, bob, "here again")
    assert alice.texts() == [("Bob", "here again")]


def test_a_text_that_was_under_way_when_the_relay_lost_the_room_is_sent_in_the_new_one():
    room = members("Alice", "Bob")
    alice, bob = room.pages
    bob.says("under way")  # the relay has it, and nobody has read it
    for page in room.pages:
        page.drop()
    room.relay.entries, room.relay.name = [], "L2"
    room.clock.now += 1
    alice.reconnect()
    settle(alice)
    bob.reconnect()
    settle(*room.pages)
    assert alice.texts() == bob.texts() == [("Bob", "under way")] and bob.codes() == []


def test_former_keys_are_shared_though_the_connection_broke_before_their_entry_was_there():
    room = world("Alice", "Bob")
    alice, bob = room.pages
    say(room, alice, "before")
    alice.adds(bob)
    settle(*room.pages)
    alice.lost = True  # what is sent now is lost on the way
    alice.shares_with(bob)
    alice.drop()
    alice.reconnect()
    settle(*room.pages)
    assert bob.texts() == [("Alice", "before")]
    assert len([entry for entry in room.relay.entries if entry["kind"] == "history"]) == 1


# Trust


def test_a_key_is_new_at_first_and_the_same_as_before_for_a_device_that_comes_back():
    room = members("Alice", "Bob")
    alice, bob = room.pages
    say(room, alice, "hello")
    assert bob.rows("message")[0]["trust"] == "encrypted"
    for pin in bob.device.trust.pins.values():
        pin.earlier = True
    say(room, alice, "hello")
    bob.device.trust.verify(alice.device.ours.public)
    say(room, alice, "hello")
    assert [row["trust"] for row in bob.rows("message")] == ["encrypted", "same-key", "verified"]
    assert alice.rows("message")[0]["trust"] == ""


def test_another_key_under_a_known_name_is_a_notice_and_not_verified_any_more():
    room = members("Alice", "Bob")
    alice, bob = room.pages
    alice.device.trust.verify(bob.device.ours.public)
    alice.removes(bob)
    settle(*room.pages)
    bob.crash()
    room.pages[1] = other = Page(room.relay, Device(room.clock, "Bob"))
    settle(*room.pages)
    alice.adds(other)
    settle(*room.pages)
    assert any("“Bob” has another key than before" in text for text in alice.notices())
    say(room, other, "it is me")
    assert alice.rows("message")[-1]["trust"] == "encrypted"
    assert alice.device.trust.pin_of("Bob").former_verified


def test_who_was_invited_by_the_opener_is_told_of_no_unproven_list_and_others_are():
    room = world("Alice")
    [alice] = room.pages
    invited = Page(room.relay, Device(room.clock, "Bob", inviter=alice.device.ours.public))
    other = Page(room.relay, Device(room.clock, "Carol"))
    settle(alice, invited, other)
    assert not any("Nothing proves" in text for text in invited.notices())
    assert any("Nothing proves" in text for text in other.notices())


def test_who_was_invited_does_not_open_an_empty_room_in_the_place_of_the_inviter():
    room = world()
    device = Device(room.clock, "Bob", inviter=Device(room.clock, "Alice").ours.public)
    bob = Page(room.relay, device)
    settle(bob)
    assert bob.listed() == [] and "Nobody has opened this room" in bob.show.line


def test_the_list_and_its_first_epoch_are_one_entry():
    room = world("Alice")
    [entry] = room.relay.entries
    read = read_members(room.pages[0].device.platform, entry["body"])
    assert (entry["kind"], read.list.number, read.epoch.number) == ("members", 0, 1)
