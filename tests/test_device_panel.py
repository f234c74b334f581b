"""The panel of this device: what it asks of its actions and when, what it says, and that it keeps no passphrase."""

import pytest
from playwright.sync_api import expect

from conftest import PATIENCE, wait_until
from panels import ALICE, DEVICE, NAMES, NUMBER, fits

WIDTHS = [320, 720, 1440]
NO = "That did not work. Try something else."
FORMS = {  # facts, what opens it, values by label, the button, the action
    "unlock": ({"locked": True}, None, {"Passphrase of this device": "p"}, "Unlock"),
    "set_passphrase": (
        {"passphrase": False},
        None,
        {"New passphrase": "n", "The same again": "a"},
        "Set passphrase",
    ),
    "change_passphrase": (
        {},
        "Change the passphrase",
        {"Passphrase until now": "o", "New passphrase": "n", "The new one again": "a"},
        "Change passphrase",
    ),
    "remove_passphrase": ({}, "Remove the passphrase", {"Passphrase until now": "o"}, "Remove passphrase"),
}


class Form:
    """One of FORMS, open in the panel."""

    def __init__(self, panels, action: str):
        facts, summary, self.values, verb = FORMS[action]
        self.dialog = panels.device(**facts)
        self.place = self.dialog.locator(f'[data-act="{action}"]')
        if summary and not self.place.is_visible():  # what was opened before stays so
            self.dialog.get_by_text(summary, exact=True).click()
        self.button = self.place.get_by_role("button", name=verb, exact=True)

    def field(self, label: str):
        return self.place.get_by_label(label, exact=True)

    def fill(self) -> None:
        for label, value in self.values.items():
            self.field(label).fill(value)

    def has(self, *values: str) -> None:
        for label, value in zip(self.values, values, strict=True):
            expect(self.field(label)).to_have_value(value)


def says_done(dialog, sentence: str) -> None:
    expect(dialog.get_by_role("status", name="Done")).to_have_text(sentence)


def act(dialog, name: str):
    return dialog.locator(f'[data-act="{name}"]')


def problem(place):
    return place.get_by_role("alert")


def headings(dialog) -> list[str]:
    return dialog.get_by_role("heading", level=3).all_text_contents()


# ------------------------------------------------------------------------------------------ passphrases


@pytest.mark.parametrize("action", FORMS)
def test_what_was_typed_is_handed_over_as_it_is_and_then_gone(panels, action):
    form = Form(panels, action)
    form.fill()
    form.button.click()
    assert panels.called(1) == [action, list(form.values.values())]
    form.has(*[""] * len(form.values))
    expect(form.dialog.get_by_role("status", name="Done")).not_to_be_empty()
    expect(problem(form.place)).to_be_hidden()


@pytest.mark.parametrize("action", FORMS)
def test_what_went_wrong_is_said_beside_it_and_what_was_typed_stays(panels, action):
    form = Form(panels, action)
    panels.answers(**{action: NO})
    form.fill()
    form.field(next(iter(form.values))).press("Enter")
    expect(problem(form.place)).to_have_text(NO)
    form.has(*form.values.values())
    expect(form.dialog.get_by_role("status", name="Done")).to_have_count(0)
    panels.answers()
    form.button.click()
    expect(problem(form.place)).to_be_hidden()


@pytest.mark.parametrize("action", FORMS)
def test_a_dialog_that_closes_keeps_no_passphrase_and_shows_none(panels, action):
    for way in ("Escape", "Close", "ground"):
        closes_without_a_passphrase(panels, action, way)


def closes_without_a_passphrase(panels, action, way):
    form = Form(panels, action)
    panels.answers(**{action: NO})
    form.fill()
    form.button.click()
    expect(problem(form.place)).to_have_text(NO)
    form.place.get_by_role("button", name="Show passphrase").click()
    for label in form.values:
        expect(form.field(label)).to_have_attribute("type", "text")
    if way == "Escape":
        panels.page.keyboard.press("Escape")
    elif way == "Close":
        form.dialog.get_by_role("button", name="Close").click()
    else:
        panels.drags((20, 400), (20, 400))
    expect(panels.page.get_by_role("dialog")).to_have_count(0)
    inputs = panels.page.locator("#device .secret")
    # The event that empties them comes a task after the dialog has gone.
    left = lambda: inputs.evaluate_all("all => all.map(one => one.value + one.type)")  # noqa: E731 - one line
    wait_until(lambda: left() == ["password"] * inputs.count(), PATIENCE, "the fields are emptied and hidden")
    facts, *_ = FORMS[action]
    panels.device(**facts)
    expect(problem(form.place)).to_be_hidden()
    panels.page.keyboard.press("Escape")


def test_show_shows_all_fields_of_the_form_and_hides_them_again(panels):
    form = Form(panels, "change_passphrase")
    form.fill()
    types = lambda: {form.field(label).get_attribute("type") for label in form.values}  # noqa: E731 - one line
    form.place.get_by_role("button", name="Show passphrase").click()
    assert types() == {"text"}
    form.place.get_by_role("button", name="Hide passphrase").click()
    assert types() == {"password"}
    form.has(*form.values.values())


def test_a_second_press_while_the_first_is_under_way_does_nothing(panels):
    form = Form(panels, "unlock")
    panels.holds("unlock")
    form.fill()
    for _ in range(2):
        form.button.click()
    expect(form.place).to_have_attribute("aria-busy", "true")
    panels.goes_on()
    form.has("")
    panels.called(1)


# ------------------------------------------------------------------------------------------ what is shown when


def test_locked_it_offers_to_unlock_or_to_erase_and_nothing_else(panels):
    dialog = panels.device(locked=True)
    assert headings(dialog) == ["Locked", "Erase"]
    expect(dialog.locator("[data-part]:visible .protects")).to_have_count(2)


def test_open_each_part_says_what_it_protects_against_and_what_not(panels):
    dialog = panels.device()
    parts = ["Your keys", "Passphrase of this device", "Messages", "To another browser", "Erase"]
    assert headings(dialog) == parts
    for part in parts:
        sentence = dialog.get_by_role("region", name=part, exact=True).locator(".protects")
        expect(sentence).to_contain_text("rotects")
        expect(sentence).to_contain_text("; not ")


def test_without_a_passphrase_one_can_be_set_and_messages_cannot_be_kept(panels):
    dialog = panels.device(passphrase=False)
    expect(dialog.get_by_role("button", name="Set passphrase")).to_be_visible()
    expect(dialog.get_by_role("button", name="Lock now")).to_be_hidden()
    box = dialog.get_by_role("checkbox", name="Keep on this device")
    expect(box).to_be_disabled()
    expect(box).to_have_accessible_description("For this, set a passphrase of this device first.")
    dialog = panels.device(passphrase=True)
    expect(dialog.get_by_role("button", name="Set passphrase")).to_be_hidden()
    expect(dialog.get_by_role("button", name="Lock now")).to_be_visible()
    expect(box).to_be_enabled()
    expect(dialog.get_by_text("For this, set a passphrase")).to_be_hidden()


def test_a_problem_of_the_store_stands_above_all_of_it(panels):
    expect(problem(panels.device(problem=NO))).to_have_text(NO)
    expect(problem(panels.device())).to_have_count(0)


def test_the_time_until_it_locks_is_shown_and_changed(panels):
    times = [(1, "After 1 minute"), (15, "After 15 minutes"), (7, "After 7 minutes")]
    for count, (minutes, chosen) in enumerate(times, 1):
        dialog = panels.device(idle=minutes)
        select = dialog.get_by_label("Lock when nothing is done here")
        assert select.evaluate("one => one.selectedOptions[0].textContent") == chosen
        select.select_option("Never")
        assert panels.called(count) == ["idle", [0]]
        says_done(dialog, "Changed.")
        panels.page.keyboard.press("Escape")
        expect(panels.page.get_by_role("dialog")).to_have_count(0)


def test_what_could_not_be_changed_shows_as_it_was_and_why(panels):
    panels.answers(idle=NO, keep_history=NO)
    dialog = panels.device()
    select, box = dialog.get_by_label("Lock when nothing"), dialog.get_by_role("checkbox")
    select.select_option("Never")
    expect(problem(act(dialog, "idle"))).to_have_text(NO)
    expect(select).to_have_value("15")
    box.click()
    expect(problem(act(dialog, "keep_history"))).to_have_text(NO)
    expect(box).not_to_be_checked()
    assert panels.called(2) == ["keep_history", [True]]


def test_messages_are_kept_and_no_longer(panels):
    dialog = panels.device()
    panels.then(DEVICE | {"history": True})
    dialog.get_by_role("checkbox").check()
    assert panels.called(1) == ["keep_history", [True]]
    says_done(dialog, "Changed.")
    expect(dialog.get_by_role("checkbox")).to_be_checked()
    panels.then(DEVICE)
    dialog.get_by_role("checkbox").uncheck()
    assert panels.called(2) == ["keep_history", [False]]


# ------------------------------------------------------------------------------------------ where the focus goes


@pytest.mark.parametrize(
    ("action", "facts", "focused"),
    [
        ("unlock", {}, "This device"),
        ("set_passphrase", {"passphrase": True}, "Passphrase of this device"),
        ("remove_passphrase", {"passphrase": False}, "Passphrase of this device"),
        ("change_passphrase", {}, None),
    ],
)
def test_when_what_had_the_focus_goes_its_heading_has_it(panels, action, facts, focused):
    form = Form(panels, action)
    panels.then(DEVICE | facts)
    form.fill()
    form.button.focus()
    panels.page.keyboard.press("Enter")
    panels.called(1)
    expect(form.dialog.get_by_role("status", name="Done")).not_to_be_empty()
    expect(form.dialog.get_by_role("heading", name=focused, exact=True) if focused else form.button).to_be_focused()


def test_once_locked_the_heading_of_the_panel_has_the_focus_and_what_was_typed_elsewhere_is_gone(panels):
    dialog = panels.device()
    panels.then(DEVICE | {"locked": True, "identities": []})
    dialog.get_by_role("button", name="Lock now").click()
    assert panels.called(1) == ["lock_now", []]
    expect(dialog.get_by_role("heading", name="This device")).to_be_focused()
    says_done(dialog, "Locked.")
    assert headings(dialog) == ["Locked", "Erase"]


def test_the_button_in_the_head_asks_for_it_and_has_the_focus_again_afterwards(panels):
    button = panels.page.get_by_role("button", name="This device")
    panels.page.evaluate("document.getElementById('this-device').focus()")
    panels.page.keyboard.press("Enter")
    assert panels.called(1) == ["open_device", []]
    panels.device()
    panels.page.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_the_button_is_not_there_until_the_panel_is_offered(mounted):
    expect(mounted.button("This device")).to_have_count(0)
    mounted.view("offer_device")
    expect(mounted.button("This device")).to_be_visible()


# ------------------------------------------------------------------------------------------ keys


def identity(dialog, number: int):
    return dialog.get_by_role("list", name="Your keys").get_by_role("listitem").nth(number)


def test_each_key_is_shown_with_its_name_and_its_digits(panels):
    dialog = panels.device()
    for number, (name, used) in enumerate([("Alice", True), ("Zoë", False)]):
        item = identity(dialog, number)
        assert item.locator(".name").text_content() == name
        expect(item.get_by_text("in use now")).to_have_count(1)
        assert item.get_by_text("in use now").is_visible() == used
        digits = item.get_by_role("group", name="Number").text_content().split()
        assert digits == (NUMBER if used else NUMBER[::-1])
        expect(item.get_by_role("button", name="Erase", exact=True)).to_have_accessible_description(name)
    expect(dialog.get_by_text("There is none yet")).to_be_hidden()
    expect(panels.device(identities=[]).get_by_text("There is none yet")).to_be_visible()


@pytest.mark.parametrize(
    ("first", "told", "second", "action"),
    [
        ("New key", "has to compare numbers with you again", "Make a new key", "new_device"),
        ("Erase", "The name stays taken at the relay", "Erase this key", "erase_identity"),
    ],
)
def test_a_key_goes_only_at_the_second_click(panels, first, told, second, action):
    item = identity(panels.device(), 1)
    item.get_by_role("button", name=first, exact=True).click()
    expect(item.get_by_text(told)).to_be_focused()
    item.get_by_role("button", name="Leave it as it is").click()
    expect(item.get_by_text(told)).to_be_hidden()
    expect(item.get_by_role("button", name=first, exact=True)).to_be_focused()
    panels.called(0)
    panels.answers(**{action: NO})
    item.get_by_role("button", name=first, exact=True).click()
    item.get_by_role("button", name=second).click()
    assert panels.called(1) == [action, ["Zoë"]]
    expect(problem(item)).to_have_text(NO)
    panels.answers()
    panels.then(DEVICE | {"identities": [ALICE]})
    item.get_by_role("button", name=second).click()
    panels.called(2)
    expect(item).to_have_count(0)
    expect(panels.dialog().get_by_role("heading", name="Your keys")).to_be_focused()


def test_everything_goes_only_at_the_second_click(panels):
    dialog = panels.device()
    panels.then(DEVICE | {"identities": [], "passphrase": False})
    erase = dialog.get_by_role("region", name="Erase")
    erase.get_by_role("button", name="Erase everything", exact=True).click()
    expect(erase.get_by_text("All your keys go for good")).to_be_focused()
    panels.called(0)
    erase.get_by_role("button", name="Erase everything now").click()
    assert panels.called(1) == ["erase_all", []]
    says_done(dialog, "Everything is erased.")
    expect(erase.get_by_text("All your keys go for good")).to_be_hidden()


def test_what_was_asked_is_not_still_asked_when_it_is_opened_again(panels):
    dialog = panels.device()
    dialog.get_by_role("button", name="Erase everything").click()
    identity(dialog, 0).get_by_role("button", name="New key", exact=True).click()
    panels.page.keyboard.press("Escape")
    panels.device()
    for second in ("Erase everything now", "Make a new key"):
        expect(dialog.get_by_role("button", name=second)).to_have_count(0)


# ------------------------------------------------------------------------------------------ files


NOTES_WHAT_IS_REVOKED = """self.revoked = [];
const revoke = URL.revokeObjectURL;
URL.revokeObjectURL = address => { revoked.push(address); revoke.call(URL, address) };"""


def test_an_exported_file_is_saved_with_its_name_and_to_the_letter_and_not_kept(open_panels):
    panels = open_panels(before=lambda page: page.add_init_script(NOTES_WHAT_IS_REVOKED))
    text = '{"é": "\u2028</script>"}\r\n\ufeff'
    panels.answers(export_file=["secure-chat-2026-11-26.txt", [text[:5], text[5:]]])
    dialog = panels.device()
    act(dialog, "export_file").get_by_label("Passphrase of this device").fill("copper kettle")
    with panels.page.expect_download() as saved:
        dialog.get_by_role("button", name="Export a file").click()
    assert saved.value.suggested_filename == "secure-chat-2026-11-26.txt"
    with open(saved.value.path(), encoding="utf-8", newline="") as file:
        assert file.read() == text
    says_done(dialog, "The file is made.")
    link = dialog.get_by_role("link", name="secure-chat-2026-11-26.txt")
    address = link.get_attribute("href")
    panels.page.keyboard.press("Escape")
    # A dialog says that it was closed a moment after it is.
    expect(panels.page.locator("#device a")).to_have_count(0)
    assert panels.page.evaluate("self.revoked") == [address]


def test_an_export_that_fails_says_why(panels):
    panels.answers(export_file=NO)
    dialog = panels.device()
    act(dialog, "export_file").get_by_label("Passphrase of this device").fill("copper kettle")
    dialog.get_by_role("button", name="Export a file").click()
    expect(problem(act(dialog, "export_file"))).to_have_text(NO)
    expect(dialog.get_by_role("link")).to_have_count(0)


def chooses(dialog, content: bytes) -> None:
    dialog.get_by_label("File from another browser").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": content}
    )


@pytest.fixture
def importing(panels):
    dialog = panels.device()
    dialog.get_by_text("Import a file", exact=True).click()
    dialog.get_by_label("Passphrase of the file").fill("p")
    return dialog


def imports(dialog):
    dialog.get_by_role("button", name="Import", exact=True).click()
    return act(dialog, "import_file")


def test_a_chosen_file_is_handed_over_with_its_passphrase(panels, importing):
    chooses(importing, "é\r\n👋".encode())
    imports(importing)
    assert panels.called(1) == ["import_file", ["é\r\n👋", "p"]]
    says_done(importing, "Imported.")
    for label in ("File from another browser", "Passphrase of the file"):
        expect(importing.get_by_label(label)).to_have_value("")


@pytest.mark.long
def test_a_file_of_eight_megabytes_is_taken_and_a_larger_one_is_not_read(panels, importing):
    chooses(importing, b"x" * 8_388_608)
    imports(importing)
    assert panels.called(1) == ["import_file", [8_388_608, "p"]]
    says_done(importing, "Imported.")
    importing.get_by_label("Passphrase of the file").fill("p")
    chooses(importing, b"x" * 8_388_609)
    expect(problem(imports(importing))).to_contain_text("more than this page can read")
    panels.called(1)


def test_without_a_file_it_says_so_and_what_was_typed_stays(panels, importing):
    expect(problem(imports(importing))).to_have_text("Choose the file first.")
    expect(importing.get_by_label("Passphrase of the file")).to_have_value("p")
    panels.called(0)


def test_a_file_that_is_refused_stays_chosen(panels, importing):
    panels.answers(import_file=NO)
    chooses(importing, b"no")
    expect(problem(imports(importing))).to_have_text(NO)
    expect(importing.get_by_label("Passphrase of the file")).to_have_value("p")
    panels.answers()
    imports(importing)
    assert panels.called(2) == ["import_file", ["no", "p"]]


def test_a_file_that_is_gone_meanwhile_says_so(panels, importing, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("a")
    importing.get_by_label("File from another browser").set_input_files(file)
    file.unlink()
    expect(problem(imports(importing))).to_contain_text("could not read this file")
    panels.called(0)


# ------------------------------------------------------------------------------------------ names and space


def test_a_name_is_text_and_nothing_more_and_fits(open_panels):
    panels = open_panels(viewport={"width": 320, "height": 560})
    for count, name in enumerate(NAMES, 1):
        own = {"name": name, "number": NUMBER, "in_use": True}
        dialog = panels.device(identities=[own], problem=f"{name} is {'W' * 80}")
        assert identity(dialog, 0).locator(".name").text_content() == name
        assert dialog.locator(".name *, .device-problem *").count() == 0
        assert fits(dialog), name
        identity(dialog, 0).get_by_role("button", name="Erase", exact=True).click()
        identity(dialog, 0).get_by_role("button", name="Erase this key").click()
        assert panels.called(count) == ["erase_identity", [name]]
        panels.page.keyboard.press("Escape")
        expect(panels.page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.long
@pytest.mark.parametrize("width", WIDTHS)
def test_all_of_it_fits_with_everything_open(open_panels, width):
    panels = open_panels(viewport={"width": width, "height": 560})
    panels.answers(**dict.fromkeys([*FORMS, "lock_now", "export_file", "import_file", "erase_all"], NO))
    dialog = panels.device()
    for summary in dialog.locator("summary").all():
        summary.click()
    dialog.get_by_role("button", name="Erase everything").click()
    for button in dialog.locator("[type=submit]:visible, .second:visible").all():
        button.click()
    assert fits(dialog)


def test_what_is_done_is_said_where_it_is_seen(open_panels):
    panels = open_panels(viewport={"width": 320, "height": 560})
    dialog = panels.device()
    dialog.get_by_role("checkbox").check()
    says_done(dialog, "Changed.")
    expect(dialog.get_by_role("status", name="Done")).to_be_in_viewport()


@pytest.mark.long
@pytest.mark.parametrize("size", [(320, 640), (320, 400), (560, 320), (720, 900), (1440, 900)], ids=str)
def test_the_button_has_a_place_of_its_own_in_the_head_with_rooms_joined(person, size):
    alice = person("Alice", viewport=dict(zip(("width", "height"), size, strict=True))).joins("kitchen")
    alice.page.evaluate("document.getElementById('this-device').hidden = false")
    others = ["#connection", ".brand .mark", "#join-another", ".room-item", ".room-title"]
    boxes = [alice.page.locator(one).bounding_box() for one in ["#this-device", *others]]
    for box in boxes:
        assert box["x"] >= 0 and box["x"] + box["width"] <= size[0]
    for box in boxes[1:]:
        assert not overlap(boxes[0], box)


def overlap(one: dict, other: dict) -> bool:
    across = one["x"] < other["x"] + other["width"] and other["x"] < one["x"] + one["width"]
    return across and one["y"] < other["y"] + other["height"] and other["y"] < one["y"] + one["height"]
