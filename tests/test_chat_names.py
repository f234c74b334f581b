"""Names and tags that can be taken for another's: both writers are marked, and keys can be compared on request."""

import re

import pytest
from playwright.sync_api import expect

from people import WORDS, look_alike_sessions
from person import at_both_levels
from protocol.digits import session_digits
from reference import ReferencePlatform, run
from relay_client import RelayClient
from test_chat_hostile import Between
from test_chat_page import fits

SHARED = WORDS.decode()
CYRILLIC = "\u0412\u043eb"  # "Bob" to the eye


@pytest.fixture
def mallory(server):
    """Writes to the relay as no page would, and knows the passphrase."""
    with RelayClient(server.websocket_url) as client:
        yield client


def see_marks(person, **expected):
    """Each message, its text with _ for spaces, has exactly these marks in the end."""

    def same():
        found = {row.text.replace(" ", "_"): row.marks for row in person.messages()}
        return found == expected

    person.until(same, f"marks {expected}")


@at_both_levels
def test_who_loads_the_page_anew_is_marked_quietly_on_all_messages_old_and_new(alice, bob, level):
    alice.joins("kitchen", SHARED, level)
    bob.joins("kitchen", SHARED, level)
    bob.says("before")
    see_marks(alice, before="")
    bob.reloads()
    bob.joins("kitchen", SHARED, level)
    bob.says("after")
    see_marks(alice, before="same-name", after="same-name")
    row = alice.sees("after")
    assert (row.mark, row.warnings) == ("shared name", "")
    see_marks(bob, before="same-name", after="same-name")
    alice.says("hello")
    see_marks(bob, before="same-name", after="same-name", hello="")


def test_two_who_write_under_one_name_at_the_same_time_are_marked_with_a_warning(alice, bob, person):
    bob.joins("kitchen", SHARED)
    alice.joins("kitchen", SHARED)
    impostor = person("Mallory")
    bob.says("it is me")
    alice.sees("it is me")
    impostor.tries_to_join("kitchen", SHARED, name="Bob")
    impostor.says("it is me too")
    row = alice.sees("it is me too")
    assert "Two keys write as “Bob” at the same time" in row.warnings
    see_marks(alice, it_is_me="same-name same-name-now", it_is_me_too="same-name same-name-now")
    row = bob.sees("it is me too")
    assert "Another key writes under your name" in row.warnings
    see_marks(bob, it_is_me="same-name your-name", it_is_me_too="same-name your-name")


def test_a_name_in_letters_of_another_script_is_marked_among_the_members_and_beside_the_messages(alice, bob, person):
    alice.joins("kitchen", SHARED)
    bob.joins("kitchen", SHARED)
    bob.says("true")
    see_marks(alice, true="")
    mallory = person("Mallory")
    mallory.tries_to_join("kitchen", SHARED, name=CYRILLIC)
    members = alice.page.get_by_role("list", name="Members").get_by_role("listitem")
    expect(members).to_contain_text(["Alice", "looks like another", "looks like another"])
    mallory.says("false")
    see_marks(alice, true="like-name", false="like-name")
    assert "which looks like this name and is not the same" in alice.sees("false").warnings


def test_a_look_alike_of_a_tag_is_marked_on_both_and_the_digits_tell_them_apart(alice, mallory):
    bob, look_alike = look_alike_sessions("Bob", "Carol")
    mallory.join("passphrase/kitchen", "Bob")
    mallory.appended("passphrase/kitchen", run(bob.seal("true")))
    alice.joins("kitchen", SHARED)
    see_marks(alice, true="")
    mallory.appended("passphrase/kitchen", run(look_alike.seal("false")))
    see_marks(alice, true="same-tag", false="same-tag")
    row = alice.sees("false")
    assert (row.tag, row.mark) == (alice.sees("true").tag, "same tag") and f"the tag {row.tag}" in row.warnings
    panel = alice.asks_for_digits("true")
    [(name, tag, digits, own)] = panel.others
    assert (panel.name, panel.tag, name, tag, own) == ("Bob", row.tag, "Carol", row.tag, False)
    assert panel.digits != digits and f"the tag {row.tag}" in panel.marks
    for found, level in ((panel.digits, bob), (digits, look_alike)):
        assert found.split() == run(session_digits(ReferencePlatform(), "passphrase", level.public))


@at_both_levels
def test_two_people_see_the_same_digits_for_a_session_and_their_own_from_the_start(alice, bob, level):
    alice.joins("kitchen", SHARED, level)
    bob.joins("kitchen", SHARED, level)
    alice.page.get_by_role("list", name="Members").get_by_role("button").click()
    ours = alice.panel()
    assert (ours.name, ours.own, ours.others) == ("Alice", True, [])
    assert "This is your own key" in ours.text and "No message here yet" in ours.text
    alice.page.keyboard.press("Escape")
    alice.says("hello")
    bob.sees("hello")
    theirs = bob.asks_for_digits("hello")
    assert (theirs.digits, theirs.tag, theirs.name, theirs.own) == (ours.digits, ours.tag, "Alice", False)
    assert "This is your own key" not in theirs.text and "First message here" in theirs.text
    assert re.fullmatch(r"(\d{5}[ \n]){11}\d{5}", theirs.digits)
    assert ("proves little" if level == "Classic" else "the same session wrote it") in theirs.text
    bob.closes_the_panel()
    alice.sees("hello", state="relayed")
    assert alice.asks_for_digits("hello").digits == ours.digits


def test_our_tag_keeps_the_focus_while_others_come_and_go(alice, bob, person):
    alice.joins("kitchen", SHARED)
    members = alice.page.get_by_role("list", name="Members")
    tag = members.get_by_role("button")
    tag.focus()
    bob.joins("kitchen", SHARED)
    alice.sees_members("Alice", "Bob")
    person("Al").joins("kitchen", SHARED)
    alice.sees_members("Alice", "Al", "Bob")
    person("Bob").joins("kitchen", SHARED)
    expect(members).to_contain_text("2 times")
    bob.leaves()
    expect(members).not_to_contain_text("2 times")
    alice.sees_members("Alice", "Al", "Bob")
    expect(tag).to_be_focused()


def test_our_message_keeps_focus_press_and_selection_while_it_is_relayed_and_takes_its_place(alice):
    relay, held = Between(alice.page), []
    alice.joins("kitchen", SHARED)
    relay.change = held.append  # the page gets nothing
    alice.says("hello")
    alice.until(lambda: {"appended", "entries"} <= {frame["type"] for frame in held}, "the relay has it")
    tag = alice.page.get_by_role("log", name="Messages").get_by_role("button")
    tag.focus()
    alice.page.evaluate("() => getSelection().selectAllChildren(document.querySelector('.row .text'))")
    tag.hover()
    alice.page.mouse.down()
    for kind, row_id in (("appended", r"row-1-[\w-]{22}"), ("entries", "row-1-s0-1")):
        relay.give(next(frame for frame in held if frame["type"] == kind))
        alice.until(
            lambda row_id=row_id: [
                row for row in alice.messages() if row.state == "relayed" and re.fullmatch(row_id, row.id)
            ],
            f"what {kind} changes",
        )
        expect(tag).to_be_focused()
    assert alice.page.evaluate("getSelection().toString()") == "hello"
    alice.page.mouse.up()
    assert alice.panel().own


def test_our_message_keeps_the_focus_when_it_overtakes_one_that_failed_and_hands_it_to_the_log_when_refused(alice):
    relay, held = Between(alice.page), []
    alice.joins("kitchen", SHARED)
    relay.change = held.append
    for text in ("one", "two"):
        alice.says(text)
    entries = lambda: [entry for frame in held for entry in frame.get("entries", [])]  # noqa: E731 - one line
    one, two = alice.until(lambda: entries()[1:] and entries(), "the relay has both")
    room = {"room": "passphrase/kitchen"}
    relay.give({"type": "error", "code": "log-full", "message": "It is full.", "id": one["id"], **room})
    alice.sees("one", state="failed")
    tags = alice.page.get_by_role("log", name="Messages").locator(".tag")
    tags.nth(1).focus()
    relay.give({"type": "entries", "entries": [two], **room})
    alice.until(lambda: [str(row) for row in alice.messages()] == ["Alice: two", "Alice: one"], "their order")
    expect(tags.nth(0)).to_be_focused()
    tags.nth(1).focus()
    relay.give({"type": "entries", "entries": [one | {"seq": 3}], **room})
    alice.sees_refusal("replayed")
    expect(alice.page.get_by_role("log", name="Messages")).to_be_focused()


def test_the_digits_are_reached_by_keyboard_and_the_log_is_one_stop_of_the_tab_key_however_long(alice, bob):
    alice.joins("kitchen", SHARED)
    bob.joins("kitchen", SHARED)
    for text in ("one", "two", "three"):
        bob.says(text)
        alice.sees(text)
    alice.says("four")
    alice.sees("four", state="relayed")
    keyboard = alice.page.keyboard
    keyboard.press("Shift+Tab")
    expect(alice.page.get_by_role("log", name="Messages")).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("ArrowUp")
    keyboard.press("Enter")
    panel = alice.panel()
    assert (panel.name, panel.own) == ("Bob", False)
    expect(alice.button("Close")).to_be_focused()
    keyboard.press("Enter")
    expect(alice.page.get_by_role("dialog")).to_have_count(0)
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")  # there is none below
    keyboard.press("Space")
    assert alice.panel().own
    keyboard.press("Escape")
    expect(alice.page.get_by_role("dialog")).to_have_count(0)
    keyboard.press("Tab")
    expect(alice.message_field).to_be_focused()
    keyboard.press("Shift+Tab")
    keyboard.press("Shift+Tab")  # of all the tags only the one that was reached last lies between
    expect(alice.page.get_by_role("log", name="Messages")).to_be_focused()


def test_marks_and_digits_fit_into_320_pixels(person, mallory):
    long = "W" * 64
    for level in look_alike_sessions(long, long):
        mallory.join("passphrase/kitchen", long)
        mallory.appended("passphrase/kitchen", run(level.seal("hello")))
    alice = person("Alice", viewport={"width": 320, "height": 560})
    alice.joins("kitchen", SHARED)
    alice.until(lambda: [row.mark for row in alice.messages()] == ["same tag"] * 2, "two marks")
    fits(alice)
    alice.asks_for_digits("hello")
    fits(alice)
    expect(alice.button("Close")).to_be_in_viewport(ratio=0.99)
