"""Rooms without a passphrase: people with devices of their own, in browsers, over the real relay."""

import pytest
from playwright.sync_api import expect

from identity_member import IdentityMember
from member import NO_MORE, NOT_YET
from person import PASSPHRASE
from reveal import reveals, stored

# ------------------------------------------------------------------------------------------ who is in


def test_who_is_invited_waits_at_the_door_and_talks_once_let_in(device):
    alice = device("Alice").joins("den")
    alice.says("before")
    alice.sees("before", state="relayed")
    bob = device("Bob").opens(alice.invites(), "den")
    assert bob.page.url.endswith("/")
    bob.sees_refusal("not-for-you")
    alice.lets_in(bob)
    bob.says("hello")
    alice.sees("hello", by="Bob")
    alice.says("hello yourself")
    bob.sees("hello yourself", by="Alice")
    bob.sees_talk("Bob: hello", "Alice: hello yourself")
    alice.sees_talk("Alice: before", "Bob: hello", "Alice: hello yourself")
    alice.sees_listed("Alice", "Bob")


def test_who_is_not_a_member_sends_nothing_and_keeps_what_was_typed(device):
    device("Alice").joins("den")
    bob = device("Bob").joins("den", state=NOT_YET)
    bob.says("let me in")
    bob.sees_state(NOT_YET)
    expect(bob.message_field).to_have_value("let me in")


def test_what_was_said_before_is_read_once_an_admin_shares_it(device):
    alice = device("Alice").joins("den")
    for text in ("one", "two"):
        alice.says(text)
    alice.sees("two", state="relayed")
    bob = device("Bob").opens(alice.invites(), "den")
    alice.lets_in(bob)
    alice.does("Share earlier messages with Bob", "Bob")
    bob.sees_talk("Alice: one", "Alice: two")


def test_who_is_removed_reads_nothing_more_and_is_told(den):
    alice, bob, carol = den
    bob.says("still here")
    carol.sees("still here")
    alice.removes("Bob")
    bob.sees_state(NO_MORE)
    carol.says("without him")
    alice.sees("without him", by="Carol")
    bob.sees_refusal("not-for-you")
    carol.sees_notice("“Alice” removed “Bob”.")


def test_who_leaves_for_good_is_gone_and_the_others_talk_on_without_an_admin_there(den):
    alice, bob, carol = den
    alice.page.close()
    bob.button("Leave the room for good").click()
    bob.page.get_by_role("alert").get_by_role("button", name="Leave").click()
    bob.sees_state(NO_MORE)
    carol.sees_listed("Alice", "Carol")
    carol.says("he left")
    carol.sees("he left", state="relayed")


@pytest.fixture
def two_ways(start_server, usual_port, wire):
    """A server that is reached at its own address, and at that of the wire."""
    return start_server(port=usual_port, origin=[wire.url])


def test_what_is_written_while_cut_off_is_sealed_for_who_is_in_when_it_is_sent(two_ways, device, wire):
    alice = device("Alice", two_ways.url).joins("den")
    others = [device("Bob", wire.url).joins("den", state=NOT_YET), device("Carol", two_ways.url)]
    bob, carol = others[0], others[1].joins("den", state=NOT_YET)
    alice.lets_in(bob, carol)
    wire.cut()
    bob.sees_connection("offline")
    bob.says("written alone")
    alice.removes("Carol")
    carol.sees_state(NO_MORE)
    wire.mend()
    alice.sees("written alone", by="Bob")
    bob.sees("written alone", state="relayed")
    carol.sees_refusal("not-for-you")


def test_who_loads_the_page_anew_is_the_same_device_and_its_key_is_the_same_as_before(den):
    alice, bob, _ = den
    alice.says("first")
    bob.trusts("first", "encrypted")
    bob.reloads()
    bob.joins("den")
    alice.says("second")
    bob.trusts("second", "same key as before")
    bob.sees("first", by="Alice")


def test_a_program_that_was_written_from_the_specification_is_a_member_like_the_others(device, server):
    alice = device("Alice").joins("den")
    bob = device("Bob").opens(alice.invites(), "den")
    alice.lets_in(bob)
    with IdentityMember(server.websocket_url, "den", "Peer") as peer:
        peer.publish()
        peer.join()
        alice.button("Add to the room: Peer").click()
        alice.sees_listed("Alice", "Bob", "Peer")
        peer.read_until(lambda: "Peer" in peer.names())
        peer.says("written by hand")
        for each in (alice, bob):
            each.sees("written by hand", by="Peer")
        bob.says("read by eye")
        peer.sees("Bob", "read by eye")
        alice.removes("Peer")
        bob.sees_listed("Alice", "Bob")
        bob.says("not for programs")
        alice.sees("not for programs", by="Bob")
        peer.read_until(lambda: "not-for-you" in peer.codes() or ("Bob", "not for programs") in peer.texts())
        assert ("Bob", "not for programs") not in peer.texts()


def test_the_relay_reads_neither_the_words_nor_the_keys(device, server):
    words = "meet me by the crooked lighthouse at noon"
    alice = device("Alice").joins("den")
    bob = device("Bob").opens(alice.invites(), "den")
    alice.lets_in(bob)
    bob.says(words)
    alice.sees(words, by="Bob")
    assert not reveals(stored(server.options["data"]), words)


# ------------------------------------------------------------------------------------------ trust


def test_both_sides_see_one_number_and_what_was_compared_in_person_is_said_so_from_then_on(den):
    alice, bob, carol = den
    bob.says("is it you?")
    alice.trusts("is it you?", "encrypted")
    number = alice.compares_with("Bob").number()
    assert len(number) == 60 and bob.compares_with("Alice").number() == number
    bob.closes_the_panel()
    assert bob.compares_with("Carol").number() != number
    bob.closes_the_panel()
    alice.page.get_by_label("Paste the number you got").fill(number)
    alice.button("Compare").click()
    expect(alice.page.get_by_role("status", name="Compared")).to_contain_text("same")
    alice.closes_the_panel()
    alice.verifies("Bob")
    bob.says("it is me")
    alice.trusts("it is me", "verified in person")
    alice.trusts("is it you?", "encrypted")
    carol.trusts("it is me", "encrypted")


def test_all_members_see_one_number_of_the_room(den):
    numbers = set()
    for each in den:
        each.button("Compare the room's number").click()
        expect(each.number_panel).to_be_visible()
        numbers.add(each.number())
        each.closes_the_panel()
    assert len(numbers) == 1


def test_a_name_that_another_device_has_is_said_to_be_taken(device):
    device("Alice").joins("den")
    other = device("Alice").joins("elsewhere")
    other.sees_alert("belongs to another key")


def test_a_new_key_is_taken_over_with_a_notice_and_one_that_was_verified_is_asked_about_once(den):
    alice, bob, _ = den
    alice.verifies("Bob")
    bob.leaves()
    panel = bob.opens_settings()
    panel.get_by_role("button", name="New key", exact=True).click()
    panel.get_by_role("button", name="Make a new key").click()
    expect(panel.get_by_role("status", name="Done")).to_have_text("There is a new key.")
    bob.closes_the_panel()
    bob.joins("den", state=OTHER_KEY)
    alice.does("Look for a new key of Bob", "Bob")
    alice.sees_alert("their old key has signed that")
    alice.button("Put it into the list").click()
    alice.sees_notice("“Bob” has another key than before.")
    bob.sees_state("")
    bob.says("from my new device")
    alice.trusts("from my new device", "encrypted")
    alice.says("is that so?")
    alice.sees_alert("You had verified the key of “Bob” in person")
    expect(alice.message_field).to_have_value("is that so?")
    alice.button("Send all the same").click()
    bob.sees("is that so?", by="Alice")
    alice.says("and once more")
    bob.sees("and once more", by="Alice")


OTHER_KEY = (
    "Another key has your name in this room's list of members. If you have made a new key here, ask an admin to look "
    "for it. If your old one is lost, leave, and join under another name."
)

# ------------------------------------------------------------------------------------------ tabs, invites


def test_a_second_tab_under_the_same_name_says_so_and_another_name_is_another_device(device):
    alice = device("Alice").joins("den")
    second = type(alice)("Alice", alice.context, alice.url).opens_the_page()
    second.field("Your name").fill("Alice")
    second.field("Room").fill("den")
    second.field("Level").select_option("Identity")
    second.button("Join").click()
    expect(second.page.get_by_text("Another tab of this browser is here under this name")).to_be_visible()
    second.name = "Bob"
    second.joins("den", state=NOT_YET)
    alice.lets_in(second)
    second.says("in two tabs")
    alice.sees("in two tabs", by="Bob")
    third = type(alice)("Alice", second.context, alice.url).takes_over(alice, "den")
    third.sees("in two tabs", by="Bob")


def test_a_link_without_its_second_half_is_said_to_be_incomplete(device, server):
    alice = device("Alice")
    alice.page.goto(server.url + "/?invited")
    expect(alice.page.get_by_text("This link is incomplete")).to_be_visible()
    assert alice.page.url.endswith("/")


def test_a_link_to_a_room_with_a_passphrase_holds_it_only_if_that_is_typed_for_it(alice, person):
    alice.joins("kitchen")
    alice.button("Invite").click()
    assert "copper" not in alice.field("Link").input_value()
    alice.page.get_by_label("Put the passphrase into the link").check()
    alice.page.get_by_label("Passphrase of this room").fill(PASSPHRASE)
    expect(alice.field("Link")).to_have_value(f"{alice.url}/?invited#passphrase/kitchen/copper%20kettle%2047")
    bob = person("Bob")
    bob.page.goto(alice.field("Link").input_value())
    expect(bob.field("Passphrase")).to_have_value(PASSPHRASE)
    bob.field("Your name").fill("Bob")
    bob.button("Join").click()
    bob.is_in("kitchen")
    alice.closes_the_panel()
    bob.says("came by the link")
    alice.sees("came by the link", by="Bob")


# ------------------------------------------------------------------------------------------ this device


def test_a_locked_device_leaves_its_rooms_and_enters_none_until_it_is_unlocked(device):
    alice = device("Alice").joins("den")
    alice.chooses_passphrase("a lock for my keys")
    panel = alice.opens_settings()
    panel.get_by_role("button", name="Lock now").click()
    expect(panel.locator('[data-act="unlock"]').get_by_label("Passphrase of this device")).to_be_visible()
    alice.closes_the_panel()
    alice.reloads()
    alice.field("Your name").fill("Alice")
    alice.field("Room").fill("den")
    alice.field("Level").select_option("Identity")
    alice.button("Join").click()
    expect(alice.page.get_by_text("The keys on this device are locked.")).to_be_visible()
    form = alice.opens_settings().locator('[data-act="unlock"]')
    form.get_by_label("Passphrase of this device").fill("a wrong one")
    form.get_by_role("button", name="Unlock").click()
    expect(form.get_by_role("alert")).to_contain_text("passphrase")
    alice.closes_the_panel()
    alice.unlocks("a lock for my keys")
    alice.joins("den")
    alice.sees_listed("Alice")
    alice.says("still me")
    alice.sees("still me", state="relayed")


COUNT_KEPT = """() => new Promise(done => {
  const opening = indexedDB.open('secure-chat');
  opening.onsuccess = () => {
    const counting = opening.result.transaction('history').objectStore('history').count();
    counting.onsuccess = () => { opening.result.close(); done(counting.result) };
  };
})"""
WITHHELD = (
    "The relay shows an older list of members than this device has seen: it withholds changes, or has lost them. "
    "Nothing is sent until it shows them again. Ask the others in another way."
)


def test_what_is_kept_on_this_device_is_there_when_the_relay_has_it_no_more(device, server):
    alice = device("Alice").joins("den")
    bob = device("Bob").opens(alice.invites(), "den")
    alice.lets_in(bob)
    bob.leaves()
    bob.keeps_messages("a lock for my keys")
    bob.joins("den")
    alice.says("to be kept")
    bob.sees("to be kept", by="Alice")
    bob.message_field.fill("a draft")
    bob.until(lambda: bob.page.evaluate(COUNT_KEPT) == 3, "a message, a draft and what they belong to are stored")
    alice.page.close()
    server.stop()
    for file in server.options["data"].parent.glob("log.sqlite*"):
        file.unlink()
    server.restart()
    bob.reloads()
    bob.unlocks("a lock for my keys")
    bob.joins("den", state=WITHHELD)
    row = bob.sees("to be kept", by="Alice")
    assert row.at and row.tag
    bob.sees_notice("Kept on this device. The relay no longer has these.")
    bob.trusts("to be kept", "same key as before")
    expect(bob.message_field).to_have_value("a draft")


def test_a_file_takes_the_same_device_to_another_browser(device, tmp_path):
    alice = device("Alice").joins("den")
    link = alice.invites()
    bob = device("Bob").opens(link, "den")
    alice.lets_in(bob)
    bob.chooses_passphrase("a lock for my keys")
    panel = bob.opens_settings()
    form = panel.locator('[data-act="export_file"]')
    form.get_by_label("Passphrase of this device").fill("a lock for my keys")
    with bob.page.expect_download() as saved:
        form.get_by_role("button", name="Export a file").click()
    saved.value.save_as(tmp_path / "taken.txt")
    assert not reveals((tmp_path / "taken.txt").read_bytes(), "Alice")
    bob.page.close()
    other = device("Bob").opens_the_page()
    panel = other.opens_settings()
    panel.get_by_text("Import a file").click()
    panel.locator('input[type="file"]').set_input_files(tmp_path / "taken.txt")
    form = panel.locator('[data-act="import_file"]')
    form.get_by_label("Passphrase of the file").fill("a lock for my keys")
    form.get_by_role("button", name="Import").click()
    expect(panel.get_by_role("status", name="Done")).to_have_text("Imported.")
    expect(panel.get_by_role("list", name="Your keys")).to_contain_text("Bob")
    other.closes_the_panel()
    other.joins("den")
    other.says("from another browser")
    alice.sees("from another browser", by="Bob")


def test_everything_is_erased_in_two_clicks(device):
    alice = device("Alice").joins("den")
    panel = alice.opens_settings()
    panel.get_by_role("button", name="Erase everything").click()
    panel.get_by_role("button", name="Erase everything now").click()
    expect(panel.get_by_text("Everything is erased.").first).to_be_visible()
    alice.reloads()
    alice.joins("den", state=OTHER_KEY)
