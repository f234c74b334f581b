"""A lab room's page: a message explained, and the room taken home.

One room for all stories here, in which Alice has spoken and somebody has tampered; each looks at it as Bob.
"""

import json
import subprocess
import sys
from typing import NamedTuple

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from playwright.sync_api import expect

from conftest import ROOT, Server, as_arguments, keep_evidence
from known_answers import pad, pbkdf2, sized
from person import PASSPHRASE, PATIENCE, Person
from reference import ReferencePlatform
from relay_client import RelayClient

TEXT = "meet at noon, é 東京 👋"
AT_PASSPHRASE, AT_CLASSIC = "Lab: Passphrase", "Lab: Classic"
SHOW = "Show what the relay sees"
MASK = "••••••••"
SECRETS = {"passphrase", "root", "key", "pad(UTF-8(text))", "UTF-8(text)", "text"}

# Of each step: what it says, every value as (name, text), and the lines that ran.
READ_STEPS = """panel => [...panel.querySelectorAll('.step')].map(step => {
  const texts = (selector, part) => [...(part ?? step).querySelectorAll(selector)].map(one => one.textContent);
  const ran = part => [texts('.path', part)[0], texts('summary', part)[0].replace('What ran: ', ''),
    texts('.integrity', part)[0], Number(texts('.number', part)[0]), texts('.lines code', part).join('')];
  return [texts('h3')[0], step.dataset.holds, texts('.says .code').join(' '),
    [...step.querySelectorAll('.values > div')].map(one => [...texts('dt', one), ...texts('dd code', one)]),
    [...step.querySelectorAll('.ran')].map(ran)];
})"""


class Step(NamedTuple):
    title: str
    holds: str  # yes, or no for the one that ends it
    code: str
    values: list  # [name, text]
    ran: list  # [file, name, hash, number of the first line, lines]


class Explanation:
    """The open panel."""

    def __init__(self, page):
        self.page, self.panel = page, page.get_by_role("dialog", name="Explain this message")
        expect(self.panel).to_be_visible(timeout=PATIENCE * 1_000)
        self.steps = [Step(*step) for step in self.panel.evaluate(READ_STEPS)]
        self.values = dict(value for step in self.steps for value in step.values)

    def holder(self, name: str):
        """The last button that shows a value of this name."""
        return self.panel.get_by_role("button", name=f"Hold to show {name}", exact=True).last

    def value(self, name: str):
        """What stands beside that button."""
        return self.holder(name).locator("xpath=following-sibling::code")


class Room(NamedTuple):
    server: Server
    bob: Person
    entries: dict  # by room address, as the relay has them


@pytest.fixture(scope="module")
def room(used_context, usual_port, tmp_path_factory, runtime_cache):
    server = Server(tmp_path_factory.mktemp("server"), cache=runtime_cache, port=usual_port, lab=True).start()
    people = [
        Person(name, used_context(name, fresh_at=server.url), f"{server.url}/lab/chat") for name in ("Alice", "Bob")
    ]
    for one in people:
        one.page.goto(one.url)
        expect(one.button("Join")).to_be_enabled(timeout=PATIENCE * 1_000)  # twice as many files as the chat's
    entries = {}
    for level, name in ((AT_CLASSIC, "cellar"), (AT_PASSPHRASE, "kitchen")):
        for one in people:
            one.joins(name, level=level)
        people[0].says(TEXT)
        people[1].sees(TEXT, by="Alice")
        address = f"lab-{level.removeprefix('Lab: ').lower()}/{name}"
        entries[address] = tamper(server, address)
        people[1].until(lambda: len(people[1].rows()) >= 3 and people[1].rows()[-1].code, "Bob sees what was tampered")
    yield Room(server, people[1], entries)
    for one in people:
        one.page.close()
    server.kill()


def tamper(server: Server, address: str) -> list[dict]:
    """Appends the room's first body again, and with its last bit flipped. Returns what the relay has then."""
    with RelayClient(server.websocket_url) as mallory:
        mallory.join(address, "Mallory")
        [first] = mallory.entries(address, 1)
        flipped = flip(first["body"])
        mallory.appended(address, first["body"])
        last = mallory.appended(address, flipped)
        return [first, *mallory.entries(address, last)]


def flip(body: str) -> str:
    """The body with one bit of its ciphertext, or of its signature, flipped."""
    if body.startswith("{"):
        data = json.loads(body)
        data["ciphertext"] = ("A" if data["ciphertext"][0] != "A" else "B") + data["ciphertext"][1:]
        return json.dumps(data, separators=(",", ":"))
    return body[:-10] + ("A" if body[-10] != "A" else "B") + body[-9:]


@pytest.fixture
def bob(room, request):
    """In the lab's kitchen, with nothing open."""
    room.bob.goes_to("kitchen")
    yield room.bob
    keep_evidence(room.bob.context, request.node, "Bob")
    room.bob.page.keyboard.press("Escape")
    expect(room.bob.page.get_by_role("dialog")).to_have_count(0)


def row(bob: Person, code: str | None):
    rows = bob.page.get_by_role("log", name="Messages").locator(".row")
    return rows.and_(bob.page.locator(f'[data-code="{code}"]')) if code else rows.filter(has_text=TEXT)


def presses(bob: Person, code: str | None = None) -> Explanation:
    """Presses the text of Alice's message, or of the one that was refused with this code."""
    row(bob, code).locator(".text").click()
    return Explanation(bob.page)


def formulas(entry: dict, room: str) -> dict:
    """Every value of the specification's formulas for a body of lab-passphrase, from the body and the passphrase."""
    data = ReferencePlatform().from_base64url(entry["body"].removeprefix("lab-passphrase-1."))
    in_room, size = sized(room.encode()), int.from_bytes(data[53:57], "big")
    fields, ct, sig = data[: 101 + size], data[101 + size : -64], data[-64:]
    assert data[:5] == bytes([2, 2, 1, 0, 19]), "Argon2id, 2 passes, 1 lane, 19 MiB"
    digest = Hash(SHA256())
    digest.update(b"secure-chat lab-passphrase 1 root" + in_room + data[5:21])
    root_salt = digest.finalize()
    root = Argon2id(salt=root_salt, length=32, iterations=2, lanes=1, memory_cost=19 * 1024).derive(PASSPHRASE.encode())
    key = HKDF(SHA256(), 32, data[21:53], b"secure-chat lab-passphrase 1 key" + in_room).derive(root)
    header = b"secure-chat lab-passphrase 1 header" + in_room + fields
    nonce = bytes(8) + data[57 + size : 61 + size]
    padded = AESGCM(key).decrypt(nonce, ct, header)
    assert padded == pad(TEXT.encode())
    Ed25519PublicKey.from_public_bytes(data[21:53]).verify(sig, header + ct)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(data[21:53]).verify(sig, header)
    values = {"fields": fields, "ct": ct, "sig": sig, "root_salt": root_salt, "root": root, "key": key, "nonce": nonce}
    values |= {
        "header": header,
        "pad(UTF-8(text))": padded,
        "UTF-8(text)": TEXT.encode(),
        "session_public": data[21:53],
    }
    return {name: value.hex() for name, value in values.items()} | {
        "passphrase": PASSPHRASE,
        "text": TEXT,
        "room": room,
    }


# ------------------------------------------------------------------------------------------ explained


def test_each_value_is_that_of_the_formulas_and_a_secret_one_shows_only_while_it_is_held(room, bob):
    expected = formulas(room.entries["lab-passphrase/kitchen"][0], "kitchen")
    seen = presses(bob)
    assert len(seen.steps) == 12 and {step.holds for step in seen.steps} == {"yes"}
    for name, value in expected.items():
        assert seen.values[name] == (MASK if name in SECRETS else value), name
    hidden = {expected[name] for name in SECRETS - {"text"}}  # which stands in its row
    assert is_in_the_document(bob, expected["ct"]) and not [one for one in hidden if is_in_the_document(bob, one)]
    for name in sorted(SECRETS):
        holder = seen.holder(name)
        expect(holder).to_have_attribute("aria-pressed", "false")
        holder.focus()
        bob.page.keyboard.down("Space")
        expect(seen.value(name)).to_have_text(expected[name])
        expect(holder).to_have_attribute("aria-pressed", "true")
        bob.page.keyboard.up("Space")
        expect(seen.value(name)).to_have_text(MASK)
    assert not [one for one in hidden if is_in_the_document(bob, one)]


def is_in_the_document(one: Person, text: str) -> bool:
    return text in one.page.evaluate("document.documentElement.outerHTML")


def test_a_secret_goes_when_the_pointer_lets_go_the_focus_leaves_or_the_panel_closes(room, bob):
    key = formulas(room.entries["lab-passphrase/kitchen"][0], "kitchen")["key"]
    seen, keyboard, mouse = presses(bob), bob.page.keyboard, bob.page.mouse
    holder, value = seen.holder("key"), seen.value("key")
    holder.hover()
    mouse.down()
    expect(value).to_have_text(key)
    mouse.move(5, 5)  # held still
    expect(value).to_have_text(key)
    mouse.up()
    expect(value).to_have_text(MASK)
    holder.focus()
    keyboard.down("Enter")
    expect(value).to_have_text(key)
    seen.holder("root").focus()
    expect(value).to_have_text(MASK)
    keyboard.up("Enter")
    holder.evaluate("button => button.click()")  # as a screen reader does
    expect(value).to_have_text(key)
    holder.evaluate("button => button.click()")
    expect(value).to_have_text(MASK)
    holder.evaluate("button => button.click()")
    keyboard.press("Escape")
    expect(seen.panel).to_have_count(0)
    expect(bob.page.locator(".step")).to_have_count(0)
    assert not is_in_the_document(bob, key)


def test_the_lines_are_those_of_the_files_served_and_their_hash_is_the_servers(room, bob, runtime_cache):
    options = as_arguments({"manifest": True, "lab": True, "cache": runtime_cache})
    printed = subprocess.run(
        [sys.executable, ROOT / "server.py", *options], capture_output=True, timeout=60, check=True
    )
    listed = dict(line.split(" ", 1) for line in printed.stdout.decode().splitlines())
    shown = [ran for step in presses(bob).steps for ran in step.ran]
    assert len(shown) >= 12 and {"header", "nonce", "root_salt", "Passphrase.derive_root"} <= {ran[1] for ran in shown}
    for path, name, integrity, number, lines in shown:
        assert integrity == listed[path], path
        file = (ROOT / "web" / path).read_text("utf-8").splitlines()
        block = file[number - 1 :][: len(lines.splitlines())]
        indent = len(block[0]) - len(block[0].lstrip())
        assert lines.splitlines() == [line[indent:] for line in block], name
        assert name.rpartition(".")[2] in lines


def test_an_altered_message_is_explained_by_keyboard_up_to_the_refusal(bob):
    bob.button(SHOW).press("Enter")
    row(bob, "bad-signature").get_by_role("button", name="Explain").press("Enter")
    seen = Explanation(bob.page)
    bob.page.keyboard.press("Escape")
    bob.button(SHOW).press("Enter")
    assert [step.holds for step in seen.steps] == ["yes", "yes", "yes", "no"]
    assert (seen.steps[-1].title, seen.steps[-1].code) == ("4. Did this session write exactly this?", "bad-signature")
    assert {"passphrase", "root", "key"}.isdisjoint(seen.values)


def test_a_repeated_message_opens_and_is_refused_all_the_same(bob):
    seen = presses(bob, "replayed")
    assert [step.holds for step in seen.steps] == ["yes"] * 10 + ["no"]
    assert seen.steps[-1].code == "replayed"


def test_at_classic_a_message_is_explained_too(room, bob):
    bob.goes_to("cellar")
    body = json.loads(room.entries["lab-classic/cellar"][0]["body"])
    salt, iv = (ReferencePlatform().from_base64url(body[field]) for field in ("salt", "iv"))
    key = pbkdf2(PASSPHRASE.encode(), salt, 150_000)
    assert AESGCM(key).encrypt(iv, TEXT.encode(), None) == ReferencePlatform().from_base64url(body["ciphertext"])
    seen = presses(bob)
    assert (len(seen.steps), seen.values["salt"], seen.values["iv"]) == (4, salt.hex(), iv.hex())
    seen.holder("key").focus()
    bob.page.keyboard.down("Space")
    expect(seen.value("key")).to_have_text(key.hex())
    bob.page.keyboard.up("Space")
    bob.page.keyboard.press("Escape")
    assert [presses(bob, "cannot-open").steps[-1].code] == ["cannot-open"]


def test_in_a_room_with_a_list_messages_and_changes_of_the_list_are_explained(bob):
    bob.joins("larder", level="Lab: Identity")
    bob.says(TEXT)
    bob.sees(TEXT, state="relayed")
    said = presses(bob)
    assert len(said.steps) == 12 and {step.holds for step in said.steps} == {"yes"}
    assert all(lines for step in said.steps for *_, lines in step.ran)
    said.holder("key").focus()
    bob.page.keyboard.down("Space")
    expect(said.value("key")).not_to_have_text(MASK)
    key = bytes.fromhex(said.value("key").inner_text())
    bob.page.keyboard.up("Space")
    nonce, sealed, header = [bytes.fromhex(said.values[name]) for name in ("nonce", "ct", "header")]
    assert AESGCM(key).decrypt(nonce, sealed, header) == pad(TEXT.encode())
    bob.page.keyboard.press("Escape")
    bob.button(SHOW).click()
    opening = bob.page.locator(".row.inspected[data-kind=notice]")
    opening.get_by_role("button", name="Explain").click()
    opened = Explanation(bob.page)
    assert [step.holds for step in opened.steps] == ["yes"] * 4
    assert opened.values["signer"] == said.values["sender"] and opened.values["list_hash"] == said.values["list_hash"]
    bob.page.keyboard.press("Escape")
    bob.button("Take home").click()
    taken = bob.page.get_by_role("dialog", name="Take this room home")
    expect(taken).to_contain_text("No passphrase opens it")
    expect(taken.get_by_role("link")).to_have_text(["larder.capture.json"])


def test_who_selects_a_text_is_not_given_an_explanation(bob):
    box = row(bob, None).locator(".text").bounding_box()
    bob.page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2)
    bob.page.mouse.down()
    bob.page.mouse.move(box["x"] + 60, box["y"] + box["height"] / 2, steps=4)
    bob.page.mouse.up()
    assert bob.page.evaluate("getSelection().toString()") in TEXT
    presses(bob, "replayed")  # which a panel over the page would not have let happen


# ------------------------------------------------------------------------------------------ taken home


def test_a_room_taken_home_opens_there_and_not_with_another_passphrase(room, bob, tmp_path):
    for name, address in (("cellar", "lab-classic/cellar"), ("kitchen", "lab-passphrase/kitchen")):
        bob.goes_to(name)
        capture, program = takes_home(bob, tmp_path, f"{name}.capture.json")
        taken = json.loads(capture.read_text("utf-8"))
        assert (taken["room"], taken["entries"]) == (address, room.entries[address])
        assert program.read_bytes() == (ROOT / "web" / "lab" / "open_capture.py").read_bytes()
        first = room.entries[address][0]
        status, lines = opens(program, capture, PASSPHRASE)
        assert (status, lines[0]) == (1, f"1 {first['at']} 'Alice' {TEXT!r}")
        assert ["does not open" in line for line in lines] == [False, True, True], "the tampered ones"
        capture.write_text(json.dumps(taken | {"entries": [first]}), "utf-8")
        assert opens(program, capture, PASSPHRASE) == (0, lines[:1])
        assert opens(program, capture, "another")[0] == 1


def takes_home(bob: Person, folder, name: str) -> list:
    bob.button("Take home").click()
    panel = bob.page.get_by_role("dialog", name="Take this room home")
    saved = []
    for file in (name, "open_capture.py"):
        with bob.page.expect_download() as download:
            panel.get_by_role("link", name=file).click()
        assert download.value.suggested_filename == file
        saved.append(folder / file)
        download.value.save_as(saved[-1])
    bob.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    return saved


def opens(program, capture, passphrase: str):
    done = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", program, capture],
        input=f"{passphrase}\n".encode(), capture_output=True, timeout=60, start_new_session=True,
    )  # fmt: skip
    return done.returncode, done.stdout.decode().splitlines()
