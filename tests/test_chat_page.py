"""The page as it is used: by keyboard alone, on a narrow screen, over https, and with a relay that keeps nothing."""

import pytest
from playwright.sync_api import expect

from person import PASSPHRASE
from relay_client import RelayClient

# ------------------------------------------------------------------------------------------ by keyboard


def tab_to(person, locator, most: int = 12) -> None:
    """Presses Tab until the element has the focus, as someone without a mouse does."""
    for _ in range(most):
        person.page.keyboard.press("Tab")
        if locator.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {locator} within {most} presses")


def test_one_can_join_talk_change_rooms_and_leave_by_keyboard_alone(alice, bob):
    bob.joins("kitchen")
    alice.opens_the_page()
    keyboard = alice.page.keyboard
    expect(alice.field("Your name")).to_be_focused()
    keyboard.type("Alice")
    keyboard.press("Tab")
    keyboard.type("kitchen")
    keyboard.press("Tab")
    keyboard.type(PASSPHRASE)
    keyboard.press("Enter")
    alice.is_in("kitchen")
    expect(alice.message_field).to_be_focused()
    keyboard.type("hello")
    keyboard.press("Enter")
    bob.sees("hello", by="Alice")
    tab_to(alice, alice.button("Join another room"))
    keyboard.press("Enter")
    expect(alice.field("Room")).to_be_focused()
    keyboard.press("ControlOrMeta+A")
    keyboard.type("garden")
    keyboard.press("Tab")
    keyboard.type(PASSPHRASE)
    keyboard.press("Tab")
    keyboard.press("Tab")
    expect(alice.field("Level")).to_be_focused()
    keyboard.press("C")  # as for any chooser: the level that begins so
    keyboard.press("Tab")
    expect(alice.button("Join")).to_be_focused()
    keyboard.press("Space")
    alice.sees_note("This page has used this passphrase at level Passphrase.")
    keyboard.press("Shift+Tab")
    expect(alice.button("Join all the same")).to_be_focused()
    keyboard.press("Enter")
    alice.is_in("garden")
    alice.sees_rooms("kitchen, Passphrase", "garden, Classic")
    tab_to(alice, alice.page.get_by_role("button", name="kitchen, Passphrase"))
    keyboard.press("Enter")
    alice.is_in("kitchen")
    tab_to(alice, alice.button("Leave"))
    keyboard.press("Space")
    alice.is_in("garden")
    bob.sees_members("Bob")


def test_the_first_stop_of_the_tab_key_skips_to_the_conversation(alice):
    alice.opens_the_page()
    expect(alice.field("Your name")).to_be_focused()
    for stop in (alice.button("This device"), None):
        alice.page.keyboard.press("Shift+Tab")
        if stop:
            expect(stop).to_be_focused()
    skip = alice.page.get_by_role("link", name="Skip to the conversation")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    alice.page.keyboard.press("Enter")
    expect(alice.page.get_by_role("main")).to_be_focused()


def test_enter_sends_and_shift_enter_makes_a_line(alice, bob):
    alice.joins("kitchen")
    bob.joins("kitchen")
    alice.message_field.press_sequentially("first line")
    alice.message_field.press("Shift+Enter")
    alice.message_field.press_sequentially("second line")
    alice.sees_talk()
    alice.message_field.press("Enter")
    bob.sees("first line\nsecond line", by="Alice")
    expect(alice.message_field).to_have_value("")


def test_the_button_sends_too_and_gives_the_field_back(alice):
    alice.joins("kitchen")
    alice.message_field.fill("hello")
    alice.button("Send").click()
    alice.sees_talk("Alice: hello")
    expect(alice.message_field).to_be_focused()


def test_the_form_stands_still_while_python_loads_and_then_is_ready_to_be_typed_in(alice):
    alice.page.goto(alice.url, wait_until="commit")
    expect(alice.page.get_by_role("heading", name="Join a room")).to_be_visible()
    expect(alice.button("Join")).to_be_enabled()
    expect(alice.field("Your name")).to_be_focused()
    expect(alice.page.get_by_text("Loading Python")).to_have_count(0)


# ------------------------------------------------------------------------------------------ on a narrow screen


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_at_320_pixels_nothing_is_cut_off_and_nothing_scrolls_sideways(person, scheme):
    alice = person("Alice " + "W" * 58, viewport={"width": 320, "height": 560}, color_scheme=scheme)
    alice.opens_the_page()
    fits(alice)
    alice.joins("kitchen")
    alice.tries_to_join("R" * 64, passphrase=" spaced ")
    fits(alice)
    alice.is_in("R" * 64)
    alice.says("x" * 300)
    alice.says("https://example.org/" + "a/" * 100)
    alice.sees("x" * 300, state="relayed")
    fits(alice)
    for element in (
        alice.button("Leave"),
        alice.button("Send"),
        alice.message_field,
        alice.button("Join another room"),
    ):
        expect(element).to_be_in_viewport(ratio=0.99)


def fits(person) -> None:
    """Nothing that is wider than the screen can be scrolled to, but the lists that are meant to be."""
    wide = person.page.evaluate(
        """() => [...document.querySelectorAll('*')].filter(element => element.clientWidth
          && element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline'
          && !element.closest('nav, .member-list') && !element.matches('input, .unseen')
          && !['hidden', 'clip'].includes(getComputedStyle(element).overflowX))
          .map(element => `${element.tagName}.${element.className}: ${element.scrollWidth} > ${element.clientWidth}`)"""
    )
    assert wide == []
    assert person.page.evaluate("document.documentElement.scrollWidth") <= 320


# ------------------------------------------------------------------------------------------ what a room says of itself


def test_a_room_says_its_level_and_what_that_means(alice):
    alice.joins("kitchen", level="Classic")
    kitchen = alice.page.get_by_role("region", name="kitchen")
    expect(kitchen.get_by_text("Level: Classic")).to_be_visible()
    expect(kitchen.get_by_text("It can put false names on them")).to_be_visible()
    alice.joins("garden")
    garden = alice.page.get_by_role("region", name="garden")
    expect(garden.get_by_text("Level: Passphrase")).to_be_visible()
    expect(garden.get_by_text("Altered, forged and repeated messages are refused")).to_be_visible()


def test_a_relay_that_writes_nothing_to_disk_says_so_and_those_present_talk(start_server, usual_port, person):
    server = start_server(port=usual_port, retention_messages=0)
    alice, bob = person("Alice", server.url), person("Bob", server.url)
    alice.joins("kitchen")
    bob.joins("kitchen")
    expect(alice.page.get_by_text("This relay writes nothing to disk")).to_be_visible()
    alice.says("off the record")
    bob.sees_talk("Alice: off the record")
    alice.sees("off the record", state="relayed")
    carol = person("Carol", server.url)
    carol.joins("kitchen")
    carol.says("what did I miss?")
    alice.sees("what did I miss?", by="Carol")
    assert "off the record" not in [row.text for row in carol.rows()]
    assert not server.data.exists()


def test_a_relay_that_keeps_a_log_says_nothing_of_the_kind(alice):
    alice.joins("kitchen")
    expect(alice.page.get_by_text("writes nothing to disk")).to_have_count(0)


def test_what_is_no_longer_kept_is_said(start_server, usual_port, person):
    server = start_server(port=usual_port, retention_messages=3)
    with RelayClient(server.websocket_url) as client:
        client.join("passphrase/kitchen")
        for i in range(70):  # retention runs once in 64
            client.appended("passphrase/kitchen", f"number {i}")
    alice = person("Alice", server.url)
    alice.joins("kitchen")
    alice.sees_notice("Earlier messages are no longer kept.")
    assert len(alice.rows()) < 20
    alice.says("hello")
    alice.sees("hello", state="relayed")


# ------------------------------------------------------------------------------------------ over https


def test_a_class_on_a_local_network_talks_over_https(start_server, person):
    server = start_server(tls_adhoc=True)
    assert server.url.startswith("https://")
    alice, bob = [person(name, server.url, locale="en-GB") for name in ("Alice", "Bob")]
    alice.joins("kitchen")
    bob.joins("kitchen")
    alice.says("hello")
    bob.says("hello yourself")
    for each in (alice, bob):
        each.sees("hello", by="Alice")
        each.sees("hello yourself", by="Bob")
