"""The form that joins a room, by itself: what a level asks for, and what an invitation fills in."""

import re

from playwright.sync_api import expect

from test_chat_page import fits

LONG = "You are invited by the device whose digits are " + " ".join(["12345"] * 12) + "."
PASSPHRASE = "copper kettle 47"


def test_a_level_of_devices_asks_for_no_passphrase_and_none_is_passed_on(mounted):
    mounted.field("Your name").fill("Alice")
    mounted.field("Room").fill("kitchen")
    mounted.field("Passphrase").fill(PASSPHRASE)
    mounted.page.evaluate("self.done()")
    mounted.field("Level").select_option("Identity")
    expect(mounted.field("Passphrase")).to_be_hidden()
    expect(mounted.button("Show passphrase")).to_be_hidden()
    expect(mounted.page.get_by_text("This device has keys of its own.")).to_be_visible()
    mounted.field("Room").press("Enter")
    mounted.calls(["changed", "Alice", "kitchen", ""], ["join", "Alice", "kitchen", "", "identity"])
    mounted.field("Level").select_option("Passphrase")
    expect(mounted.field("Passphrase")).to_have_value(PASSPHRASE)
    mounted.button("Join").click()
    mounted.calls(["changed", "Alice", "kitchen", PASSPHRASE], ["join", "Alice", "kitchen", PASSPHRASE, "passphrase"])


def test_an_invitation_fills_the_form_says_who_invites_and_leaves_the_name_to_be_typed(mounted):
    mounted.view("invited", "identity", "kitchen", LONG)
    mounted.calls(["changed", "", "kitchen", ""])
    expect(mounted.page.get_by_role("status", name="Invitation")).to_have_text(LONG)
    expect(mounted.field("Room")).to_have_value("kitchen")
    expect(mounted.field("Level")).to_have_value("identity")
    expect(mounted.field("Passphrase")).to_be_hidden()
    expect(mounted.field("Your name")).to_be_focused()
    mounted.page.keyboard.type("Al")
    mounted.page.keyboard.press("Enter")
    mounted.calls(
        ["changed", "A", "kitchen", ""], ["changed", "Al", "kitchen", ""], ["join", "Al", "kitchen", "", "identity"]
    )
    expect(mounted.page.get_by_role("status", name="Invitation")).to_have_text(LONG)


def test_an_invitation_may_bring_the_passphrase_and_the_next_one_takes_it_away(mounted):
    mounted.view("invited", "passphrase", "kitchen", "Bob invites you.", PASSPHRASE)
    mounted.calls(["changed", "", "kitchen", PASSPHRASE])
    expect(mounted.field("Passphrase")).to_have_value(PASSPHRASE)
    expect(mounted.field("Passphrase")).to_have_attribute("type", "password")
    mounted.view("invited", "passphrase", "garden", "Bob invites you.")
    mounted.calls(["changed", "", "garden", ""])
    expect(mounted.field("Passphrase")).to_have_value("")


def test_an_invitation_is_one_to_its_room_and_level_only_and_is_over_once_a_room_is_joined(mounted):
    note = mounted.page.locator("#join-invitation")
    for change in (
        lambda: mounted.field("Room").press_sequentially("x"),
        lambda: mounted.field("Level").select_option("Identity"),
        mounted.opens_a_room,
    ):
        mounted.view("invited", "passphrase", "kitchen", "Bob invites you.")
        mounted.field("Your name").fill("Alice")
        expect(note).to_have_text("Bob invites you.")
        change()
        expect(note).to_be_empty()


def test_an_invitation_that_comes_while_a_room_is_shown_leads_to_the_form(mounted):
    mounted.field("Your name").fill("Alice")
    mounted.opens_a_room()
    expect(mounted.field("Room")).to_be_hidden()
    mounted.view("invited", "identity", "garden", "Bob invites you.")
    expect(mounted.field("Room")).to_have_value("garden")
    expect(mounted.field("Your name")).to_be_focused()


def test_a_link_that_holds_no_invitation_is_said_and_the_next_good_one_clears_that(mounted):
    mounted.view("no_invitation", "This link is incomplete.")
    alert = mounted.page.get_by_role("alert").filter(has_text="This link is incomplete.")
    expect(alert).to_be_visible()
    mounted.field("Your name").fill("Alice")
    expect(alert).to_be_visible()
    mounted.view("invited", "identity", "kitchen", "Bob invites you.")
    expect(alert).to_have_count(0)


def test_what_an_invitation_says_is_text_and_fits_into_320_pixels(mount):
    mounted = mount(viewport={"width": 320, "height": 560})
    hostile = "<img src=x onerror=alert(1)> " + "W" * 200
    mounted.view("invited", "identity", "<b>kitchen</b>", hostile)
    expect(mounted.page.get_by_role("status", name="Invitation")).to_have_text(re.compile("<img src=x.*W{200}"))
    expect(mounted.field("Room")).to_have_value("<b>kitchen</b>")
    fits(mounted)
