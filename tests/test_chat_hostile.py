"""A relay that answers for the person, turns people away, or talks nonsense: nothing is joined or lost by it."""

import json
import re

import pytest
from playwright.sync_api import expect

from conftest import PATIENCE, wait_until
from person import PASSPHRASE


class Between:
    """Stands between a page and the relay. `change(frame)` gives what the page gets instead, None for nothing."""

    def __init__(self, page):
        self.change = lambda frame: frame
        self.turn_away = None  # a close code, for every new connection
        self.opened = []  # every connection that the page made
        self.page_side = None
        page.route_web_socket(re.compile(r"/ws$"), self.connect)

    def connect(self, page_side):
        self.opened.append(page_side)
        if self.turn_away:
            page_side.close(code=self.turn_away)
            return
        self.page_side, relay_side = page_side, page_side.connect_to_server()
        page_side.on_message(relay_side.send)
        relay_side.on_message(self.pass_on)

    def pass_on(self, text):
        frame = self.change(json.loads(text))
        if frame is not None:
            self.give(frame)

    def give(self, frame):
        """The page gets this, a frame or any other text."""
        self.page_side.send(frame if isinstance(frame, str) else json.dumps(frame, ensure_ascii=False))


@pytest.fixture
def relay(alice):
    return Between(alice.page)


def classic_is_in_use(frame):
    for room in frame.get("rooms", []):
        room["members"] = int(room["room"].startswith("classic/"))
    return frame


def joined_rooms(alice):
    return alice.page.get_by_role("list", name="Rooms").get_by_role("listitem")


def test_an_answer_that_nobody_asked_for_joins_no_room(alice, relay):
    alice.joins("kitchen")
    relay.change = classic_is_in_use
    alice.tries_to_join("garden")
    alice.sees_note("also in use at level Classic")
    relay.give({"type": "looked", "rooms": []})
    alice.field("Room").fill("orchard")  # the person thinks better of it
    relay.give({"type": "looked", "rooms": []})
    alice.goes_to("kitchen")
    alice.says("the answers came before this")
    alice.sees("the answers came before this", state="relayed")
    expect(joined_rooms(alice)).to_have_count(1)


def test_the_warning_about_a_passphrase_used_higher_up_comes_on_the_way_down_too(alice, relay):
    alice.joins("kitchen")
    relay.change = classic_is_in_use
    alice.tries_to_join("garden")
    alice.chooses("Go to Classic")
    alice.chooses("Go to Classic all the same")
    alice.sees_note("has used this passphrase at level Passphrase")
    expect(joined_rooms(alice)).to_have_count(1)
    alice.chooses("Join all the same")
    alice.is_in("garden")


def test_a_changed_form_ends_the_offer_for_what_stood_there_before(alice, relay):
    relay.change = classic_is_in_use
    alice.tries_to_join("garden")
    alice.sees_note("also in use at level Classic")
    alice.field("Room").fill("orchard")
    expect(alice.page.get_by_role("button", name="Go to Classic")).to_have_count(0)


def test_a_relay_that_turns_everyone_away_is_asked_ever_more_seldom_and_the_page_says_why(alice, relay):
    relay.turn_away = 1013
    alice.opens_the_page()
    connection = alice.page.get_by_role("status", name="Connection")
    expect(connection).to_contain_text("as many connections as it may have")
    seen, before = alice.page.evaluate_handle("() => performance.now()"), len(relay.opened)
    # A look into the page lets the driver hear of what happened there.
    fourth = lambda: alice.page.evaluate("() => true") and len(relay.opened) >= before + 4  # noqa: E731 - one line
    wait_until(fourth, 2 * PATIENCE, "four more attempts")
    # Between these are waits of at least 0.5, 1 and 2 seconds, or twice that; without back-off three of 0.5 at most.
    assert alice.page.evaluate("(start) => performance.now() - start", seen) > 2_500
    relay.turn_away = None
    expect(connection).to_have_text("Connected to the relay.")


def test_a_relay_that_falls_silent_is_noticed_and_the_page_connects_anew(alice, bob, relay):
    alice.page.clock.install()
    alice.joins("kitchen")
    bob.joins("kitchen")
    relay.change = lambda frame: frame if len(relay.opened) > 1 else None
    bob.says("unheard")
    bob.sees("unheard", state="relayed")
    alice.page.clock.fast_forward(21_000)  # the page asks ...
    alice.page.clock.fast_forward(11_000)  # ... and gives up
    expect(alice.page.get_by_role("status", name="Connection")).to_contain_text("No connection to the relay.")
    alice.page.clock.fast_forward(1_000)
    alice.sees("unheard", by="Bob")
    assert len(relay.opened) == 2


def test_a_frame_that_cannot_be_read_costs_no_message(alice, bob, relay):
    alice.joins("kitchen", PASSPHRASE)
    bob.joins("kitchen", PASSPHRASE)
    spoilt = []

    def spoil(frame):
        if frame["type"] == "entries" and not spoilt:
            spoilt.append(frame)
            return "[]"
        return frame

    relay.change = spoil
    bob.says("spoilt")
    bob.says("after it")
    alice.sees_talk("Bob: spoilt", "Bob: after it")
    assert len(spoilt) == 1 and len(relay.opened) == 2


def test_a_full_room_is_said_and_joining_it_can_be_tried_again(alice, relay):
    def full(frame):
        if frame["type"] == "joined":
            return {"type": "error", "code": "room-full", "message": "The room is full.", "room": frame["room"]}
        return frame

    relay.change = full
    alice.tries_to_join("kitchen")
    alice.sees_alert("The room is full.")
    relay.change = lambda frame: frame
    alice.chooses("Try again")
    alice.is_in("kitchen")
    expect(alice.page.get_by_role("alert").filter(has_text="The room is full.")).to_have_count(0)
