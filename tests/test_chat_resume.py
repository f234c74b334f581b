"""Nothing is lost and nothing comes twice: servers that die and wires that break in the middle of a talk."""

import signal

import pytest
from playwright.sync_api import expect

from person import at_both_levels


@pytest.fixture
def server(start_server, usual_port, wire):
    """A server with its own empty data, at its own address and at the wire's."""
    return start_server(port=usual_port, origin=[wire.url])


@pytest.fixture
def wired_alice(person, server, wire):
    """Alice, whose wire to the server can be cut."""
    return person("Alice", url=wire.url)


def both_saw_the_same(alice, bob, *texts):
    """Each text once, relayed, and in the same order on both pages. Returns that order."""

    def same():
        hers, his = [[row.text for row in each.messages() if row.state in ("", "relayed")] for each in (alice, bob)]
        return hers if hers == his and sorted(hers) == sorted(texts) else None

    return alice.until(same, f"both pages show {texts}, each once, in the same order")


# ------------------------------------------------------------------------------------------ the server


@at_both_levels
def test_a_server_that_is_killed_and_started_again_loses_nothing_and_repeats_nothing(server, alice, bob, level):
    alice.joins("kitchen", level=level)
    bob.joins("kitchen", level=level)
    alice.says("before")
    bob.sees("before")
    server.kill()
    for each in (alice, bob):
        each.sees_connection("offline")
        each.sees_state("Not connected. What you write is kept and sent later.")
    alice.says("Alice 1")
    alice.says("Alice 2")
    bob.says("Bob 1")
    alice.sees("Alice 1", state="sending")
    server.restart()
    order = both_saw_the_same(alice, bob, "before", "Alice 1", "Alice 2", "Bob 1")
    assert order[0] == "before"
    assert order.index("Alice 1") < order.index("Alice 2")
    alice.says("after")
    bob.sees("after", by="Alice")
    alice.sees_members("Alice", "Bob")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_burst_that_the_server_dies_in_arrives_whole_once_and_in_order(server, alice, bob, number):
    alice.joins("kitchen")
    bob.joins("kitchen")
    texts = [f"number {i}" for i in range(24)]
    for text in texts[:8]:
        alice.says(text)
    server.end_with(number)
    for text in texts[8:16]:
        alice.says(text)
    server.restart()
    for text in texts[16:]:
        alice.says(text)
    assert both_saw_the_same(alice, bob, *texts) == texts


def test_all_rooms_resume_after_a_restart(server, alice, bob):
    for room in ("kitchen", "garden"):
        alice.joins(room)
        bob.joins(room)
    server.kill()
    alice.sees_connection("offline")
    alice.says("in the garden")
    alice.goes_to("kitchen")
    alice.says("in the kitchen")
    server.restart()
    bob.sees_talk("Alice: in the garden")
    bob.goes_to("kitchen")
    bob.sees_talk("Alice: in the kitchen")


def test_a_draft_survives_an_outage(server, alice):
    alice.joins("kitchen")
    alice.message_field.fill("half a th")
    server.kill()
    alice.sees_connection("offline")
    server.restart()
    alice.sees_connection("online")
    alice.is_in("kitchen")
    expect(alice.message_field).to_have_value("half a th")
    expect(alice.message_field).to_be_focused()


def test_a_join_during_an_outage_happens_afterwards(server, alice):
    alice.opens_the_page()
    server.kill()
    alice.sees_connection("offline")
    alice.tries_to_join("kitchen")
    server.restart()
    alice.is_in("kitchen")
    alice.says("hello")
    alice.sees("hello", state="relayed")


def test_a_relay_that_lost_its_log_is_noticed_and_the_talk_goes_on(server, alice, bob):
    alice.joins("kitchen")
    bob.joins("kitchen")
    alice.says("one")
    bob.sees("one")
    server.kill()
    for file in server.data.parent.iterdir():
        file.unlink()
    server.restart()
    for each in (alice, bob):
        each.sees_notice("The relay lost or replaced what it had stored for this room.")
    bob.says("two")
    alice.sees_talk("Alice: one", "Bob: two")
    alice.says("three")
    bob.sees_talk("Alice: one", "Bob: two", "Alice: three")


def test_whoever_leaves_with_messages_still_unsent_is_asked_first(server, alice):
    alice.joins("kitchen")
    server.kill()
    alice.sees_connection("offline")
    alice.says("important")
    alice.leaves()
    alice.sees_alert("Not relayed yet, and lost if you leave now: 1 of your messages.")
    alice.sees("important", state="sending")
    alice.chooses("Leave all the same")
    expect(alice.button("Join")).to_be_visible()


# ------------------------------------------------------------------------------------------ the wire


@at_both_levels
def test_a_message_whose_acknowledgement_was_lost_is_shown_once(wire, wired_alice, bob, level):
    wired_alice.joins("kitchen", level=level)
    bob.joins("kitchen", level=level)
    wire.hold_answers()
    wired_alice.says("did you get this?")
    bob.sees("did you get this?")  # the relay has it, and Alice's page cannot know
    wired_alice.sees("did you get this?", state="sending")
    wire.cut()
    wired_alice.sees_connection("offline")
    wire.mend()
    for each in (wired_alice, bob):
        each.sees_talk("Alice: did you get this?")
    bob.says("yes")
    for each in (wired_alice, bob):
        each.sees_talk("Alice: did you get this?", "Bob: yes")


def test_what_was_said_during_an_outage_is_read_afterwards_once_and_in_order(wire, wired_alice, bob):
    wired_alice.joins("kitchen")
    bob.joins("kitchen")
    bob.says("before")
    wired_alice.sees("before")
    wire.cut()
    wired_alice.sees_connection("offline")
    bob.sees_members("Bob")
    texts = [f"number {i}" for i in range(40)]
    for text in texts:
        bob.says(text)
    bob.sees(texts[-1], state="relayed")
    wire.mend()
    wired_alice.sees_talk("Bob: before", *[f"Bob: {text}" for text in texts])
    wired_alice.sees_state("")
    assert not [row for row in wired_alice.rows() if row.kind == "refusal" or row.warnings]


def test_a_wire_that_breaks_again_and_again_repeats_nothing(wire, wired_alice, bob):
    wired_alice.joins("kitchen")
    bob.joins("kitchen")
    texts = [f"number {i}" for i in range(4)]
    for text in texts:
        wired_alice.says(text)
        wire.cut()
        wired_alice.sees_connection("offline")
        wire.mend()
        wired_alice.sees_connection("online")
    assert both_saw_the_same(wired_alice, bob, *texts) == texts
