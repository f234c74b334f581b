"""Names and tags that can be taken for another's: both writers are marked, and keys can be compared on request."""

import pytest
from playwright.sync_api import expect

from people import WORDS
from person import at_both_levels
from relay_client import RelayClient

SHARED = WORDS.decode()


@pytest.fixture
def mallory(server):
    """Writes to the relay as no page would, and knows the passphrase."""
    with RelayClient(server.websocket_url) as client:
        yield client


def marks_of(person, text):
    return person.sees(text).marks.split()


def see_marks(person, **expected):
    """Each message, its text with _ for spaces, has exactly these marks in the end."""

    def same():
        found = {row.text.replace(" ", "_"): row.marks for row in person.messages()}
        return found == expected

    person.until(same, f"marks {expected}")


@at_both_levels
def test_who_loads_the_page_anew_is_marked_quietly_on_all_messages_old_and_new(alice, bob, level):
    alice.joins("kitchen", SHARED, level)
    bob.joins("kitchen", SHARED, level)
    bob.says("before")
    see_marks(alice, before="")
    bob.reloads()
    bob.joins("kitchen", SHARED, level)
    bob.says("after")
    see_marks(alice, before="same-name", after="same-name")
    row = alice.sees("after")
    assert (row.mark, row.warnings) == ("shared name", "")
    see_marks(bob, before="same-name", after="same-name")
    alice.says("hello")
    see_marks(bob, before="same-name", after="same-name", hello="")


@at_both_levels
def test_two_who_write_under_one_name_at_the_same_time_are_marked_with_a_warning(alice, bob, person, level):
    bob.joins("kitchen", SHARED, level)
    alice.joins("kitchen", SHARED, level)
    impostor = person("Mallory")
    bob.says("it is me")
    alice.sees("it is me")
    impostor.tries_to_join("kitchen", SHARED, level, name="Bob")
    impostor.says("it is me too")
    row = alice.sees("it is me too")
    assert "Two keys write as “Bob” at the same time" in row.warnings
    see_marks(alice, it_is_me="same-name same-name-now", it_is_me_too="same-name same-name-now")
    row = bob.sees("it is me too")
    assert "Another key writes under your name" in row.warnings
    see_marks(bob, it_is_me="same-name your-name", it_is_me_too="same-name your-name")


def test_a_name_in_letters_of_another_script_is_marked_as_looking_alike(alice, bob, person):
    alice.joins("kitchen", SHARED)
    bob.joins("kitchen", SHARED)
    bob.says("true")
    alice.sees("true")
    person("Mallory").tries_to_join("kitchen", SHARED, name="\u0412\u043eb")
    expect(alice.page.get_by_role("list", name="Members")).to_contain_text("looks like another")
