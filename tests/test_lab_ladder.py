"""The lab's ladder, in a browser: one talk at every level, the attack matrix, and how parts are turned to."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from conftest import open_context, wait_until
from lab import matrix
from lab.levels import LAB
from learner import running_lab, wider_than_they_seem
from person import PATIENCE

WEB = Path(__file__).resolve().parent.parent / "web"
SPECIFICATION = (WEB / "protocol" / "README.md").read_text("utf-8")
ROWS = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.replace(/\\s+/g, ' ').trim()))"


@pytest.fixture(scope="module")
def server(tmp_path_factory, runtime_cache):
    yield from running_lab(tmp_path_factory, runtime_cache)


@pytest.fixture(scope="module")
def page(browser, server):
    """One for all tests that leave it as it is, but for the part that is shown and what was typed."""
    context = open_context(browser)
    page = opened(context, server)
    said(page)
    table(page).wait_for()
    yield page
    context.close()


def opened(context, server):
    page = context.new_page()
    page.goto(f"{server.url}/lab#ladder")
    return page


def says(page, text):
    """At every level."""
    page.get_by_label("Alice types").fill(text)
    page.get_by_label("Alice types").press("Enter")
    expect(message(page, LAB.levels[-1]).locator(".typed")).to_have_text(text)
    said(page)


def said(page, levels=3):
    expect(state(page)).to_have_text(f"Said at {levels} levels.")


def table(page):
    return page.get_by_role("table", name="The outcome of each attack")


def state(page):
    return page.get_by_role("status", name="Ladder")


def column(page, level):
    return page.get_by_role("region", name=level.title)


def message(page, level, by="Alice to Bob"):
    return column(page, level).get_by_role("group", name=by, exact=True)


def reads(page, level):
    """What stands under "Bob reads"."""
    return message(page, level).get_by_role("heading", name="Bob reads").locator("~ *").inner_text()


def parts(page, level):
    """What the relay sees: {field: [size, bytes in hexadecimal]}."""
    rows = message(page, level).locator("tbody tr").evaluate_all(ROWS)
    return {field: values for field, *values in rows}


def choice(page, level):
    return column(page, level).get_by_role("combobox", name="Flip one bit of", exact=True)


def flip(page, level, field):
    choice(page, level).select_option(field)
    expect(state(page)).to_contain_text(f"{level.title}: the last bit of {field} is flipped. Bob reads: ")


def test_one_talk_stands_at_every_level_beside_each_other(page):
    expect(page.get_by_role("group", name="Alice to Bob")).to_have_count(len(LAB.levels))
    for level in LAB.levels:
        expect(column(page, level).get_by_text(level.sentence)).to_be_visible()
        expect(message(page, level)).to_contain_text(re.compile("Alice types.*meet at noon", re.DOTALL))
        assert reads(page, level) == "meet at noon"
        expect(message(page, level, "Bob to Alice")).to_contain_text(re.compile("Alice reads.*yes", re.DOTALL))
    classic, passphrase, identity = LAB.levels
    for level in (classic, passphrase):
        expect(column(page, level)).to_contain_text(re.compile(r"Making the key from the passphrase\s*\d+ ms"))
    expect(column(page, identity)).to_contain_text("This level makes no key from a passphrase.")
    expect(column(page, classic)).to_contain_text("Exactly 12 bytes")
    for level in (passphrase, identity):
        expect(column(page, level)).to_contain_text("Between 1 and 255 bytes")


def test_what_is_typed_is_said_anew_and_a_longer_text_shows_where_nothing_is_padded(page):
    classic, *padded = LAB.levels
    says(page, "meet at noon")
    before = {level: parts(page, level) for level in LAB.levels}
    says(page, "meet me at noon, at the bridge")
    expect(column(page, classic)).to_contain_text("Exactly 30 bytes")
    assert [reads(page, level) for level in LAB.levels] == ["meet me at noon, at the bridge"] * 3
    assert int(parts(page, classic)["ciphertext"][0]) - int(before[classic]["ciphertext"][0]) == 18
    for level in padded:
        assert parts(page, level)["ct"][0] == before[level]["ct"][0] == "272"


def test_what_no_level_takes_is_said_and_what_stood_there_stays(page):
    says(page, "meet at noon")
    page.get_by_label("Alice types").fill("")
    page.get_by_role("button", name="Say it").click()
    expect(page.get_by_role("alert")).to_have_text("There is nothing to send yet.")
    expect(page.get_by_label("Alice types")).to_be_focused()
    assert [reads(page, level) for level in LAB.levels] == ["meet at noon"] * 3
    says(page, "meet at noon")
    expect(page.get_by_role("alert").filter(visible=True)).to_have_count(0)


def test_every_byte_is_shown_on_request_and_a_flipped_bit_at_once(page):
    classic, passphrase, identity = LAB.levels
    says(page, "meet at noon")
    size, short = parts(page, passphrase)["ct"]
    assert (size, len(short.split())) == ("272", 10)
    page.get_by_label("Show every byte").check()
    shown = {level: parts(page, level) for level in LAB.levels}
    for level in LAB.levels:
        for size, octets in shown[level].values():
            assert len(bytes.fromhex(octets)) == int(size)
    for level, field, code in (
        (classic, "ciphertext", "cannot-open"),
        (passphrase, "ct", "bad-signature"),
        (identity, "list_hash", "bad-signature"),
    ):
        flip(page, level, field)
        assert reads(page, level).endswith(code)
        now = parts(page, level)
        changed = {name: bytes.fromhex(now[name][1]) for name in now if now[name] != shown[level][name]}
        before = bytes.fromhex(shown[level][field][1])
        assert changed == {field: before[:-1] + bytes([before[-1] ^ 1])}
    choice(page, passphrase).select_option("nothing")
    expect(state(page)).to_have_text("Lab: Passphrase: nothing is flipped. Bob reads: meet at noon")
    assert (reads(page, passphrase), parts(page, passphrase)) == ("meet at noon", shown[passphrase])
    assert reads(page, classic).endswith("cannot-open")
    page.get_by_label("Show every byte").uncheck()


def test_the_matrix_is_the_one_of_the_specification_and_leads_to_the_console(page):
    expected = matrix.read(SPECIFICATION)
    heads, *rows = table(page).locator("tr").evaluate_all(ROWS)
    assert heads == ["attack", "by", *expected.levels]
    assert rows == [
        [f"{one.name} {one.sentence}", one.by, *(outcome.replace("`", "") for outcome in one.outcomes)]
        for one in expected.attacks
    ]
    for role, count in (("columnheader", len(heads)), ("rowheader", len(rows))):
        expect(table(page).get_by_role(role)).to_have_count(count)
    page.get_by_role("button", name="fork: a member's two texts under one number").click()
    expect(page).to_have_url(re.compile(r"/lab#console/fork%3A%20a%20member's%20two%20texts%20under%20one%20number$"))
    expect(page.get_by_role("heading", name="Attack console")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("heading", name="The ladder")).to_be_focused()


def test_a_level_that_comes_later_is_there_once_it_is_listed(context, server):
    def with_a_level(route):
        route.fulfill(body=(WEB / "lab" / "levels.py").read_text("utf-8") + LATER, content_type="text/x-python")

    def with_a_column(route):
        begin, line = "| attack | by |", r"(?m)^(\| attack \| by \||\|---\|---\||\| \*\*)(.*)$"
        before, table = SPECIFICATION.split(begin)
        more = lambda found: found[0] + {"| **": " not tried |", "|---|---|": "---|"}.get(found[1], " later |")  # noqa: E731 - one line
        route.fulfill(body=before + re.sub(line, more, begin + table), content_type="text/markdown; charset=utf-8")

    context.route("**/lab/levels.py", with_a_level)
    context.route("**/protocol/README.md", with_a_column)
    page = opened(context, server)
    said(page, levels=4)
    later = page.get_by_role("region", name="Later")
    expect(later).to_contain_text(re.compile("What a later level does.*meet at noon", re.DOTALL))
    expect(later).to_contain_text("Exactly 12 bytes")
    expect(table(page).get_by_role("columnheader").last).to_have_text("later")
    expect(table(page).get_by_role("cell", name="not tried")).to_have_count(
        table(page).get_by_role("rowheader").count()
    )


LATER = """

class Later(Classic):
    id = "later"
    title = "Later"
    sentence = "What a later level does."


LAB = Ladder([LabClassic, LabPassphrase, LabIdentity, Later], "lab-passphrase")
"""


def test_without_the_specification_the_page_says_so_and_the_rest_works(context, server):
    context.route("**/protocol/README.md", lambda route: route.abort())
    page = opened(context, server)
    said(page)
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("The specification did not come")
    expect(table(page)).to_have_count(0)


def test_the_parts_are_turned_to_by_keyboard_and_the_focus_goes_to_their_heading(page):
    for part, title in (("Attack console", "Attack console"), ("Ladder", "The ladder"), ("Lesson", "A first lesson")):
        page.get_by_role("link", name=part, exact=True).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_focused()
        expect(page.get_by_role("link", name=part, exact=True)).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("heading", level=2)).to_have_count(1)


def test_the_link_that_skips_the_header_leaves_the_part_as_it_is(page):
    page.get_by_role("link", name="Ladder", exact=True).click()
    page.get_by_role("link", name="Skip to the experiments").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    expect(page.get_by_role("heading", name="The ladder")).to_be_visible()


def test_at_320_pixels_only_the_matrix_scrolls_sideways_and_that_by_keyboard(page):
    page.get_by_role("link", name="Ladder", exact=True).click()
    page.set_viewport_size({"width": 320, "height": 640})
    page.get_by_label("Show every byte").check()
    says(page, "x" * 300)
    assert wider_than_they_seem(page) == []
    region = page.get_by_role("region", name="Every attack at every level")
    assert region.evaluate("one => one.scrollLeft") == 0
    region.focus()
    page.keyboard.press("ArrowRight")
    wait_until(lambda: region.evaluate("one => one.scrollLeft") > 0, PATIENCE, "the matrix scrolls")
