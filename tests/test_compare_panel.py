"""The panel with a number to compare: its digits, its code as another reader reads it, what is pasted, and trust."""

import io
import json

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from conftest import PATIENCE, wait_until
from fake_cdn import answer_for_the_cdn
from panels import BOB, DIGITS, MAIN, NAMES, NUMBER, RIGHT_TO_LEFT, fits

IN_LINES = "\n".join(" ".join(NUMBER[at : at + 4]) for at in (0, 4, 8))
LIBRARY = "**/runtime/qrcode.mjs"
WIDTHS = [320, 720, 1440]


def codes_in(picture: bytes) -> list:
    return zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert("RGB"))


def code(dialog):
    return dialog.get_by_role("img", name="QR code of the same digits")


def answer(dialog):
    return dialog.get_by_role("status", name="Compared")


def pastes(dialog, text: str) -> None:
    dialog.get_by_label("Paste the number you got").fill(text)
    dialog.get_by_role("button", name="Compare", exact=True).click()


# ------------------------------------------------------------------------------------------ the code


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_another_reader_reads_the_number_from_a_picture_of_the_page(open_panels, scheme):
    panels = open_panels(viewport={"width": WIDTHS[0], "height": 900}, color_scheme=scheme)
    drawn = code(panels.compares())
    for width in WIDTHS:
        panels.page.set_viewport_size({"width": width, "height": 900})
        drawn.scroll_into_view_if_needed()
        [found] = codes_in(panels.page.screenshot())
        assert (found.text, found.format) == (DIGITS, zxingcpp.BarcodeFormat.QRCode), width


def test_the_code_has_its_white_around_it_and_is_as_small_as_digits_can_be(open_panels):
    panels = open_panels(color_scheme="dark", forced_colors="active")
    drawn = code(panels.compares())
    picture = Image.open(io.BytesIO(drawn.screenshot())).convert("L")
    assert drawn.get_attribute("viewBox") == "0 0 33 33", "25 modules: with letters it would be 33, and 4 on each side"
    module = picture.width // 33
    corners = [picture.getpixel((at * module + 3, at * module + 3)) for at in (1, 2, 3, 4)]
    assert corners == [255, 255, 255, 0]
    assert set(picture.crop((6, 6, picture.width - 6, 4 * module - 1)).tobytes()) == {255}
    on_black = Image.new("RGB", (picture.width + 100, picture.height + 100))
    on_black.paste(picture, (50, 50))
    [found] = zxingcpp.read_barcodes(on_black)
    assert found.text == DIGITS


def test_the_reader_above_notices_one_changed_digit(panels):
    other = [*NUMBER[:11], "00145"]
    drawn = code(panels.compares(number=other))
    assert [found.text for found in codes_in(drawn.screenshot())] == ["".join(other)]


def test_what_draws_it_is_loaded_once_and_only_when_it_is_wanted(panels):
    loaded = lambda: [address for address in panels.asked if address.endswith("/qrcode.mjs")]  # noqa: E731 - one line
    assert loaded() == []
    for trust in ("encrypted", "verified"):
        expect(code(panels.compares(trust=trust))).to_be_visible()
    assert len(loaded()) == 1


@pytest.mark.parametrize("instead", [{"status": 404}, {"body": "throw 1", "content_type": "text/javascript"}])
def test_where_it_does_not_come_the_digits_stand_alone(open_panels, instead):
    panels = open_panels(before=lambda page: page.route(LIBRARY, lambda route: route.fulfill(**instead)))
    dialog = panels.compares()
    expect(dialog.get_by_role("group", name="Number")).to_have_text(IN_LINES)
    expect(dialog.get_by_role("img")).to_have_count(0)
    panels.context.console.clear()  # the browser's own word of it


def test_from_the_cdn_there_is_none_and_nobody_is_asked_for_it(open_panels, serve_instead, pinned_files):
    url = serve_instead(MAIN, runtime="cdn").url
    panels = open_panels(url, lambda page: answer_for_the_cdn(page, pinned_files))
    dialog = panels.compares()
    expect(dialog.get_by_role("group", name="Number")).to_have_text(IN_LINES)
    expect(dialog.get_by_role("img")).to_have_count(0)
    assert not [address for address in panels.asked if "qrcode" in address]


@pytest.mark.parametrize("number", [["1234x"], [""], ["1"] * 1_001, ["\u0661"]])
def test_the_door_takes_digits_alone_as_the_library_would_throw_where_python_cannot_catch(panels, number):
    panels.page.evaluate("facts => { showComparison(facts) }", json.dumps(BOB | {"number": number}))
    refused = lambda: any("ValueError: text: need 1" in said for said in panels.context.console)  # noqa: E731 - one line
    wait_until(lambda: panels.page.wait_for_timeout(20) or refused(), PATIENCE, "the door refuses it")
    expect(code(panels.compares())).to_be_visible()
    panels.context.console.clear()


# ------------------------------------------------------------------------------------------ whose, and how far trusted


STATES = [
    ("encrypted", "Encrypted", "nobody has compared yet", "Mark as verified in person"),
    ("same-key", "Same key as before", "knows the key from earlier", "Mark as verified in person"),
    ("verified", "Verified in person", "after a change of keys, compare again", "No longer verified"),
]


def test_each_state_is_said_in_plain_words_and_can_be_changed(panels):
    for count, (trust, state, meaning, button) in enumerate(STATES, 1):
        dialog = panels.compares(trust=trust)
        expect(dialog.get_by_role("heading")).to_have_text("Safety number")
        expect(dialog.get_by_role("group", name="Number")).to_have_text(IN_LINES)
        expect(dialog.locator(".key-who")).to_have_text("BobA3-K7you")
        expect(dialog.get_by_text("you", exact=True)).to_be_hidden()
        expect(dialog.get_by_role("status", name="Trust")).to_contain_text(state)
        expect(dialog.get_by_role("status", name="Trust")).to_contain_text(meaning)
        dialog.get_by_role("button", name=button).click()
        assert panels.called(count) == ["verified", [BOB["key"], BOB["id"], trust != "verified"]]
        panels.page.keyboard.press("Escape")


def test_once_it_is_verified_the_panel_says_so_and_the_focus_and_what_was_pasted_stay(panels):
    dialog = panels.compares()
    pastes(dialog, IN_LINES)
    panels.then(BOB | {"trust": "verified"})
    button = dialog.get_by_role("button", name="Mark as verified in person")
    button.focus()
    panels.page.keyboard.press("Enter")
    expect(dialog.get_by_role("status", name="Trust")).to_contain_text("Verified in person")
    expect(dialog.get_by_role("button", name="No longer verified")).to_be_focused()
    expect(dialog.get_by_label("Paste the number you got")).to_have_value(IN_LINES)
    expect(answer(dialog)).to_contain_text("All 60 digits are the same")


def test_a_second_press_while_the_first_is_under_way_does_nothing(panels):
    dialog = panels.compares()
    panels.holds("verified")
    for _ in range(2):
        dialog.get_by_role("button", name="Mark as verified").click()
    panels.goes_on()
    panels.called(1)
    panels.holds("")
    dialog.get_by_role("button", name="Mark as verified").click()
    panels.called(2)


def test_a_panel_that_was_closed_meanwhile_stays_closed(panels):
    dialog = panels.compares()
    panels.holds("verified")
    panels.then(BOB | {"trust": "verified"})
    dialog.get_by_role("button", name="Mark as verified").click()
    panels.called(1)
    panels.page.keyboard.press("Escape")
    expect(panels.page.get_by_role("dialog")).to_have_count(0)
    panels.goes_on()
    panels.page.evaluate("Promise.resolve()")
    expect(panels.page.get_by_role("dialog")).to_have_count(0)


def test_a_changed_key_is_said_and_is_silent_otherwise(panels):
    sentence = "The key of this name is another one since today."
    expect(panels.compares(changed=sentence).get_by_text(sentence)).to_be_visible()
    expect(panels.compares().locator(".changed")).to_be_hidden()


def test_a_room_is_compared_but_not_verified(panels):
    dialog = panels.compares(id="", name="kitchen", tag="", trust="encrypted")
    expect(dialog.get_by_role("heading")).to_have_text("Number of the room")
    expect(code(dialog)).to_be_visible()
    for missing in (dialog.get_by_role("button", name="erified"), dialog.get_by_role("status", name="Trust")):
        expect(missing).to_have_count(0)
    pastes(dialog, DIGITS)
    expect(answer(dialog)).to_contain_text("All 60 digits are the same")
    assert panels.called(1) == ["same_number", [BOB["key"], "", DIGITS]]


def test_of_ones_own_key_there_is_nothing_to_verify_or_to_paste(panels):
    dialog = panels.compares(you=True)
    expect(dialog.get_by_role("heading")).to_have_text("Your own key")
    expect(dialog.get_by_text("you", exact=True)).to_be_visible()
    expect(dialog.get_by_role("button")).to_have_text(["Close"])
    expect(dialog.get_by_role("textbox")).to_have_count(0)


# ------------------------------------------------------------------------------------------ comparing what is pasted


PASTED = [
    (DIGITS, "All 60 digits are the same", "true"),
    (f"Mine is:\n{IN_LINES}\u00a0 OK?", "All 60 digits are the same", "true"),
    (DIGITS[:-1] + "5", "These are other digits", "false"),
    (DIGITS[:-1], "fewer than 60 digits", "false"),
    (DIGITS + "1", "more than 60 digits", "false"),
    ("", "fewer than 60 digits", "false"),
]


def test_what_was_pasted_is_answered_beside_it(panels):
    for pasted, said, same in PASTED:
        dialog = panels.compares()
        expect(answer(dialog)).to_have_count(0)
        pastes(dialog, pasted)
        expect(answer(dialog)).to_contain_text(said)
        expect(answer(dialog)).to_have_attribute("data-same", same)
        expect(dialog.get_by_label("Paste the number you got")).to_have_value(pasted)
        panels.page.keyboard.press("Escape")


def test_an_answer_goes_once_it_is_about_something_else(panels):
    field = panels.compares().get_by_label("Paste the number you got")

    def answered():
        pastes(panels.dialog(), DIGITS)
        expect(answer(panels.dialog())).to_be_visible()

    answered()
    field.press("End")
    field.press("1")
    expect(answer(panels.dialog())).to_be_hidden()
    for other in ({"number": NUMBER[::-1]}, {"id": "Y2Fyb2w"}, {"key": "identity/other"}):
        panels.compares()
        answered()
        panels.compares(**other)
        expect(answer(panels.dialog())).to_be_hidden()
        expect(field).to_have_value("")
    answered_again = panels.compares()
    pastes(answered_again, DIGITS)
    panels.page.keyboard.press("Escape")
    panels.compares()
    expect(field).to_have_value("")
    expect(answer(panels.dialog())).to_be_hidden()


# ------------------------------------------------------------------------------------------ names, keys, space


def test_a_name_is_text_and_nothing_more_and_fits(open_panels):
    panels = open_panels(viewport={"width": 320, "height": 560})
    for name in NAMES:
        dialog = panels.compares(name=name, changed=f"Not {name} as before: {'W' * 80}")
        assert dialog.locator(".name").text_content() == name
        assert dialog.locator(".name *, .changed *").count() == 0
        assert fits(dialog), name


def test_a_name_that_is_written_from_right_to_left_leaves_what_stands_around_it_in_place(panels):
    order = "tag => tag.getBoundingClientRect().left - tag.previousElementSibling.getBoundingClientRect().right"
    assert panels.compares(name=RIGHT_TO_LEFT).locator(".tag").evaluate(order) > 0


@pytest.mark.long
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("facts", [{}, {"id": ""}, {"you": True}], ids=["member", "room", "own"])
def test_all_of_it_fits_and_each_line_of_digits_stays_whole(open_panels, width, facts):
    dialog = open_panels(viewport={"width": width, "height": 720}).compares(**facts)
    assert fits(dialog)
    digits = dialog.get_by_role("group", name="Number")
    assert digits.evaluate("one => one.scrollWidth <= one.clientWidth && one.textContent.split('\\n').length === 3")


def test_the_keyboard_goes_through_it_and_comes_back_to_where_it_was(panels):
    opener = panels.page.get_by_role("button", name="This device")
    opener.focus()
    dialog = panels.compares()
    order = [
        dialog.get_by_role("button", name="Close"),
        dialog.get_by_label("Paste the number you got"),
        dialog.get_by_role("button", name="Compare", exact=True),
        dialog.get_by_role("button", name="Mark as verified in person"),
    ]
    for one in order:
        expect(one).to_be_focused()
        panels.page.keyboard.press("Tab")
    panels.page.keyboard.press("Escape")
    expect(panels.page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


@pytest.mark.parametrize("which", ["comparison", "device"])
def test_a_press_that_began_inside_and_ends_beside_it_does_not_close_it_and_one_beside_it_does(panels, which):
    box = (panels.compares() if which == "comparison" else panels.device()).bounding_box()
    inside, beside = (box["x"] + 60, box["y"] + box["height"] / 2), (box["x"] - 30, box["y"] + box["height"] / 2)
    panels.drags(inside, beside)
    panels.dialog()
    panels.drags(beside, inside)
    panels.dialog()
    panels.drags(beside, beside)
    expect(panels.page.get_by_role("dialog")).to_have_count(0)
