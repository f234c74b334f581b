"""What the relay sees, beside each message: the pane against the relay's own file, byte for byte."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from known_answers import b64
from person import Person
from relay_client import RelayClient
from test_chat_page import fits, tab_to

LEVELS = {"Classic": "classic", "Passphrase": "passphrase"}
SHOW, WITHOUT = "Show what the relay sees", "As if without padding"
FALSE = "I never said this"  # what somebody appended who knows no passphrase

READ_PANE = """pane => {
  const part = span => [span.className.split(' ')[0], span.dataset.name ?? '', span.textContent];
  const described = list => [...pane.querySelectorAll(list + ' > div')].map(item =>
    [item.firstElementChild.textContent, [...item.children].slice(1).map(one => one.textContent)]);
  const value = item => item.querySelector('span') && part(item.querySelector('span'));
  const row = pane.closest('.row'), octets = pane.querySelector('.octets'), selection = getSelection();
  const details = pane.querySelector('.stored');
  selection.selectAllChildren(octets);
  return {
    row: row.id, text: row.querySelector('.text').innerText, note: pane.querySelector('.wire-note').textContent,
    entry: [...pane.querySelectorAll('.entry > div')].map(item => [item.firstElementChild.textContent, value(item)]),
    body: [...octets.children].map(part), selected: selection.toString(), label: octets.getAttribute('aria-label'),
    legend: described('.legend'), leaks: described('.leaks'),
    stored: details.hidden ? null : details.querySelector('.characters').textContent,
  };
}"""


@pytest.fixture
def server(start_server, usual_port):
    return start_server(port=usual_port, lab=True)


@pytest.fixture
def in_lab(person, server):
    return lambda name, **options: person(name, server.url + "/lab/chat", **options)


def stored(server) -> list[tuple]:
    """(room, seq, kind, id, name, at, body) of all that the relay has in its file, which it has let go of."""
    server.kill()
    with closing(sqlite3.connect(f"file:{server.data}?mode=ro", uri=True)) as log:
        return log.execute(
            "select room.name, seq, kind, id, entry.name, at, body from entry join room on room = number"
            " order by room.name, seq"
        ).fetchall()


def panes(someone: Person, count: int) -> list[dict]:
    """As many panes as stand in the room that is shown, once there are so many."""
    found = someone.page.get_by_role("group", name="The relay sees")
    expect(found).to_have_count(count)
    return [pane.evaluate(READ_PANE) for pane in found.all()]


def value(kind: str, shown: str) -> str:
    return bytes.fromhex(shown).decode() if kind == "hex" else shown


def entry_of(pane: dict) -> tuple:
    """The entry again, from nothing but what the pane shows."""
    members = {name: value(part[0], part[2]) for name, part in pane["entry"] if part}
    # What can be selected is all that is shown, and nothing else.
    assert pane["selected"].split() == " ".join(shown for _, _, shown in pane["body"]).split()
    body, fields = "", b""
    for kind, name, shown in pane["body"]:
        if name not in ("", "body"):
            fields += bytes.fromhex(shown)
        else:
            body, fields = body + b64(fields) + value(kind, shown), b""
    members["body"] = body + b64(fields)
    members["seq"] = int(members["seq"])
    return tuple(members[name] for name in ("room", "seq", "kind", "id", "name", "at", "body"))


# ------------------------------------------------------------------------------------------ what is shown


def test_in_an_ordinary_room_the_own_messages_are_shown_as_the_relay_has_them_and_no_other(server, alice, bob):
    shown = []
    for level in LEVELS:
        room = f"{level} büro"
        alice.joins(room, level=level)
        bob.joins(room, level=level)
        alice.says("before")
        bob.sees("before")
        bob.says("an answer")
        alice.sees("an answer")
        alice.button(SHOW).click()
        assert [pane["text"] for pane in panes(alice, 1)] == ["before"]
        alice.says("é" * 700)
        alice.sees("é" * 700, state="relayed")
        found = panes(alice, 2)
        assert [pane["text"] for pane in found] == ["before", "é" * 700]
        shown += [entry_of(pane) for pane in found]
        assert [pane["stored"] for pane in found] == [entry[-1] for entry in shown[-2:]]
    assert shown == [entry for entry in stored(server) if entry[4] == "Alice"]
    assert len({entry[0] for entry in shown}) == 2


def test_in_a_room_with_a_list_its_changes_are_shown_as_the_relay_has_them(server, alice):
    alice.joins("kitchen", level="Identity")
    alice.says("hello")
    alice.sees("hello", state="relayed")
    alice.button(SHOW).click()
    opened, said = found = panes(alice, 2)
    assert opened["text"].startswith("You opened this room.") and said["text"] == "hello"
    leaks = {what: words for what, [words] in opened["leaks"]}
    assert leaks["Members"] == "“Alice”, an admin. Each by name and key"
    assert [name for name, _ in opened["legend"]] == [
        "number", "previous", "time", "signer", "count", "identity", "flags", "name", "list_sig",
        "epoch", "wrapper", "commitment", "enc", "ct", "epoch_sig",
    ]  # fmt: skip
    alice.button(WITHOUT).click()
    assert panes(alice, 2)[0]["body"] == opened["body"]
    alice.button(WITHOUT).click()
    assert [entry_of(pane) for pane in found] == stored(server)


def test_in_a_lab_room_everything_is_shown_as_the_relay_has_it_an_attackers_too(server, in_lab):
    alice, bob, shown = in_lab("Alice"), in_lab("Bob"), []
    for level, id in LEVELS.items():
        alice.joins("kitchen", level=f"Lab: {level}")
        bob.joins("kitchen", level=f"Lab: {level}")
        alice.button(SHOW).click()
        alice.says("hello")
        bob.sees("hello")
        bob.says("an answer")
        alice.sees("an answer")
        with RelayClient(server.websocket_url) as attacker:
            attacker.join(f"lab-{id}/kitchen", "Bob")
            attacker.appended(f"lab-{id}/kitchen", FALSE)
            attacker.appended(f"lab-{id}/kitchen", "passphrase-1.Zmxvb2Q \x00\n", kind="message-2")
        alice.sees_refusal("not-encrypted")
        alice.sees_refusal("unknown-kind")
        found = panes(alice, 4)
        assert [pane["text"] for pane in found[:2]] == ["hello", "an answer"]
        assert [pane["body"] for pane in found[2:3]] == [[["plain", "body", FALSE]]]
        assert [pane["stored"] is None for pane in found] == [False, False, True, True]
        assert [pane["label"] is None for pane in found] == [False, False, True, False]
        shown += [entry_of(pane) for pane in found]
    assert shown == stored(server)
    assert len(shown) == 8


def test_the_fields_are_named_and_sized_and_what_leaks_is_said(in_lab):
    alice = in_lab("Alice")
    alice.joins("kitchen", level="Lab: Passphrase")
    alice.button(SHOW).click()
    alice.says("twelve bytes")
    [pane] = panes(alice, 1)
    assert pane["text"] == "twelve bytes"
    sizes = {name: size for name, (size, _) in pane["legend"]}
    assert sizes["kdf"] == "1 byte" and sizes["counter"] == "4 bytes" and sizes["ct"] == "272 bytes"
    assert pane["label"] == f"{sum(int(size.split()[0]) for size in sizes.values())} bytes in hexadecimal"
    assert [name for name, _ in pane["legend"]] == [name for _, name, _ in pane["body"] if name]
    leaks = {what: words for what, [words] in pane["leaks"]}
    assert leaks["Length"] == "the text has 1 to 255 bytes: padding hides how many"
    assert leaks["Room"].startswith("lab-passphrase/kitchen:")
    # Without padding
    alice.button(WITHOUT).click()
    expect(alice.page.get_by_text("the text has exactly 12 bytes")).to_be_visible()
    [without] = panes(alice, 1)
    as_sent, unpadded = [{name: shown.replace(" ", "") for _, name, shown in one["body"]} for one in (pane, without)]
    assert unpadded["ct"] == as_sent["ct"][:24] + "??" * 16
    assert without["stored"] is None and "??" in without["note"]
    # With it again, and away
    alice.button(WITHOUT).click()
    expect(alice.page.get_by_text("the text has 1 to 255 bytes")).to_be_visible()
    assert entry_of(panes(alice, 1)[0]) == entry_of(pane)
    alice.button(SHOW).click()
    assert panes(alice, 0) == []
    assert alice.messages()[0].text == "twelve bytes"
    # Classic has nothing to be without
    alice.joins("kitchen", "another passphrase", level="Lab: Classic")
    alice.button(SHOW).click()
    expect(alice.button(WITHOUT)).to_have_count(0)
    alice.says("twelve bytes")
    expect(alice.page.get_by_text("the text has exactly 12 bytes, as this level does not pad")).to_be_visible()


# ------------------------------------------------------------------------------------------ how it is used


def test_by_keyboard_on_a_narrow_screen_nothing_is_cut_off_and_every_field_can_be_reached(person):
    alice = person("Alice", viewport={"width": 320, "height": 700})
    alice.joins("R" * 64)
    for text in ("short", "x" * 16_384):
        alice.says(text)
        alice.sees(text, state="relayed")
    alice.message_field.focus()
    page, show = alice.page, alice.button(SHOW)
    while not show.evaluate("button => button === document.activeElement"):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(show).to_have_attribute("aria-pressed", "true")
    found = page.get_by_role("group", name="The relay sees")
    expect(found).to_have_count(1)  # the other is far above
    fits(alice)
    dump = found.last.get_by_role("group", name="Body")
    assert dump.evaluate("one => one.scrollHeight > 10 * one.clientHeight && one.clientHeight < innerHeight")
    tab_to(alice, found.last)
    page.keyboard.press("ArrowUp")
    expect(found.first).to_be_focused()
    expect(found).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(found.last).to_be_focused()
    page.keyboard.press("Tab")
    expect(dump).to_be_focused()
    page.keyboard.press("Tab")
    expect(found.last.get_by_role("button", name="kdf")).to_be_focused()
    page.keyboard.press("ArrowDown")
    cost = found.last.get_by_role("button", name="cost")
    expect(cost).to_be_focused()
    expect(dump.locator("[data-name=cost]")).to_have_css("outline-style", "solid")
    expect(dump.locator("[data-name=kdf]")).to_have_css("outline-style", "none")
    for _ in range(8):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(dump.locator("[data-name=sig]")).to_be_in_viewport()
    # Of the two panes only one is on the way of the Tab key: its body, its legend, the body as it is stored.
    found.first.focus()
    tab_to(alice, alice.message_field, most=4)


def test_of_a_thousand_messages_only_those_near_the_eye_have_panes(server, in_lab):
    room = "lab-passphrase/kitchen"
    for first in range(0, 1_000, 200):  # a connection may not send more at once
        with RelayClient(server.websocket_url) as client:
            client.join(room, after=first)
            client.results([client.append(room, f"flood {first + number}") for number in range(200)])
    alice = in_lab("Alice")
    alice.joins("kitchen", level="Lab: Passphrase")
    alice.button(SHOW).click()
    expect(alice.page.get_by_text("flood 999")).to_be_visible()
    log, found = alice.page.get_by_role("log", name="Messages"), alice.page.get_by_role("group", name="The relay sees")
    assert found.count() <= 10
    log.evaluate("log => log.scrollTop = 0")
    expect(alice.page.get_by_text("flood 0", exact=True)).to_be_visible()
    assert found.count() <= 20
    alice.says("and what comes now")
    expect(alice.page.get_by_text("the text has 1 to 255 bytes")).to_be_visible()


TOOLS = """
async def row_tool(session, row_id):
    session.show.state("of " + row_id + ": " + session.wire.kept[row_id][0]["body"][:17], "info")

async def room_tool(session):
    session.show.state("of " + session.address, "info")

chat = Chat(platform, LAB, websocket, MemoryDevice(platform), [("Row tool", row_tool)], [("Room tool", room_tool)])
"""


def test_what_is_hung_beside_a_message_or_into_the_header_is_called_with_the_session(in_lab):
    alice = in_lab("Alice")
    source = (Path(__file__).parent.parent / "web" / "lab" / "chat.py").read_text("utf-8")
    changed = re.sub(r"\nchat = .*", lambda _: TOOLS, source)
    alice.page.route("**/lab/chat.py", lambda route: route.fulfill(body=changed))
    alice.joins("kitchen", level="Lab: Passphrase")
    alice.button("Room tool").click()
    alice.sees_state("of lab-passphrase/kitchen")
    expect(alice.button("Row tool")).to_have_count(0)
    alice.says("hello")
    alice.button(SHOW).click()
    alice.button("Row tool").click()
    alice.sees_state("of s0-1: lab-passphrase-1.")
