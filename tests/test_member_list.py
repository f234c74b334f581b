"""The list of members of a room that has one: what it says of each, what can be pressed, and that what stays as it is
loses no press and no focus."""

import pytest
from playwright.sync_api import expect

from test_chat_page import fits, tab_to

KEY = "identity/kitchen"
HOSTILE = '<b onclick="x()">\u202eBob</b>'


def member(name, **more):
    made = {"id": "id-" + name, "name": name, "tag": "4KVE", "color": 3, "admin": False, "you": False, "present": True,
            "trust": "encrypted", "changed": False}  # fmt: skip
    return made | more


ALICE = member("Alice", you=True, admin=True)
BOB, CAROL = member("Bob", trust="same-key"), member("Carol", present=False, trust="verified")


def shows(mounted, *members, waiting=(), admin=True, two=False):
    facts = {"members": members, "waiting": waiting, "admin": admin, "two": two}
    mounted.room("people", facts)


@pytest.fixture
def room(mount):
    mounted = mount(viewport={"width": 1280, "height": 800})
    mounted.opens_a_room()
    return mounted


def entries(mounted):
    return mounted.page.get_by_role("list", name="Members").locator("summary")


def entry(mounted, name):
    return entries(mounted).filter(has_text=name)


def acts(mounted, name):
    """The buttons of a member's entry, opened, by what is read out."""
    entry(mounted, name).click()
    buttons = mounted.page.locator(f'[data-id="id-{name}"]').get_by_role("button").all()
    return [
        button.get_attribute("aria-label") for button in buttons if button.evaluate("one => one.tagName") == "BUTTON"
    ]


def test_each_member_is_shown_with_all_that_is_known_of_it_in_words(room):
    changed = member("Dave", changed=True, admin=True)
    shows(room, ALICE, BOB, CAROL, changed)
    expect(entries(room)).to_have_count(4)
    words = [" ".join(text.split()) for text in entries(room).all_inner_texts()]
    assert words == [
        "Alice 4KVE you admin here",
        "Bob 4KVE here same key as before",
        "Carol 4KVE not here verified in person",
        "Dave 4KVE admin here encrypted key changed",
    ]
    expect(room.page.get_by_text("Members 4")).to_be_visible()
    shows(room, ALICE, member("Bob", trust="verified", admin=True, present=False))
    words = [" ".join(text.split()) for text in entries(room).all_inner_texts()]
    assert words == ["Alice 4KVE you admin here", "Bob 4KVE admin not here verified in person"]


def test_who_is_no_admin_can_compare_and_leave_and_nothing_else(room):
    shows(room, member("Alice", you=True), member("Bob", admin=True), waiting=["Dave"], admin=False)
    assert acts(room, "Alice") == ["Compare with Alice"]
    assert acts(room, "Bob") == ["Compare with Bob"]
    expect(room.page.get_by_role("list", name="At the door")).to_contain_text("Dave")
    expect(room.page.get_by_role("list", name="At the door").get_by_role("button")).to_have_count(0)
    expect(room.field("Add by name")).to_be_hidden()
    room.button("Compare with Bob").click()
    room.button("Compare the room's number").click()
    room.button("Leave the room for good").click()
    room.calls(["compare", KEY, "id-Bob"], ["compare", KEY, ""], ["resign", KEY])


def test_an_admin_can_do_more_with_others_and_not_with_itself(room):
    shows(room, ALICE, BOB, member("Carol", admin=True))
    assert acts(room, "Alice") == ["Compare with Alice"]
    more = ["Share earlier messages with {}", "Look for a new key of {}", "Remove {}"]
    assert acts(room, "Bob") == [one.format("Bob") for one in ["Compare with {}", "Make admin: {}", *more]]
    assert acts(room, "Carol") == [one.format("Carol") for one in ["Compare with {}", *more]]
    room.button("Make admin: Bob").click()
    room.button("Share earlier messages with Bob").click()
    room.button("Look for a new key of Bob").click()
    room.button("Remove Bob").click()
    room.calls(*[[name, KEY, "id-Bob"] for name in ("make_admin", "share", "renew", "remove")])


def test_who_is_not_in_the_list_any_more_cannot_leave_it(room):
    shows(room, BOB, admin=False)
    expect(room.button("Leave the room for good")).to_be_hidden()


def test_who_is_at_the_door_is_let_in_by_an_admin_and_there_are_never_too_many_to_see(room):
    shows(room, ALICE, waiting=["Dave", "Dave", "Eve"])
    door = room.page.get_by_role("list", name="At the door")
    expect(door.locator("bdi")).to_have_text(["Dave", "Eve"])
    expect(room.page.get_by_text("2 at the door")).to_be_visible()
    room.button("Add to the room: Dave").click()
    room.calls(["add", KEY, "Dave"])
    shows(room, ALICE, member("Dave"), waiting=[f"name {number}" for number in range(500)])
    expect(door.locator("bdi")).to_have_count(20)
    expect(room.page.get_by_text("And 480 more.")).to_be_visible()
    shows(room, ALICE, member("Dave"))
    expect(door).to_be_hidden()
    expect(room.page.locator(".at-the-door")).to_be_hidden()


def test_a_name_is_added_as_it_was_typed_and_stays_with_what_is_wrong_until_it_is_right(room):
    shows(room, ALICE)
    field = room.field("Add by name")
    field.press("Enter")
    room.answers("add", "No device is known under this name.")
    field.fill(" Dave ")
    field.press("Enter")
    room.calls(["add", KEY, " Dave "])
    alert = room.page.get_by_role("alert").filter(has_text="No device is known")
    expect(alert).to_be_visible()
    expect(field).to_have_value(" Dave ")
    room.answers("add", "")
    room.button("Add").click()
    room.calls(["add", KEY, " Dave "])
    expect(alert).to_have_count(0)
    expect(field).to_have_value("")


def test_a_second_press_while_the_first_is_under_way_does_nothing(room):
    shows(room, ALICE, BOB)
    entry(room, "Bob").click()
    room.holds()
    for _ in range(2):
        room.button("Remove Bob").click()
    room.field("Add by name").fill("Dave")
    for _ in range(2):
        room.button("Add").click()
    room.releases()
    room.calls(["remove", KEY, "id-Bob"], ["add", KEY, "Dave"])
    expect(room.field("Add by name")).to_have_value("")
    room.button("Remove Bob").click()
    room.calls(["remove", KEY, "id-Bob"])


def test_a_press_and_the_focus_are_kept_while_others_come_and_go_and_change(room):
    shows(room, ALICE, CAROL)
    entry(room, "Carol").click()
    button = room.button("Remove Carol")
    button.focus()
    button.hover()
    room.page.mouse.down()
    shows(room, ALICE, BOB, CAROL)
    shows(room, ALICE, BOB, member("Carol", present=True, trust="encrypted"), waiting=["Dave"])
    shows(room, ALICE, member("Carol", present=True, trust="encrypted"))
    expect(button).to_be_focused()
    room.page.mouse.up()  # the button stood lower for a moment, and stands where it was pressed again
    room.calls(["remove", KEY, "id-Carol"])
    shows(room, BOB, member("Carol", present=True), ALICE)
    expect(button).to_be_focused()


def test_the_focus_goes_on_to_the_entry_when_what_was_pressed_is_done_and_to_the_list_when_the_entry_is_gone(room):
    shows(room, ALICE, BOB)
    entry(room, "Bob").click()
    room.button("Make admin: Bob").press("Enter")
    room.calls(["make_admin", KEY, "id-Bob"])
    shows(room, ALICE, member("Bob", admin=True))
    expect(entry(room, "Bob")).to_be_focused()
    room.button("Remove Bob").press("Enter")
    shows(room, ALICE)
    expect(room.page.locator(".people > summary")).to_be_focused()


def test_what_is_typed_and_opened_stays_while_the_list_changes(room):
    shows(room, ALICE, BOB)
    entry(room, "Bob").click()
    room.field("Add by name").fill("Da")
    shows(room, ALICE, member("Anna"), BOB)
    expect(room.field("Add by name")).to_have_value("Da")
    expect(room.field("Add by name")).to_be_focused()
    expect(room.button("Remove Bob")).to_be_visible()


def test_it_is_used_by_keyboard_alone(room):
    shows(room, ALICE, BOB)
    tab_to(room, entry(room, "Bob"))
    room.page.keyboard.press("Enter")
    tab_to(room, room.button("Remove Bob"))
    room.page.keyboard.press("Space")
    room.calls(["remove", KEY, "id-Bob"])


def test_names_are_text_whatever_they_hold(room):
    shows(room, ALICE, member(HOSTILE, id="id-x"), waiting=[HOSTILE])
    expect(entry(room, HOSTILE)).to_have_count(1)
    room.button(f"Add to the room: {HOSTILE}").click()
    room.calls(["add", KEY, HOSTILE])


def test_on_a_narrow_screen_it_is_closed_at_first_says_how_many_wait_and_fits(mount):
    mounted = mount(viewport={"width": 320, "height": 560})
    mounted.opens_a_room()
    shows(mounted, ALICE, member("W" * 64, changed=True, admin=True), waiting=["W" * 64, "Eve"])
    expect(mounted.page.get_by_role("list", name="Members")).to_have_count(0)
    expect(mounted.page.get_by_text("2 at the door")).to_be_visible()
    fits(mounted)
    mounted.page.get_by_text("Members 2").click()
    entry(mounted, "WWW").click()
    fits(mounted)
    expect(mounted.page.get_by_role("textbox", name="Message")).to_be_in_viewport(ratio=0.99)


def test_the_room_of_another_level_goes_on_to_show_who_is_present(room):
    room.room("us", "0", "4KVE", 3)
    room.room("members", [{"name": "Alice", "count": 1, "you": True, "alike": False}])
    expect(room.page.get_by_role("list", name="Members").locator("bdi")).to_have_text(["Alice"])
    shows(room, ALICE, BOB)
    room.room("members", [{"name": "Eve", "count": 1, "you": False, "alike": False}])
    expect(room.page.get_by_role("list", name="Members").locator("bdi")).to_have_text(["Alice", "Bob"])


# Rooms of two


def test_in_a_room_of_two_whoever_is_here_or_named_is_talked_to(room):
    shows(room, waiting=["Bob", "Carol"], admin=False, two=True)
    here = room.page.get_by_role("list", name="Here")
    expect(here.locator("bdi")).to_have_text(["Bob", "Carol"])
    expect(room.page.get_by_text("2 here")).to_be_visible()
    room.button("Talk to: Carol").click()
    room.page.get_by_label("Talk to, by name").fill("Dave")
    room.button("Begin").click()
    room.calls(["add", KEY, "Carol"], ["add", KEY, "Dave"])


def test_once_there_are_two_nothing_of_a_list_is_offered_and_another_can_still_be_named(room):
    shows(room, ALICE | {"admin": False}, BOB, admin=False, two=True)
    for name in ("Leave the room for good", "Compare the room's number", "Remove Bob", "Make admin: Bob"):
        expect(room.button(name)).to_be_hidden()
    entry(room, "Bob").click()
    expect(room.button("Compare with Bob")).to_be_visible()
    expect(room.page.get_by_label("Talk to, by name")).to_be_visible()
    expect(room.page.locator(".door")).to_be_hidden()


def test_on_a_narrow_screen_it_is_open_until_somebody_is_chosen(mount):
    mounted = mount(viewport={"width": 390, "height": 780})
    mounted.opens_a_room()
    shows(mounted, waiting=["Bob"], admin=False, two=True)
    expect(mounted.button("Talk to: Bob")).to_be_visible()
    shows(mounted, ALICE, BOB, admin=False, two=True)
    expect(mounted.page.get_by_label("Talk to, by name")).to_be_hidden()
