"""The first lesson of the lab: what it says, how its page is used, and each of its steps played as it is written."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from conftest import open_context
from lab.attacks import ATTACKS
from lab.lesson import STEPS
from learner import InTheLab, Learner, at_home, is_at, running_lab, turn_to, wider_than_they_seem

WEB = Path(__file__).resolve().parent.parent / "web"
MOST_WORDS = 30  # in a sentence

pytestmark = pytest.mark.long


# ------------------------------------------------------------------------------------------ what it says


def sentences(step):
    return [step.question, *step.experiment, *step.seen]


def test_there_are_six_steps_each_with_a_question_an_experiment_and_what_should_be_seen():
    assert len(STEPS) == len({step.title for step in STEPS}) == 6
    for step in STEPS:
        assert step.question.endswith("?") or "?" in step.question
        assert 3 <= len(step.experiment) <= 5
        assert 2 <= len(step.seen) <= 4


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_sentences_are_short(step):
    for text in sentences(step):
        for sentence in re.split(r"(?<=[.?:;]) ", text):
            assert len(sentence.split()) <= MOST_WORDS, sentence


def test_each_step_is_played_by_the_test_that_it_names():
    assert [step.test for step in STEPS] == [name for name in globals() if name.startswith("test_step_")]


def test_a_step_leads_to_attacks_that_there_are():
    names = [rest for step in STEPS for part, rest in step.places if part == "console"]
    assert names
    assert set(names) <= {attack.name for attack in ATTACKS}


def test_the_figures_are_those_of_the_threat_model():
    said = " ".join(STEPS[-1].seen)
    threats = (WEB / "protocol" / "threats.md").read_text("utf-8")
    core, card = re.findall(r"(?m)^\| passphrase: Argon2id, 19 MiB, 2 passes \| .*$", threats)
    for row in (core, card):
        _, _, _, four_digits, _, _, six_words, _ = [cell.strip() for cell in row.split("|")]
        assert four_digits in said
        assert six_words in said


# ------------------------------------------------------------------------------------------ its page


@pytest.fixture(scope="module")
def server(tmp_path_factory, runtime_cache):
    yield from running_lab(tmp_path_factory, runtime_cache)


@pytest.fixture(scope="module")
def context(browser):
    context = open_context(browser, viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture(scope="module")
def page(context, server):
    """The page of the lesson, open from the first step to the last."""
    page = context.new_page()
    page.goto(server.url + "/lab")
    expect(page.get_by_text("Loading Python")).to_have_count(0)
    return page


def test_the_steps_are_gone_through_by_keyboard_and_the_address_keeps_them(page, server):
    turn_to(page, 1)
    expect(page.get_by_role("button", name="Back", exact=True)).to_have_count(0)
    for number in range(2, 7):
        page.get_by_role("button", name="Next", exact=True).focus()
        page.keyboard.press("Enter")
        is_at(page, number)
        expect(page.get_by_role("heading", name=STEPS[number - 1].title, exact=True)).to_be_focused()
        expect(page).to_have_url(f"{server.url}/lab#lesson/{number}")
        expect(page.locator("[aria-current=step]")).to_have_text(re.compile(f"^{number}"))
    expect(page.get_by_role("button", name="Next", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Back", exact=True).click()
    is_at(page, 5)
    page.reload()
    is_at(page, 5)
    page.go_back()
    is_at(page, 6)


def test_what_should_be_seen_opens_on_request_and_is_closed_at_the_next_step(page):
    turn_to(page, 1)
    for number, step in enumerate(STEPS, 1):
        turn_to(page, number)
        expect(page.get_by_text(step.question, exact=True)).to_be_visible()
        expect(page.get_by_role("list", name="Experiment").get_by_role("listitem")).to_have_text(step.experiment)
        expect(page.get_by_role("list", name="What should be seen")).to_have_count(0)
        page.get_by_text("What should be seen", exact=True).last.press("Enter")
        expect(page.get_by_role("list", name="What should be seen").get_by_role("listitem")).to_have_text(step.seen)
        expect(page.get_by_text(step.test)).to_be_visible()


def test_the_lesson_is_found_where_it_was_left(page, server):
    turn_to(page, 3)
    page.get_by_role("button", name="The ladder", exact=True).click()
    expect(page.get_by_role("heading", name="The ladder", exact=True)).to_be_focused()
    page.get_by_role("link", name="Lesson", exact=True).click()
    is_at(page, 3)
    expect(page).to_have_url(f"{server.url}/lab#lesson/3")
    page.get_by_role("button", name="The attack console: a bit flipped in every field").click()
    expect(page).to_have_url(f"{server.url}/lab#console/a%20bit%20flipped%20in%20every%20field")
    expect(page.get_by_role("heading", name="Attack console", exact=True)).to_be_focused()


@pytest.mark.parametrize("rest", ["/0", "/7", "/99999999999999999999", "/-1", "/%C3%A9", "/two", "/"])
def test_an_address_of_no_step_leaves_the_step_that_is_shown(page, server, rest):
    turn_to(page, 2)
    page.evaluate("rest => location.assign('#lesson' + rest)", rest)
    expect(page).to_have_url(f"{server.url}/lab#lesson/2")
    is_at(page, 2)


def test_at_320_pixels_nothing_of_any_step_sticks_out(page):
    before = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 640})
    for number in range(1, 7):
        turn_to(page, number)
        page.get_by_text("What should be seen", exact=True).last.click()
        assert wider_than_they_seem(page) == []
        for element in page.get_by_role("article").get_by_role("button").all():
            box = element.bounding_box()
            assert 0 <= box["x"] <= box["x"] + box["width"] <= 320
    page.set_viewport_size(before)


def test_headings_come_in_order_and_none_is_left_out(page):
    turn_to(page, 1)
    levels = page.get_by_role("heading").evaluate_all("all => all.map(one => Number(one.tagName[1]))")
    assert levels == [1, 2, 3, 4]


# ------------------------------------------------------------------------------------------ its steps, played


@pytest.fixture(scope="module")
def windows(page):
    """Alice's and Bob's windows, opened and filled in as step 1 says, and the learner who did."""
    learner = Learner(page, 1)
    people = []
    for name in ("Alice", "Bob"):
        person = InTheLab(name, learner.opens_the_chat())
        expect(person.button("Join")).to_be_enabled()
        for label, text in (("Your name", name), ("Room", "kitchen"), ("Passphrase", "copper kettle 47")):
            person.field(learner.named(label)).fill(learner.named(text))
        learner.press("Join", person.page)
        person.is_in("kitchen")
        people.append(person)
    return learner, *people


@pytest.fixture
def alice(windows):
    return windows[1]


@pytest.fixture
def bob(windows):
    return windows[2]


def test_step_1_the_relay_sees_bytes_and_bob_reads_the_words(windows):
    learner, alice, bob = windows
    alice.sends(learner, "meet at noon")
    bob.looks().sees("meet at noon", by="Alice")
    bob.shows(learner, "Show what the relay sees")
    seen = bob.pane("meet at noon")
    expect(seen).to_contain_text("lab-passphrase/kitchen")
    words = seen.inner_text()
    assert "meet" not in words
    assert b"meet at noon".hex() not in re.sub(r"\s", "", words)
    assert "copper" not in words
    assert "Alice" in words
    learner.has_done_all()


def test_step_2_without_padding_the_length_tells(page, alice, bob):
    learner = Learner(page, 2)
    learner.goes_to("The ladder")
    exact, padded = [page.get_by_role("region", name=name) for name in ("Lab: Classic", "Lab: Passphrase")]
    for text, size in (("no", 2), ("yes, with pleasure", 18)):
        page.get_by_label(learner.named("Alice types")).fill(learner.named(text))
        learner.press("Say it")
        for level in (exact, padded):
            expect(level).to_contain_text(learner.named("What the relay learns of the length"))
        expect(exact).to_contain_text(f"Exactly {size} bytes")
        expect(padded.get_by_role("group", name="Alice to Bob")).to_contain_text(text)
        expect(padded).to_contain_text("Between 1 and 255 bytes")
    alice.sends(learner, "yes, with pleasure")
    bob.looks().sees("yes, with pleasure", by="Alice")
    bob.shows(learner, "Show what the relay sees")
    expect(bob.pane("yes, with pleasure")).to_contain_text("272 bytes")
    bob.shows(learner, "As if without padding")
    expect(bob.pane("yes, with pleasure")).to_contain_text("34 bytes")
    expect(bob.pane("yes, with pleasure")).not_to_contain_text("272 bytes")
    learner.has_done_all()


def test_step_3_a_flipped_bit_is_refused_at_every_level(page):
    learner = Learner(page, 3)
    learner.goes_to("The ladder")
    for level, field, code in (
        ("Lab: Classic", "ciphertext", "cannot-open"),
        ("Lab: Passphrase", "ct", "bad-signature"),
        ("Lab: Passphrase", "name", "bad-signature"),
    ):
        column = page.get_by_role("region", name=level)
        choice = column.get_by_role("combobox", name=learner.named("Flip one bit of"), exact=True)
        choice.select_option(learner.named(field))
        expect(page.get_by_role("status", name="Ladder")).to_contain_text(f"the last bit of {field} is flipped")
        expect(column.get_by_role("group", name="Alice to Bob")).to_contain_text(code)
    learner.goes_to("The attack console: a bit flipped in every field")
    console = learner.begins("Lab: Passphrase")
    expect(learner.attacks(console, "a bit flipped in every field")).to_contain_text("bad-signature")
    learner.has_done_all()


def test_step_4_a_repeated_message_is_refused_and_a_missing_one_is_seen_at_passphrase_only(page):
    learner = Learner(page, 4)
    learner.goes_to("The attack console: replay at once")
    for level, attack, outcome in (
        ("Lab: Classic", "replay at once", "refused: replayed"),
        ("Lab: Classic", "drop one", "succeeds"),
        ("Lab: Passphrase", "drop one", "gap"),
    ):
        console = learner.begins(level)
        expect(learner.attacks(console, attack)).to_contain_text(outcome)
    learner.has_done_all()


def test_step_5_who_poses_as_bob_has_other_digits(page, alice, bob):
    learner = Learner(page, 5)
    bob.sends(learner, "hello, this is Bob")
    alice.looks().sees("hello, this is Bob", by="Bob")
    posing = InTheLab(learner.named("Bob"), learner.opens_the_chat())
    posing.joins("kitchen", level="Lab: Passphrase")
    posing.sends(learner, "no lesson tomorrow")
    marked = alice.looks().sees("no lesson tomorrow", by="Bob")
    assert "Two keys write as “Bob” at the same time" in marked.warnings
    real = alice.asks_for_digits("hello, this is Bob")
    alice.closes_the_panel()
    false = alice.asks_for_digits("no lesson tomorrow")
    alice.closes_the_panel()
    bob.looks().page.get_by_role("list", name="Members").get_by_role("button").first.click()
    read_out = bob.panel()
    bob.closes_the_panel()
    assert read_out.digits == real.digits != false.digits
    assert (read_out.tag, len(re.findall(r"\d", read_out.digits))) == (real.tag, 60)
    assert real.tag != false.tag
    posing.page.close()
    learner.has_done_all()


def test_step_6_what_is_taken_home_opens_with_the_passphrase_only(page, alice, tmp_path):
    learner = Learner(page, 6)
    alice.looks().says("before we go home")
    alice.sees("before we go home", state="relayed")
    learner.press("Take home", alice.page)
    dialog = alice.page.get_by_role("dialog", name="Take this room home")
    for name in ("kitchen.capture.json", "open_capture.py"):
        with alice.page.expect_download() as download:
            dialog.get_by_role("link", name=learner.named(name), exact=True).click()
        download.value.save_as(tmp_path / name)
    expect(dialog).to_contain_text("python -m pip install cryptography")
    expect(dialog).to_contain_text("python open_capture.py kitchen.capture.json")
    alice.closes_the_panel()
    printed = at_home(tmp_path, learner.named("copper kettle 47"))
    assert [row.text for row in alice.messages() if repr(row.text) not in printed] == []
    printed = at_home(tmp_path, learner.named("copper kettle 48"))
    assert [row.text for row in alice.messages() if row.text in printed] == []
    assert "does not open" in printed
    learner.has_done_all()
