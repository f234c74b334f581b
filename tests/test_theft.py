"""The table of what a thief opens, against a run; what it says; and the lab's part that shows it."""

import pytest
from playwright.sync_api import expect

import theft
from conftest import open_context
from learner import running_lab, wider_than_they_seem
from protocol.ladder import LADDER

ALL = list(range(1, theft.TEXTS + 1))


def test_the_table_in_the_specification_is_that_of_a_run():
    assert theft.in_specification() == theft.table()


def test_a_thief_reads_everything_below_and_a_narrow_band_at_level_ratchet():
    every = theft.every()
    for level in ("classic", "passphrase", "identity"):
        assert every[level] == [ALL] * (theft.TEXTS + 1)
    for said, numbers in enumerate(every["ratchet"]):
        # Only what was read last, as it may not have been shown.
        assert [number for number in numbers if number <= said] == ALL[:said][-1:]
        # The chain that was being read, and the one that answers to a key which the thief has.
        assert len([number for number in numbers if number > said]) <= 4
        assert not [number for number in numbers if number > said + 6]


def test_at_identity_a_new_room_key_after_half_of_the_texts_changes_nothing_for_the_thief():
    assert theft.at_identity() == theft.every()["identity"]


# ------------------------------------------------------------------------------------------ in the lab


@pytest.fixture(scope="module")
def server(tmp_path_factory, runtime_cache):
    yield from running_lab(tmp_path_factory, runtime_cache)


@pytest.fixture(scope="module")
def page(browser, server):
    context = open_context(browser)
    page = context.new_page()
    page.goto(f"{server.url}/lab#lesson")
    page.get_by_role("link", name="Theft").click()
    yield page
    context.close()


def in_the_page(page):
    """{level's title: the numbers that stand there as read}."""
    table = page.get_by_role("table", name="What the thief reads, by message and level")
    heads = table.get_by_role("columnheader").all_text_contents()[1:]
    rows = table.locator("tbody tr").evaluate_all("rows => rows.map(row => [...row.cells].map(cell => cell.innerText))")
    assert [int(row[0].split()[0]) for row in rows] == ALL
    assert {cell for row in rows for cell in row[1:]} <= {"reads", "cannot"}
    return {head: [n for n, row in enumerate(rows, 1) if row[1 + at] == "reads"] for at, head in enumerate(heads)}


def test_the_lab_steals_the_device_at_any_moment_by_keyboard_and_finds_what_the_table_says(page):
    every, slider = theft.every(), page.get_by_label("Stolen after message")
    expect(slider).to_be_enabled()
    for key, after in (("Home", 0), ("ArrowRight", 1), ("End", 12), ("PageDown", None)):
        slider.press(key)
        after = int(slider.input_value()) if after is None else after
        expect(page.get_by_role("status", name="Theft")).to_have_text(
            f"Stolen after {after} of 12 messages, and tried at 4 levels."
        )
        assert in_the_page(page) == {level.title: every[level.id][after] for level in LADDER.levels}
        outcomes = page.get_by_role("list", name="What the thief reads").get_by_role("listitem").all_text_contents()
        few = every["ratchet"][after]
        assert outcomes[0] == "Classic: the thief reads all 12."
        assert outcomes[3] == f"Ratchet: the thief reads {len(few)} of 12: {', '.join(map(str, few))}."


@pytest.mark.parametrize("width", [320, 1280])
def test_at_every_width_the_table_fits(page, width):
    expect(page.get_by_label("Stolen after message")).to_be_enabled()
    page.set_viewport_size({"width": width, "height": 900})
    assert wider_than_they_seem(page) == []
