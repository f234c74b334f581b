"""Rooms of two at level Ratchet: people in browsers, over the real relay."""

import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

from member import Device
from protocol.levels.ratchet import LOST, NOBODY, OTHER_KEY, THIRD
from relay_client import RelayClient
from reveal import reveals, stored

NO_PREKEYS = (
    "“Bob” has left no keys on this relay to begin a conversation with. They join at level Ratchet once under this "
    "name, then try again."
)
# Deletes the record of the room, as a file that takes a device along does not hold it.
FORGET = """async () => {
  const result = (request) => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = failed;
  });
  const database = await result(indexedDB.open("secure-chat"));
  const records = database.transaction("keys", "readwrite").objectStore("keys");
  const keys = await result(records.getAllKeys());
  await Promise.all(keys.filter((key) => key.includes(".room.")).map((key) => result(records.delete(key))));
  database.close();
}"""

# Both at the same moment of the one clock that two browsers of a machine have.
PRESS_AT = """moment => {
  const button = [...document.querySelectorAll(".adding button")].find((one) => one.checkVisibility());
  setTimeout(() => button.click(), moment - Date.now());
}"""

# How many messages are kept on the device.
KEPT = """async () => {
  const result = (request) => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = failed;
  });
  const database = await result(indexedDB.open("secure-chat"));
  const keys = await result(database.transaction("history").objectStore("history").getAllKeys());
  database.close();
  return keys.filter((key) => /[0-9a-f]{16}$/.test(key)).length;
}"""


@pytest.fixture
def two(device):
    """Alice and Bob, who have met in the room."""
    alice, bob = device("Alice").meets(), device("Bob").meets()
    alice.talks_to("Bob")
    for each in (alice, bob):
        each.sees_state("")
    return alice, bob


def test_one_begins_and_both_talk(device):
    alice, bob = device("Alice").meets(), device("Bob").meets()
    alice.talks_to("Bob")
    alice.sees_notice("You began this conversation with “Bob”.")
    bob.sees_notice("“Alice” began this conversation with you.")
    alice.says("hello")
    bob.sees("hello", by="Alice")
    bob.says("hello yourself")
    alice.sees("hello yourself", by="Bob")
    for each in (alice, bob):
        each.sees_talk("Alice: hello", "Bob: hello yourself")
        each.sees_listed("Alice", "Bob")
        expect(each.field("Talk to, by name")).to_be_visible()
        expect(each.button("Leave the room for good")).to_be_hidden()


def test_a_conversation_begins_with_somebody_who_is_away(device):
    bob = device("Bob").meets("elsewhere")
    alice = device("Alice").meets()
    alice.until(lambda: begins(alice, "Bob"), "Bob has left prekeys")
    alice.says("are you there?")
    alice.sees("are you there?", state="relayed")
    bob.page.reload()
    bob.meets(state="")
    bob.sees("are you there?", by="Alice")
    bob.says("now I am")
    alice.sees("now I am", by="Bob")


def codes(person: Device) -> list[str]:
    return [row.code for row in person.rows() if row.kind == "refusal"]


def begins(person: Device, name: str) -> bool:
    """Tries to; whoever has come to the relay only now may not have left prekeys yet."""
    if person.button("Close").is_visible():
        person.button("Close").click()
    person.names(name)
    alert = person.page.get_by_role("alert").filter(has_text="try again")
    notice = person.page.get_by_role("log", name="Messages").get_by_text("You began")
    alert.or_(notice).first.wait_for()
    return notice.is_visible()


def test_both_begin_at_once_and_nothing_is_lost(device):
    alice, bob = device("Alice").meets(), device("Bob").meets()
    for each, other in ((alice, "Bob"), (bob, "Alice")):
        each.field("Talk to, by name").fill(other)
    moment = alice.page.evaluate("Date.now()") + 1_000
    for each in (alice, bob):
        each.page.evaluate(PRESS_AT, moment)
    for each in (alice, bob):
        each.sees_state("")
        each.says(f"{each.name} was first")
    for each in (alice, bob):
        each.sees("Alice was first", by="Alice")
        each.sees("Bob was first", by="Bob")
        assert codes(each) == []


def test_a_third_is_refused_with_a_sentence_and_keeps_what_was_typed(two, device):
    alice, bob = two
    carol = device("Carol").meets(state=THIRD)
    carol.says("let me in")
    expect(carol.message_field).to_have_value("let me in")
    carol.sees_state(THIRD)
    alice.says("without her")
    bob.sees("without her", by="Alice")
    carol.sees_refusal("not-yours")


def test_after_a_reload_the_conversation_goes_on_from_what_was_read_last(two):
    alice, bob = two
    for text in ("one", "two"):
        alice.says(text)
        bob.sees(text, by="Alice")
    bob.reloads()
    alice.says("three")
    bob.meets(state="")
    bob.sees_talk("Alice: two", "Alice: three")
    bob.says("four")
    alice.sees_talk("Alice: one", "Alice: two", "Alice: three", "Bob: four")


def test_a_device_without_the_keys_says_so_and_a_new_beginning_mends_it(two):
    alice, bob = two
    alice.says("before")
    bob.sees("before")
    bob.reloads()
    bob.page.evaluate(FORGET)
    bob.meets(state=LOST)
    alice.says("too early")
    bob.until(
        lambda: [row.code for row in bob.rows() if row.kind == "refusal"].count("no-keys") == 2, "two are refused"
    )
    bob.button("Begin anew").click()
    bob.answers("Begin anew")
    bob.sees_state("")
    alice.sees_notice("“Bob” began the conversation with you anew: with new keys.")
    alice.says("after")
    bob.sees_talk("Alice: after")


def test_a_browser_that_was_cleared_has_another_key_and_another_name_takes_its_place(two, device):
    alice, bob = two
    alice.says("before")
    bob.sees("before")
    cleared = device("Bob").meets(state=OTHER_KEY)
    cleared.sees_alert("belongs to another key than yours")
    robert = device("Robert").meets(state=THIRD)
    alice.names("Robert")
    alice.answers("Begin with Robert")
    alice.sees_notice("You began the conversation with “Robert” anew: with new keys.")
    robert.sees_state("")
    alice.says("is it you?")
    robert.sees_talk("Alice: is it you?")
    bob.sees_state(THIRD)


def test_a_session_can_be_begun_anew_in_the_open(two):
    alice, bob = two
    alice.says("old keys")
    bob.sees("old keys")
    alice.button("Begin anew").click()
    alice.answers("Begin anew")
    alice.sees_notice("You began the conversation with “Bob” anew: with new keys.")
    bob.sees_notice("“Alice” began the conversation with you anew: with new keys.")
    bob.says("new keys")
    alice.sees_talk("Alice: old keys", "Bob: new keys")


def test_nobody_talks_to_themselves_or_to_a_name_that_nobody_has(device):
    alice = device("Alice").meets()
    alice.names("Alice")
    expect(alice.page.get_by_text("That is your own name.")).to_be_visible()
    alice.names("Nobody")
    alice.sees_alert("The directory of this relay knows no “Nobody”.")
    alice.sees_state(NOBODY)


def test_who_was_never_at_this_level_cannot_be_begun_with_and_that_is_said(device):
    device("Bob").joins("elsewhere")
    alice = device("Alice").meets()
    alice.until(lambda: said_of_bob(alice) == NO_PREKEYS, "Bob is known, and has left no prekeys")


def said_of_bob(person: Device) -> str:
    """What comes of trying to talk to him; his key may not be in the directory yet."""
    if person.button("Close").is_visible():
        person.button("Close").click()
    person.names("Bob")
    alert = person.page.get_by_role("alert").filter(has_text="try again")
    alert.wait_for()
    return alert.locator("p").inner_text()


def test_who_is_invited_by_a_link_is_talked_to(device):
    alice = device("Alice").meets()
    bob = device("Bob").opens(alice.invites(), "den", NOBODY)
    alice.talks_to("Bob")
    bob.sees_state("")
    bob.says("your link worked")
    alice.sees("your link worked", by="Bob")


def test_both_see_one_safety_number_and_who_was_verified_stays_so(two):
    alice, bob = two
    numbers = {each.compares_with(other).number() for each, other in ((alice, "Bob"), (bob, "Alice"))}
    assert len(numbers) == 1
    for each in (alice, bob):
        each.closes_the_panel()
    alice.verifies("Bob")
    bob.says("it is me")
    alice.trusts("it is me", "verified in person")


def test_the_relay_reads_neither_the_words_nor_the_keys(two, server):
    alice, bob = two
    words = "meet me by the crooked lighthouse at noon"
    alice.says(words)
    bob.sees(words, by="Alice")
    assert not reveals(stored(server.options["data"]), words)


def test_a_second_tab_under_the_same_name_says_so(two):
    alice, bob = two
    second = Device("Bob", bob.context, bob.url).opens_the_page()
    second.field("Your name").fill("Bob")
    second.field("Room").fill("den")
    second.field("Level").select_option("Ratchet")
    second.button("Join").click()
    expect(second.page.get_by_text("Another tab of this browser is here under this name")).to_be_visible()
    again = Device("Bob", second.context, bob.url).takes_over(bob, "den", "Ratchet")
    alice.says("in one tab at a time")
    again.sees("in one tab at a time", by="Alice")


def test_a_page_leaves_a_hundred_prekeys_and_a_beginning_takes_one(device, server):
    bob = device("Bob").meets()
    with RelayClient(server.websocket_url) as client:
        bob.until(lambda: counted(client, "Bob") == (1, 100), "a hundred prekeys are left")
        alice = device("Alice").meets()
        alice.talks_to("Bob")
        bob.sees_state("")
        assert counted(client, "Bob") == (1, 99)
        for _ in range(50):
            client.send({"type": "take-prekeys", "name": "Bob"})
            client.receive("prekeys-taken")
        # The name gave twenty at once and then one a minute, and prekeys without one besides.
        left = counted(client, "Bob")[1]
        assert 79 <= left <= 81


def test_a_page_that_comes_again_fills_up_what_was_taken(device, server):
    bob = device("Bob").meets()
    with RelayClient(server.websocket_url) as client:
        bob.until(lambda: counted(client, "Bob") == (1, 100), "a hundred prekeys are left")
    server.stop()
    with closing(sqlite3.connect(server.options["data"])) as log, log:
        log.execute("delete from one_time where rowid in (select rowid from one_time limit 51)")
    server.restart()
    bob.reloads()
    bob.meets()
    with RelayClient(server.websocket_url) as client:
        bob.until(lambda: counted(client, "Bob") == (2, 100), "there are a hundred again")


def counted(client: RelayClient, name: str) -> tuple[int, int]:
    """(number of the last upload, one-time prekeys that are left)."""
    client.send({"type": "count-prekeys", "name": name})
    answer = client.receive("prekeys-counted")
    return answer["number"], answer["left"]


def test_a_device_that_keeps_messages_shows_them_though_their_keys_are_gone(two):
    alice, bob = two
    bob.leaves()
    bob.keeps_messages("a lock for my keys")
    bob.meets(state="")
    for text in ("one", "two", "three"):
        alice.says(text)
        bob.sees(text, by="Alice")
    bob.until(lambda: bob.page.evaluate(KEPT) == 3, "the messages are stored")
    bob.reloads()
    bob.unlocks("a lock for my keys")
    bob.meets(state="")
    bob.sees_talk("Alice: one", "Alice: two", "Alice: three")
    bob.sees_notice("Kept on this device. The keys of these are deleted.")
    alice.says("four")
    bob.sees_talk("Alice: one", "Alice: two", "Alice: three", "Alice: four")
