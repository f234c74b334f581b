"""The passphrase of a device, what is kept of rooms, and the file to take along, in real browsers. The pure parts are
in both_vault.py; the device without a passphrase in test_device.py."""

import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from conftest import BROWSER_FLAGS, PATIENCE, find_browser, wait_until
from protocol.store_errors import SENTENCES
from reference import ReferencePlatform
from test_device import ENTER, LEFT, PIN, START, VISIT, WORD, Tab, flipped, shows

WORDS, OTHERS = "correct horse battery staple", "another passphrase"
CHOOSE = f"await device.locking.choose({WORDS!r})\n"
UNLOCK = f"await device.locking.unlock({WORDS!r})\n"
KEEP = CHOOSE + "await device.history.keep()\n"
STATES = "return [device.locking.chosen, device.locking.locked, device.records.layered]"
SAY = 'await device.history.append("Alice", "identity/kitchen", {log!r}, {seq}, {{"text": b"{text}"}})\n'
READ = """found, damaged = await device.history.read("Alice", "identity/kitchen")
return [[[log, seq, record["text"].decode()] for log, seq, record in found], damaged]"""


@pytest.fixture
def tab(device_context, device_server):
    def make() -> Tab:
        made = Tab(device_context, device_server.url)
        made.starts()
        return made

    return make


@pytest.fixture
def elsewhere(new_context, device_server) -> Tab:
    """Another browser."""
    made = Tab(new_context(), device_server.url)
    made.starts()
    return made


# ------------------------------------------------------------------------------------------ the passphrase


def test_a_passphrase_locks_all_names_and_opens_them_again(tab):
    one = tab()
    alice = one.enters()
    one.python(PIN + CHOOSE + 'await alice.keep_room_state("a", b"state")')
    assert one.python(STATES) == [True, False, True]
    assert one.python("return alice.ours.public.hex()") == alice, "the room goes on"
    one.comes_again()
    assert one.python(STATES) == [True, True, True]
    assert one.fails(ENTER) == "device-locked"
    assert one.fails(f"await device.locking.unlock({OTHERS!r})") == "wrong-device-passphrase"
    assert one.fails(ENTER) == "device-locked"
    one.python(UNLOCK)
    assert one.enters() == alice
    assert one.python('return [sorted(alice.trust.pins), (await alice.room_state("a")).decode()]') == [["Bob"], "state"]
    assert one.fails(CHOOSE) == "chosen"


def test_locking_leaves_the_rooms_stores_what_was_learned_and_forgets_the_keys(tab):
    one, other = tab(), tab()
    other.page.close()
    one.is_left_alone()
    alice = one.enters()
    one.python(
        CHOOSE
        + "global left\nleft = []\nasync def leave():\n    left.append(1)\n    alice.close()\ndevice.leave = leave"
    )
    one.python(PIN + "await device.locking.lock()")
    assert one.python("return [left, device.profiles, device.names_key, device.records.layer_key]") == [
        [1],
        {},
        None,
        None,
    ]
    assert one.fails(ENTER) == "device-locked"
    assert one.fails('await alice.keep_room_state("a", b"state")') == "device-locked"
    one.python(UNLOCK)
    assert one.enters() == alice
    assert one.python("return sorted(alice.trust.pins)") == ["Bob"]


def test_another_passphrase_takes_the_place_of_one_and_no_record_is_written_again(tab):
    one = tab()
    one.enters()
    one.python(CHOOSE)
    before = {(store, key): value for store, key, value in one.records()}
    assert one.fails(f"await device.locking.change({OTHERS!r}, 'x')") == "wrong-device-passphrase"
    assert one.fails(f"await device.locking.change({WORDS!r}, '')") == "passphrase-empty"
    assert {(store, key): value for store, key, value in one.records()} == before
    one.python(f"await device.locking.change({WORDS!r}, {OTHERS!r})")
    after = {(store, key): value for store, key, value in one.records()}
    assert {place for place in before if before[place] != after[place]} == {("profile", "vault")}
    one.comes_again()
    assert one.fails(UNLOCK) == "wrong-device-passphrase"
    one.python(f"await device.locking.unlock({OTHERS!r})")
    assert one.enters()


def test_a_passphrase_that_is_removed_locks_nothing_more(tab):
    one = tab()
    alice = one.enters()
    one.python(CHOOSE)
    assert one.fails(f"await device.locking.remove({OTHERS!r})") == "wrong-device-passphrase"
    one.python(f"await device.locking.remove({WORDS!r})")
    assert one.python(STATES) == [False, False, False]
    one.comes_again()
    assert one.enters() == alice


def test_a_passphrase_is_chosen_and_removed_in_the_only_tab_alone(tab):
    one, other = tab(), tab()
    one.enters("Alice")
    bob = other.enters("Bob")
    assert one.fails(CHOOSE) == "other-tabs"
    assert one.python(STATES) == [False, False, False]
    other.page.close()
    wait_until(
        lambda: one.python(f"try:\n    {CHOOSE}    return True\nexcept Exception:\n    return False"), PATIENCE, "alone"
    )
    third = tab()
    assert third.fails(ENTER) == "device-locked"
    third.python(UNLOCK)
    assert third.enters("Bob") == bob
    assert one.fails(f"await device.locking.remove({WORDS!r})") == "other-tabs"


def test_a_passphrase_that_cannot_be_stored_changes_nothing(tab):
    one = tab()
    alice = one.enters()
    one.page.evaluate("""() => {
      self.put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (value, key) {
        if (key !== "vault") return put.call(this, value, key);
        this.transaction.abort();
        Object.defineProperty(this.transaction, "error", { value: new DOMException("", "QuotaExceededError") });
      };
    }""")
    assert one.fails(CHOOSE) == "store-full"
    one.page.evaluate("() => { IDBObjectStore.prototype.put = put }")
    assert one.python(STATES) == [False, False, False]
    one.python('await alice.keep_room_state("a", b"state")')
    one.comes_again()
    assert one.enters() == alice


def test_a_damaged_name_stays_damaged_under_a_passphrase_and_the_others_are_there(tab):
    one = tab()
    one.enters("Alice")
    key = one.record(".trust")
    bob = one.enters("Bob")
    one.comes_again()
    one.changes("keys", key, flipped({key: value for _, key, value in one.records()}[key]))
    one.python(CHOOSE)
    assert one.fails(ENTER) == "store-damaged"
    assert one.enters("Bob") == bob
    one.comes_again()
    one.python(UNLOCK)
    assert one.enters("Bob") == bob
    assert one.fails(ENTER) == "store-damaged"


def test_an_idle_device_locks_itself_and_a_sign_of_the_person_keeps_it_open(tab):
    one = tab()
    one.page.clock.install()
    one.comes_again()
    one.enters()
    one.python(CHOOSE)
    assert one.fails("await device.locking.idle_after(1441)") == "bad-minutes"
    one.python("await device.locking.idle_after(2)")
    for _ in range(3):
        one.page.clock.run_for(70_000)
        one.python("device.locking.active()")
    assert one.python(STATES) == [True, False, True]
    one.page.clock.run_for(150_000)
    assert one.python(STATES) == [True, True, True]
    assert one.fails(ENTER) == "device-locked"
    one.comes_again()
    assert one.python("return device.locking.minutes") == 2
    one.changes("profile", "idle", "soon")
    one.comes_again()
    assert one.python("return device.locking.minutes") == 0


def test_a_computer_that_slept_finds_the_device_locked(tab):
    one = tab()
    one.enters()
    one.python(CHOOSE + "await device.locking.idle_after(60)")
    # The clock that never goes back stood still; the calendar went on.
    one.python("now = platform.time()\nplatform.time = lambda: now + 3601\nawait device.locking.look()")
    assert one.python(STATES) == [True, True, True]


# ------------------------------------------------------------------------------------------ what the files show


def opens(record: bytes, key: bytes, aad: bytes) -> bool:
    try:
        AESGCM(key).decrypt(record[:12], record[12:], aad)
    except InvalidTag:
        return False
    return True


def files_of(folder: Path) -> bytes:
    return b"".join(
        path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and "IndexedDB" in str(path)
    )


@pytest.mark.parametrize("chosen", [False, True], ids=["without a passphrase", "with one"])
def test_who_copies_the_browsers_files_is_stopped_by_a_passphrase_alone(browser, device_server, tmp_path, chosen):
    """Every 32 bytes of the files are tried as the key of the record `names`: without a passphrase one is it."""
    flags = BROWSER_FLAGS + (["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else [])
    program = find_browser(SimpleNamespace(chromium=browser.browser_type))
    context = browser.browser_type.launch_persistent_context(tmp_path / "profile", executable_path=program, args=flags)
    try:
        one = Tab(context, device_server.url)
        one.starts()
        if chosen:
            one.python(CHOOSE)
        one.enters()
        records = one.records()
    finally:
        context.close()
    label, sized = b"secure-chat identity 1 record", lambda data: len(data).to_bytes(4, "big") + data
    aad = label + sized(b"keys") + sized(b"names")
    [value] = [value for store, key, value in records if (store, key) == ("keys", "names")]
    record = ReferencePlatform().from_base64url(value)
    files = files_of(tmp_path / "profile")
    assert value.encode() in files, "the record itself is there"
    keys = (files[at : at + 32] for at in range(len(files) - 31))
    assert any(opens(record, key, aad) for key in keys) is not chosen


def test_a_copy_of_the_records_under_a_passphrase_shows_nothing_either(device_context, device_server):
    one = Tab(device_context, device_server.url)
    one.python(START + KEEP)
    one.python(VISIT.replace(START, ""))
    one.python(f'await device.history.append("Alice Liddell", "identity/kitchen", "log 7", 3, {{"text": b"{WORD}"}})')
    one.python(f'await device.history.keep_draft("Alice Liddell", "identity/kitchen", "{WORD}")\n' + LEFT)
    records = one.records()
    assert {store for store, _, _ in records} == {"profile", "keys", "history"}
    words = ["Alice", "Liddell", "Humpty", "kitchen", "identity/", WORD, "log 7", WORDS]
    assert [word for word in words if shows(records, word)] == []


# ------------------------------------------------------------------------------------------ what is kept of rooms


def say(log: str, seq: int, text: str) -> str:
    return SAY.format(log=log, seq=seq, text=text)


def test_messages_are_kept_in_their_order_and_drafts_with_them_until_that_is_turned_off(tab):
    one = tab()
    assert one.fails("await device.history.keep()") == "needs-passphrase"
    assert one.fails(UNLOCK) == "none-chosen"
    one.python(say("x", 1, "not kept") + 'await device.history.keep_draft("Alice", "identity/kitchen", "not kept")')
    one.python(KEEP + say("x", 2, "two") + say("x", 1, "one") + say("x", 256, "far") + say("a", 1, "new log"))
    one.python(say("x", 2, "two again") + 'await device.history.keep_draft("Alice", "identity/kitchen", "begun")')
    one.comes_again()
    assert one.fails(READ) == "device-locked"
    one.python(UNLOCK)
    everything = [["x", 1, "one"], ["x", 2, "two again"], ["x", 256, "far"], ["a", 1, "new log"]]
    assert one.python(READ) == [everything, 0]
    newest = READ.replace('kitchen")', 'kitchen", 2)')
    assert one.python(newest) == [everything[-2:], 0]
    assert one.python(READ.replace('"Alice"', '"Bob"')) == [[], 0], "another name's"
    draft = 'return await device.history.draft("Alice", "identity/kitchen")'
    assert one.python(draft) == "begun"
    one.python('await device.history.keep_draft("Alice", "identity/kitchen", "")')
    assert one.python(draft) == ""
    assert one.fails(f"await device.locking.remove({WORDS!r})") == "history-on"
    one.python("await device.history.stop()")
    assert one.python(READ) == [[], 0]
    assert [record for record in one.records() if record[0] == "history"] == []
    one.python(f"await device.locking.remove({WORDS!r})")


def test_a_changed_message_is_left_out_and_counted_and_the_rest_is_read(tab):
    one = tab()
    one.python(KEEP + "".join(say("x", seq, f"text {seq}") for seq in range(6)))
    records = {key: value for store, key, value in one.records() if store == "history"}
    keys = sorted(key for key in records if not key.endswith(".about"))
    one.changes("history", keys[1], flipped(records[keys[1]]))
    one.changes("history", keys[2], records[keys[3]])
    one.changes("history", keys[4], 7)
    one.changes("history", keys[0] + "x", records[keys[0]])
    texts = [["x", seq, f"text {seq}"] for seq in (0, 3, 5)]
    assert one.python(READ) == [texts, 4]
    [about] = [key for key in records if key.endswith(".about")]
    one.changes("history", about, flipped(records[about]))
    one.comes_again()
    one.python(UNLOCK)
    assert one.python(READ) == [texts, 4], "they tell their log themselves"
    assert one.fails(say("x", 6, "more")) == "store-damaged"


def test_many_messages_are_read_in_their_order(tab):
    one = tab()
    one.python(KEEP + "for seq in range(250):\n    " + SAY.format(log="x", seq="seq", text="t"))
    found, damaged = one.python(READ)
    assert [seq for _, seq, _ in found] == list(range(250)) and damaged == 0


def test_a_full_device_is_said_and_what_was_kept_is_there(tab, device_context, device_server):
    one = tab()
    one.python(KEEP + say("x", 1, "one"))
    one.page.evaluate("""() => {
      IDBObjectStore.prototype.put = function () {
        this.transaction.abort();
        Object.defineProperty(this.transaction, "error", { value: new DOMException("", "QuotaExceededError") });
      };
    }""")
    assert one.fails(say("x", 2, "two")) == "store-full"
    assert one.python(READ) == [[["x", 1, "one"]], 0]


def test_a_name_that_is_erased_takes_its_rooms_with_it(tab):
    one = tab()
    one.python(KEEP + say("x", 1, "one") + 'await device.history.append("Bob", "b", "x", 1, {"text": b"his"})')
    one.enters()
    one.python("await alice.erase()")
    assert one.python(READ) == [[], 0]
    assert one.python(READ.replace('"Alice", "identity/kitchen"', '"Bob", "b"')) == [[["x", 1, "his"]], 0]


# ------------------------------------------------------------------------------------------ the file, and the end

WRITTEN = f"""lines, damaged, left_out = await moving.written(device, {WORDS!r})
return ["\\n".join(lines) + "\\n", damaged, left_out]"""


def takes_over(tab: Tab, content: str, words: str = WORDS) -> list:
    tab.page.evaluate("content => { self.content = content }", content)
    source = f"taken = await moving.taken_over(device, window.content, {words!r})\n"
    return tab.python(source + "return [taken.names, taken.there, taken.messages, taken.left_out]")


def test_a_file_takes_names_pins_rooms_and_messages_to_another_browser(tab, elsewhere):
    one = tab()
    assert one.fails(WRITTEN) == "needs-passphrase"
    bob = one.enters("Bob")
    one.python("old, new = await alice.replace()")
    replaced = one.python("return alice.ours.public.hex()")
    alice = one.enters()
    one.python(PIN + 'await alice.keep_room_state("identity/kitchen", b"state")\n' + KEEP)
    one.python(say("x", 1, "the first") + say("y", 1, "the second"))
    one.python('await device.history.keep_draft("Alice", "identity/kitchen", "begun")')
    one.python("(await locks.wait(device.writing))()")
    wrong = WRITTEN.replace(WORDS, OTHERS)
    assert one.fails(wrong) == "wrong-device-passphrase"
    content, damaged, left_out = one.python(WRITTEN)
    assert (damaged, left_out) == (0, 0)
    # Long enough that none of them stands in random characters by chance.
    words = ["Alice", "kitchen", "the first", "the second", "begun"]
    assert [word for word in words if shows([["", "", line] for line in content.split("\n")], word)] == []

    elsewhere.python(KEEP.replace(WORDS, OTHERS))
    assert takes_over(elsewhere, content) == [["Alice", "Bob"], [], 2, 0]
    assert elsewhere.enters("Bob") == replaced != bob
    assert elsewhere.python("return alice.former.public.hex()") == bob
    assert elsewhere.enters() == alice
    assert elsewhere.python("return alice.trust.pin_of('Bob').version") == 3
    assert elsewhere.python('return (await alice.room_state("identity/kitchen")).decode()') == "state"
    assert elsewhere.python(READ) == [[["x", 1, "the first"], ["y", 1, "the second"]], 0]
    assert elsewhere.python('return await device.history.draft("Alice", "identity/kitchen")') == "begun"


SMALL_FILES = "from protocol import export\nexport.FILE_BYTES = 4_000\n"
EXPORTED = """
from device.settings import Settings

class NoPanel:
    def shows_device(self):
        return False

settings = Settings(platform, NoPanel(), device, None)
_, pieces = await settings.export_file("{words}")
return ["".join(pieces), settings.note]"""


def test_a_file_leaves_out_the_oldest_messages_rather_than_become_larger_than_a_page_can_read(tab, elsewhere):
    one = tab()
    one.enters()
    one.python(KEEP)
    for seq in range(1, 7):
        record = {"text": b"x" * 500, "at": f"2026-11-26T12:00:0{seq}.000Z".encode()}
        one.python(f'await device.history.append("Alice", "identity/kitchen", "x", {seq}, {record})')
    content, note = one.python(SMALL_FILES + EXPORTED.format(words=WORDS))
    assert len(content) <= 4_000
    elsewhere.python(KEEP.replace(WORDS, OTHERS))
    names, _, messages, _ = takes_over(elsewhere, content)
    assert names == ["Alice"] and 1 <= messages <= 4
    kept, _ = elsewhere.python(READ)
    assert [seq for _, seq, _ in kept] == [*range(7 - messages, 7)], "the newest"
    assert note.startswith(f"The file was made, without the {6 - messages} oldest messages: "), note


def test_a_file_replaces_nothing_that_is_there(tab, elsewhere):
    one = tab()
    one.enters()
    bob = one.enters("Bob")
    one.python(KEEP + say("x", 1, "one") + say("x", 2, "two"))
    content, *_ = one.python(WRITTEN)
    theirs = elsewhere.enters()
    assert takes_over(elsewhere, content) == [["Bob"], ["Alice"], 0, 2]
    assert elsewhere.enters() == theirs and elsewhere.enters("Bob") == bob
    elsewhere.python(KEEP + say("x", 2, "theirs"))
    assert takes_over(elsewhere, content)[:2] == [[], ["Alice", "Bob"]]
    assert elsewhere.python(READ) == [[["x", 1, "one"], ["x", 2, "theirs"]], 0]


def test_a_file_that_was_changed_or_is_another_changes_nothing(tab, elsewhere):
    one = tab()
    one.enters()
    one.python(CHOOSE)
    content, *_ = one.python(WRITTEN)
    before = elsewhere.records()
    for wrong in (flipped(content), content[:-20], "", "hello", content.replace("\n", "\n\n")):
        elsewhere.page.evaluate("content => { self.content = content }", wrong)
        assert elsewhere.fails(f"await moving.taken_over(device, window.content, {WORDS!r})") == "bad-file"
    elsewhere.page.evaluate("content => { self.content = content }", content)
    assert elsewhere.fails(f"await moving.taken_over(device, window.content, {OTHERS!r})") == "wrong-device-passphrase"
    assert elsewhere.records() == before


def test_a_file_leaves_out_what_is_damaged_and_says_how_much(tab, elsewhere):
    one = tab()
    one.enters("Alice")
    key = one.record(".trust")
    bob = one.enters("Bob")
    one.python(KEEP + say("x", 1, "one") + say("x", 2, "two"))
    records = {key: value for _, key, value in one.records()}
    message = sorted(key for store, key, _ in one.records() if store == "history" and not key.endswith("about"))[0]
    for store, place in (("keys", key), ("history", message)):
        one.changes(store, place, flipped(records[place]))
    content, damaged, left_out = one.python(WRITTEN)
    assert (damaged, left_out) == (2, 0)
    assert one.python(EXPORTED.format(words=WORDS))[1] == "The file was made, without 2 damaged records."
    assert takes_over(elsewhere, content) == [["Bob"], [], 0, 1]
    assert elsewhere.enters("Bob") == bob


def test_everything_is_erased_at_once_and_the_next_page_begins_anew(tab):
    one, other = tab(), tab()
    alice = one.enters()
    assert one.fails("await device.erase()") == "other-tabs"
    assert one.enters() == alice
    other.page.close()
    one.is_left_alone()
    one.python(CHOOSE + "await device.erase()")
    assert one.fails(ENTER) == "store-closed"
    assert one.records() == []
    one.comes_again()
    assert one.python(STATES) == [False, False, False]
    assert one.enters() != alice


def test_the_sentences_are_those_of_the_specification():
    specification = Path(__file__).resolve().parent.parent / "web" / "protocol" / "identity.md"
    part = specification.read_text("utf-8").split("### 7.1 ")[1].split("### 7.2 ")[0]
    assert dict(re.findall(r"^\| `([a-z]+-[a-z]+)` \| (.+?) \|$", part, re.MULTILINE)) == SENTENCES
