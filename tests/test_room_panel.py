"""One room by itself: how far a key was trusted beside each message, a changed key, and a list not confirmed."""

import pytest
from playwright.sync_api import expect

from protocol import rows
from test_chat_page import fits

SINCE = "Membership not confirmed since Tuesday, 09:12."
CHANGED = "Bob has another key now. Usually that is a new device. Compare the number with Bob again."


def message(id, text, trust, **more):
    made = {"name": "Bob", "tag": "4KVE", "color": 3, "writer": "3", "at": "2026-11-23T20:42:34.123Z", "trust": trust}
    return rows.row(id, "message", text, **(made | more))


@pytest.fixture
def room(mounted):
    mounted.opens_a_room()
    return mounted


def row(mounted, text):
    return mounted.page.get_by_role("log", name="Messages").get_by_role("listitem").filter(has_text=text)


def colors(locator):
    return locator.evaluate("one => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor]")


def test_each_message_says_in_words_how_far_its_key_was_trusted_when_it_came(room):
    three = [("one", "encrypted"), ("two", "same-key"), ("three", "verified")]
    room.room("rows", [message(text, text, trust) for text, trust in three] + [message("four", "four", "")])
    words = ["encrypted", "same key as before", "verified in person"]
    for (text, _), word in zip(three, words, strict=True):
        shown = row(room, text).get_by_text(word, exact=True)
        expect(shown).to_be_visible()
        assert shown.get_attribute("title").startswith("When this message came: ")
    who = [" ".join(text.split()) for text in room.page.locator(".row .who").all_inner_texts()]
    assert who == [f"Bob 4KVE {word}" for word in words] + ["Bob 4KVE"]


def test_what_was_said_of_a_message_stays_as_it_was_when_its_marks_come(room):
    room.room("rows", [message("one", "one", "encrypted"), message("two", "two", "verified")])
    room.room("mark", "3", "same-name", "shared name")
    for text, word in (("one", "encrypted"), ("two", "verified in person")):
        expect(row(room, text).get_by_text("shared name")).to_be_visible()
        expect(row(room, text).get_by_text(word, exact=True)).to_be_visible()


def test_our_own_message_says_nothing_of_trust_before_and_after_it_is_relayed(room):
    ours = {"own": True, "writer": "0"}
    room.room("pending", message("id1", "hello", "", state="sending", **ours))
    room.room("place", "id1", message("s0-1", "hello", "", state="relayed", **ours))
    expect(row(room, "hello").locator(".trusted")).to_be_hidden()


def test_a_changed_key_stands_out_from_other_notices_and_is_read_out_with_them(room):
    joined, changed = rows.notice("n1", "“Bob” joined.", "joined"), rows.notice("n2", CHANGED, "key-changed")
    room.room("rows", [joined, changed])
    expect(row(room, CHANGED)).to_be_visible()
    assert colors(row(room, CHANGED)) != colors(row(room, "joined"))
    expect(room.page.get_by_role("log", name="Messages")).to_have_attribute("aria-live", "polite")


def test_since_when_a_list_is_not_confirmed_stands_beside_the_message_field_until_it_is(room):
    line = room.page.get_by_role("status", name="Membership")
    expect(line).to_have_count(0)
    room.room("confirmed", SINCE)
    room.room("state", "Connected.", "info")
    expect(line).to_have_text(SINCE)
    expect(room.page.get_by_role("status", name="State")).to_have_text("Connected.")
    room.room("confirmed", "")
    expect(line).to_have_count(0)


def test_a_tool_of_a_room_stands_in_its_header(room):
    room.room("tools", ["Invite"])
    room.button("Invite").click()
    room.calls(["Invite"])


def test_all_of_it_is_text_and_fits_into_320_pixels(mount):
    room = mount(viewport={"width": 320, "height": 560})
    room.opens_a_room()
    hostile = "<img src=x>" + "W" * 200
    room.room("rows", [message("one", hostile, "same-key", name="W" * 64), rows.notice("n", hostile, "key-changed")])
    room.room("confirmed", hostile)
    for place in (row(room, "<img"), room.page.get_by_role("status", name="Membership")):
        expect(place.first).to_contain_text(hostile)
    fits(room)
