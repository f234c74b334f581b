"""The dialog with the link that invites: it is copied, and holds the passphrase only if that is typed for it."""

import pytest
from playwright.sync_api import expect

from conftest import PATIENCE, wait_until
from test_chat_page import fits, tab_to

LINK = "https://chat.example/?invited#passphrase/kitchen"
SENTENCE = "Who opens this link needs only a name and the passphrase."
DEVICE = "https://chat.example/?invited#identity/kitchen/A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"


def opens(mounted, link=LINK, secret="passphrase", sentence=SENTENCE):
    facts = {"key": "passphrase/kitchen", "level": {"secret": secret}, "link": link, "sentence": sentence}
    mounted.view("show_invite", facts)
    expect(mounted.page.get_by_role("dialog", name="Invite")).to_be_visible()


def copying(mounted):
    return mounted.page.locator("#invite-state")


def test_a_link_is_shown_and_copied_and_the_page_says_so(mounted):
    opens(mounted, DEVICE, "device")
    expect(mounted.field("Link")).to_have_value(DEVICE)
    expect(mounted.page.get_by_text(SENTENCE)).to_be_visible()
    expect(mounted.field("Put the passphrase into the link")).to_be_hidden()
    mounted.answers("copy", True)
    mounted.button("Copy the link").click()
    mounted.calls(["copy", DEVICE])
    expect(copying(mounted)).to_have_text("Copied.")


def test_a_link_that_the_browser_does_not_copy_is_selected_to_be_copied_by_hand(mounted):
    opens(mounted)
    mounted.answers("copy", False)
    mounted.button("Copy the link").click()
    expect(copying(mounted)).to_contain_text("copy it by hand")
    expect(mounted.field("Link")).to_be_focused()
    selected = "link => link.value.slice(link.selectionStart, link.selectionEnd)"
    assert mounted.field("Link").evaluate(selected) == LINK


def test_the_passphrase_stands_in_the_link_only_if_chosen_and_typed_and_a_warning_stands_beside(mounted):
    opens(mounted)
    choice, warning = mounted.field("Put the passphrase into the link"), mounted.page.get_by_text("can read the room")
    expect(choice).not_to_be_checked()
    expect(warning).to_be_hidden()
    choice.check()
    expect(warning).to_be_visible()
    expect(mounted.field("Passphrase of this room")).to_be_focused()
    expect(mounted.field("Link")).to_have_value("")
    expect(mounted.button("Copy the link")).to_be_disabled()
    mounted.calls()
    mounted.answers("link_with", [LINK + "/x", ""])
    mounted.page.keyboard.type("x")
    mounted.calls(["link_with", "passphrase/kitchen", "x"])
    expect(mounted.field("Link")).to_have_value(LINK + "/x")
    mounted.button("Copy the link").click()
    mounted.calls(["copy", LINK + "/x"])
    choice.uncheck()
    expect(mounted.field("Link")).to_have_value(LINK)
    expect(warning).to_be_hidden()
    mounted.button("Copy the link").click()
    mounted.calls(["copy", LINK])


def test_a_passphrase_that_can_be_none_is_said_and_no_link_is_copied(mounted):
    opens(mounted)
    mounted.field("Put the passphrase into the link").check()
    mounted.answers("link_with", ["", "The passphrase has 1025 bytes; at most 1024 are possible."])
    mounted.field("Passphrase of this room").fill("x" * 1025)
    expect(mounted.page.get_by_role("alert").filter(has_text="1025 bytes")).to_be_visible()
    expect(mounted.button("Copy the link")).to_be_disabled()
    mounted.answers("link_with", [LINK + "/x", ""])
    mounted.field("Passphrase of this room").fill("x")
    expect(mounted.page.get_by_role("alert").filter(has_text="1025 bytes")).to_have_count(0)
    expect(mounted.button("Copy the link")).to_be_enabled()


def test_an_answer_to_what_is_no_longer_typed_is_not_shown(mounted):
    opens(mounted)
    mounted.field("Put the passphrase into the link").check()
    mounted.answers("link_with", [LINK + "/x", ""])
    mounted.holds()
    mounted.field("Passphrase of this room").fill("x")
    mounted.field("Put the passphrase into the link").uncheck()
    mounted.releases()
    mounted.calls(["link_with", "passphrase/kitchen", "x"])
    expect(mounted.field("Link")).to_have_value(LINK)


def test_nothing_that_was_typed_or_made_of_it_stays_once_it_is_closed(mounted):
    for close in (mounted.button("Close").click, lambda: mounted.page.keyboard.press("Escape")):
        opens(mounted)
        mounted.field("Put the passphrase into the link").check()
        mounted.answers("link_with", [LINK + "/secret", ""])
        mounted.field("Passphrase of this room").fill("secret")
        expect(mounted.field("Link")).to_have_value(LINK + "/secret")
        close()
        expect(mounted.page.get_by_role("dialog")).to_have_count(0)
        values = "() => [...document.querySelectorAll('input, textarea')].map(one => one.value).join()"
        # The event that empties them comes a task after the dialog has gone.
        left = lambda: [word for word in ("secret", "kitchen") if word in mounted.page.evaluate(values)]  # noqa: B023, E731 - used here
        wait_until(lambda: not left(), PATIENCE, "the fields are emptied")  # noqa: B023 - used here


def test_it_is_used_by_keyboard_alone(mounted):
    opens(mounted)
    mounted.answers("copy", True)
    keyboard = mounted.page.keyboard
    tab_to(mounted, mounted.button("Copy the link"))
    keyboard.press("Enter")
    expect(copying(mounted)).to_have_text("Copied.")
    tab_to(mounted, mounted.field("Put the passphrase into the link"))
    keyboard.press("Space")
    expect(mounted.field("Passphrase of this room")).to_be_focused()
    keyboard.press("Escape")
    expect(mounted.page.get_by_role("dialog")).to_have_count(0)


def test_the_browser_puts_the_link_on_the_clipboard_which_the_page_cannot_read(mount, views_server):
    mounted = mount()
    mounted.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=views_server.url)
    mounted.page.bring_to_front()
    assert mounted.do("clipboard", "copy", [LINK]) is True
    mounted.field("Room").focus()
    mounted.page.keyboard.press("ControlOrMeta+V")
    expect(mounted.field("Room")).to_have_value(LINK)
    read = "() => navigator.clipboard.readText().then(() => 'read', error => error.name)"
    assert mounted.page.evaluate(read) == "NotAllowedError"


def test_where_the_browser_withholds_the_clipboard_the_page_is_told(mounted):
    mounted.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')) }")
    assert mounted.do("clipboard", "copy", [LINK]) is False


@pytest.mark.parametrize("secret", ["passphrase", "device"])
def test_it_fits_into_320_pixels_with_the_longest_link_and_what_it_says_is_text(mount, secret):
    mounted = mount(viewport={"width": 320, "height": 560})
    opens(mounted, "https://chat.example/?invited#passphrase/" + "%F0%9F%91%8B" * 300, secret, "<b>" + "W" * 200)
    expect(mounted.page.get_by_text("<b>WWW")).to_be_visible()
    if secret == "passphrase":
        mounted.field("Put the passphrase into the link").check()
    fits(mounted)
    expect(mounted.button("Close")).to_be_in_viewport(ratio=0.99)
