"""Passphrases and keys: where they may not be after a conversation, however written, and what a page can do with them.

In the page: its storage, address, title, console and document, every object that its Python reaches, and each CryptoKey
that it makes. On CPython: every object that a level holds, closures among them.
"""

import gc
import inspect
import json
import types
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import expect

from conftest import Server, open_context
from member import Device
from people import WORDS, derive_all, entry
from person import Person
from protocol import encoding, envelope, frames
from protocol.errors import BadFrame, BadInput, Problem, Refusal
from protocol.ladder import LADDER
from reference import ReferencePlatform, run
from reveal import forms_of, reveals, stands_in

TESTS = Path(__file__).parent
SECRET = "velvet-harpoon 1871 ümlaut"
SAID = "meet me by the crooked lighthouse"
START = "await chat.start()"  # the last line of main.py

# Notes each CryptoKey that Web Crypto gives or is given, and the bytes of each secret: those that it is made from, and
# those of a twin that may be exported. The page gets what it asked for.
WATCH = """{
  const original = { ...Object.fromEntries(["importKey", "deriveKey", "deriveBits", "generateKey", "unwrapKey", "sign",
    "encrypt", "decrypt", "exportKey"].map(name => [name, SubtleCrypto.prototype[name]])) };
  const keys = new Map(), secrets = new Set(), roots = new Set();
  const secret = (bytes) => secrets.add(new Uint8Array(bytes.slice(0)).toHex());
  const twin = {
    async importKey(format, data, algorithm, extractable, usages) {
      if (format === "raw" && !usages.includes("verify")) secret(data);
    },
    async deriveKey(algorithm, key, wanted, extractable, usages) {
      const twin = await original.deriveKey.call(this, algorithm, key, wanted, true, usages);
      secret(await original.exportKey.call(this, "raw", twin));
    },
  };
  for (const [name, call] of Object.entries(original)) {
    SubtleCrypto.prototype[name] = async function (...given) {
      await twin[name]?.apply(this, given);
      const made = await call.apply(this, given);
      for (const one of [...given, made, made?.privateKey, made?.publicKey]) {
        if (one instanceof CryptoKey) keys.set(one, name);
      }
      if (name === "deriveBits") secret(made);
      return made;
    };
  }
  const leaves = async (key) => {
    const formats = ["raw", "pkcs8", "jwk", "spki"];
    const tried = formats.map(format => original.exportKey.call(crypto.subtle, format, key));
    return (await Promise.allSettled(tried)).some(one => one.status === "fulfilled");
  };
  const facts = async (key) => ({
    type: key.type, algorithm: key.algorithm.name, extractable: key.extractable, leaves: await leaves(key),
  });
  new BroadcastChannel("roots").onmessage = ({ data }) => roots.add(data);
  self.watched = async () => [await Promise.all([...keys.keys()].map(facts)), [...secrets], [...roots]];
}"""

# Stands first in the worker that derives with Argon2id: tells WATCH the bytes that it makes a key of.
WATCH_WORKER = """{
  const { importKey } = SubtleCrypto.prototype, roots = new BroadcastChannel("roots");
  SubtleCrypto.prototype.importKey = function (format, data, ...more) {
    roots.postMessage(data.toHex());
    return importKey.call(this, format, data, ...more);
  };
}
"""

# Everything that a page keeps, shows or is called by, as text; bytes in hexadecimal.
BROWSER = """async () => {
  const text = async (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer
    ? new Uint8Array(value.buffer ?? value).toHex() : String(JSON.stringify(value));
  const result = (request) => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = failed;
  });
  const fields = [...document.querySelectorAll("input, textarea, select")].map(field => field.value);
  const databases = [], cached = [];
  for (const { name } of await indexedDB.databases()) {
    const database = await result(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const records = database.transaction(store).objectStore(store);
      const found = await Promise.all([result(records.getAllKeys()), result(records.getAll())]);
      databases.push(name, ...await Promise.all(found.flat().map(text)));
    }
    database.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const asked of await cache.keys()) cached.push(name, asked.url, await (await cache.match(asked)).text());
  }
  const workers = await navigator.serviceWorker.getRegistrations();
  return {
    address: location.href, title: document.title, name: self.name, state: await text(history.state),
    cookies: document.cookie, local: await text(localStorage), session: await text(sessionStorage),
    document: [document.documentElement.outerHTML, ...fields].join("\\n"),
    databases: databases.join("\\n"), caches: cached.join("\\n"),
    asked: performance.getEntries().map(entry => entry.name).join("\\n"),
    workers: workers.map(worker => worker.scope).join("\\n"),
  };
}"""


class Looked:
    """What one person's page holds. `places`: text by where it stands."""

    def __init__(self, person: Person):
        page = person.page
        self.keys, secrets, roots = page.evaluate("self.watched()")
        self.roots = [bytes.fromhex(root) for root in roots]  # made with Argon2id
        self.secrets = self.roots + [bytes.fromhex(secret) for secret in secrets]
        places = page.evaluate(BROWSER)
        places |= {"python": page.evaluate("walk()"), "console": "\n".join(person.context.console)}
        self.forms = {place: forms_of(text.encode()) for place, text in places.items()}

    def where(self, word: str) -> list[str]:
        return [place for place, forms in self.forms.items() if any(stands_in(form, word) for form in forms)]

    def where_bytes(self, secret: bytes) -> list[str]:
        return [place for place, forms in self.forms.items() if any(secret in form for form in forms)]


def watch(one: Person, planted: str = "") -> Person:
    """Lets this person's page tell what keys it makes, and what its Python holds."""
    one.page.add_init_script(WATCH)
    one.page.route("**/main.py", lambda route: route.fulfill(body=main_py(planted)))
    one.page.route("**/browser/argon2.js", watch_worker)
    return one


def watch_worker(route) -> None:
    theirs = route.fetch()
    route.fulfill(response=theirs, body=WATCH_WORKER + theirs.text())


def main_py(planted: str = "") -> str:
    """The page's own main.py, which then can walk its objects; `planted` is Python that runs before."""
    source = (TESTS.parent / "web" / "main.py").read_text("utf-8")
    assert source.rstrip().endswith(START)
    return "\n".join([source, planted, (TESTS / "page_walk.py").read_text("utf-8")])


class Talk(NamedTuple):
    pages: list[Looked]
    logged: str  # by the server, at its most talkative


def talked(people: list[Person], level: str) -> list[Looked]:
    alice, bob = people
    alice.tries_to_join("kitchen", SECRET * 50, level)
    expect(alice.page.get_by_role("alert").filter(has_text="at most 1024 are possible")).to_be_visible()
    for one in people:
        one.joins("kitchen", SECRET, level)
    alice.says(SAID)
    bob.sees(SAID, by="Alice")
    bob.says("yes")
    alice.sees("yes", by="Bob")
    return [Looked(one) for one in people]


@pytest.fixture(scope="module")
def talk(browser, tmp_path_factory, runtime_cache):
    """What two pages and the server hold after a talk at a level. Alice had been refused a passphrase before."""

    @cache
    def at(level: str) -> Talk:
        server = Server(tmp_path_factory.mktemp(level), cache=runtime_cache, log_level="debug").start()
        contexts = [open_context(browser), open_context(browser)]
        try:
            pages = talked(
                [watch(Person(*one, server.url)) for one in zip(("Alice", "Bob"), contexts, strict=True)], level
            )
        finally:
            for context in contexts:
                context.close()
            server.stop()
        return Talk(pages, server.output)

    return at


# Where a passphrase makes the keys. What a device holds at level identity is searched below, and in test_device.py.
OF_PASSPHRASE = [level for level in LADDER.levels if level.secret == "passphrase"]
at_every_level = pytest.mark.parametrize(
    "level",
    [
        pytest.param(level.title, marks=() if level is OF_PASSPHRASE[-1] else pytest.mark.long)
        for level in OF_PASSPHRASE
    ],
)


@at_every_level
def test_after_a_conversation_neither_passphrase_nor_key_stands_anywhere(talk, level):
    # What is shown is found. Of who wrote it the page keeps it, to show it as the relay has it.
    assert [looked.where(SAID) for looked in talk(level).pages] == [["document", "python"], ["document"]]
    for looked in talk(level).pages:
        assert SECRET.encode() in looked.secrets and len(looked.secrets) >= 2
        assert {len(root) for root in looked.roots} == (set() if level == "Classic" else {32})
        assert {secret: where for secret in looked.secrets if (where := looked.where_bytes(secret))} == {}
        assert looked.where(SECRET) == []
    assert "Secure Chat is at" in talk(level).logged and not reveals(talk(level).logged.encode(), SECRET)


@at_every_level
def test_no_key_that_a_page_has_can_leave_it_but_public_ones(talk, level):
    for looked in talk(level).pages:
        secret = [key for key in looked.keys if key["type"] != "public"]
        roots = set() if level == "Classic" else {"HKDF"}  # made in a worker with Argon2id, and handed over
        assert {key["algorithm"] for key in secret} >= {"PBKDF2", "AES-GCM", "HMAC", "Ed25519"} | roots
        assert [key for key in secret if key["extractable"] or key["leaves"]] == []
        assert all(key["leaves"] for key in looked.keys if key["type"] == "public")


@pytest.fixture(scope="module")
def talk_of_devices(browser, tmp_path_factory, runtime_cache):
    """What two pages hold after a talk at level identity."""
    server = Server(tmp_path_factory.mktemp("identity"), cache=runtime_cache).start()
    contexts = [open_context(browser), open_context(browser)]
    alice, bob = [watch(Device(*one, server.url)) for one in zip(("Alice", "Bob"), contexts, strict=True)]
    try:
        bob.opens(alice.joins("den").invites(), "den")
        alice.lets_in(bob)
        bob.says(SAID)
        alice.sees(SAID, by="Bob")
        yield [Looked(one) for one in (alice, bob)]
    finally:
        for context in contexts:
            context.close()
        server.stop()


def test_at_identity_no_key_that_a_page_has_can_leave_it_but_public_ones(talk_of_devices):
    for looked in talk_of_devices:
        secret = [key for key in looked.keys if key["type"] != "public"]
        assert {key["algorithm"] for key in secret} == {"AES-GCM", "HMAC", "Ed25519", "X25519"}
        assert [key for key in secret if key["extractable"] or key["leaves"]] == []


def test_at_identity_no_secret_and_no_word_stands_anywhere_but_in_python_and_what_is_shown(talk_of_devices):
    for looked in talk_of_devices:
        assert len(looked.secrets) >= 2
        assert {place for secret in looked.secrets for place in looked.where_bytes(secret)} <= {"python"}
        assert set(looked.where(SAID)) <= {"document", "python"} and "document" in looked.where(SAID)


PLANTED_IN_PYTHON = f"""
def keeper(secret):
    def kept():
        return secret
    return kept

chat.planted = [{{"deep": {SECRET.encode()!r}}}, keeper({SECRET!r})]
"""
PLANTED_IN_THE_BROWSER = """async (secret) => {
  const bytes = new TextEncoder().encode(secret);
  localStorage.note = btoa(unescape(encodeURIComponent(secret)));
  sessionStorage.note = secret;
  document.cookie = "note=" + bytes.toHex();
  history.replaceState({ note: secret }, "", "#" + encodeURIComponent(secret));
  document.title = self.name = secret;
  console.log(bytes.toHex());
  document.getElementById("join-name").value = secret;
  await (await caches.open("notes")).put("/note", new Response(secret));
  const opened = indexedDB.open("notes");
  opened.onupgradeneeded = () => opened.result.createObjectStore("notes").put(bytes, 1);
  await new Promise(done => { opened.onsuccess = done });
  opened.result.close();
  const key = await crypto.subtle.importKey("raw", bytes.slice(0, 16), "AES-GCM", true, ["encrypt"]);
  await crypto.subtle.encrypt({ name: "AES-GCM", iv: bytes }, key, bytes);
}"""


def test_the_search_and_the_watch_notice_what_is_planted(server, person):
    alice = watch(person("Alice", server.url, locale="en"), PLANTED_IN_PYTHON)
    alice.opens_the_page()
    alice.page.evaluate(PLANTED_IN_THE_BROWSER, SECRET)
    looked = Looked(alice)
    places = {"address", "title", "name", "state", "cookies", "local", "session", "document", "databases", "caches"}
    assert set(looked.where(SECRET)) == set(looked.where_bytes(SECRET.encode())) == places | {"python", "console"}
    assert [key["leaves"] for key in looked.keys if key["extractable"] and key["type"] == "secret"] == [True]


# ------------------------------------------------------------------------------------------ while joining


# The buttons of a note know the wish, out of sight of any search; this stands for them.
WISHES_KEPT = """
look, chat.wishes = chat.joining.look, []
def looking():
    chat.wishes.append(chat.joining.wish)
    return look()
chat.joining.look = looking
"""


def test_a_wish_that_ends_takes_its_passphrase_with_it(server, person):
    """A question stands; then the form changes."""
    person("Bob", server.url).joins("kitchen", "another one", "Classic")
    alice = watch(person("Alice", server.url, locale="en"), WISHES_KEPT)
    alice.tries_to_join("kitchen", SECRET, "Passphrase")
    alice.sees_note("also in use at level Classic")
    assert Looked(alice).where(SECRET) == ["document", "python"], "it is needed still"
    alice.field("Passphrase").fill("")
    expect(alice.page.get_by_role("status", name="Notes")).to_have_text("")
    assert Looked(alice).where(SECRET) == []
    alice.joins("kitchen", SECRET, "Classic")
    assert Looked(alice).where(SECRET) == []


# ------------------------------------------------------------------------------------------ what a level holds


class Handle:
    """What a level gets for a key, as from Web Crypto: nothing can be seen in it."""


class Vault:
    """A platform that keeps what its handles stand for in `held`."""

    HANDLES = ("passphrase_key", "pbkdf2_aes_key", "pbkdf2_root", "argon2id_secret", "argon2id_root", "hkdf_aes_key")

    def __init__(self):
        self.held = {}

    def __getattr__(self, name):
        method = getattr(ReferencePlatform(), name)

        def call(*given):
            return self.given_out(name, method(*self.looked_into(given)))

        async def call_async(*given):
            return self.given_out(name, await method(*self.looked_into(given)))

        return call_async if inspect.iscoroutinefunction(method) else call

    def looked_into(self, given):
        if isinstance(given, tuple | list):
            return type(given)(self.looked_into(one) for one in given)
        return self.held.get(given, given) if isinstance(given, Handle) else given

    def given_out(self, name, made):
        if name == "ed25519_generate":
            return self.handle(made[0]), made[1]
        return self.handle(made) if name in self.HANDLES else made

    def handle(self, secret):
        handle = Handle()
        self.held[handle] = secret
        return handle

    def secrets(self) -> list[bytes]:
        return [secret for secret in self.held.values() if isinstance(secret, bytes)]


def reachable(thing) -> list:
    """Every object that this one leads to, what closures keep among them; not the platform, and no code."""
    seen, queue = {}, [thing]
    while queue:
        one = queue.pop()
        if id(one) in seen or isinstance(one, Vault | type | types.ModuleType | types.CodeType):
            continue
        seen[id(one)] = one
        function = isinstance(one, types.FunctionType)
        queue += [one.__closure__, one.__defaults__] if function else gc.get_referents(one)
    return list(seen.values())


def holds(thing, secret: bytes) -> bool:
    """Whether bytes, text or a printed form of anything reachable has the secret in it."""
    for one in reachable(thing):
        plain = bytes(one) if isinstance(one, bytes | bytearray) else repr(one).encode()
        if any(form in plain for form in (secret, secret.hex().encode(), repr(secret)[2:-1].encode())):
            return True
    return False


async def in_a_conversation(level, platform):
    """A session of the level, once it has sealed and opened."""
    session = await level.start(platform, "kitchen", "Alice", WORDS)
    await session.prepare()
    body = await session.seal(SAID)
    other = await level.start(platform, "kitchen", "Bob", WORDS)
    for one in (session, other):
        await one.open([entry(1, body)])
        derive_all(one)
        await one.open([entry(2, await session.seal("more"))])
    return session, other


@pytest.mark.parametrize("level", OF_PASSPHRASE, ids=lambda level: level.id)
def test_nothing_that_a_level_holds_is_the_passphrase_or_a_key(level):
    vault = Vault()
    sessions = run(in_a_conversation(level, vault))
    assert WORDS in vault.secrets() and len(set(vault.secrets())) >= 2
    assert any(isinstance(one, Handle) for one in reachable(sessions))
    assert [secret for secret in vault.secrets() if holds(sessions, secret)] == []
    sessions[0].keyring.hint = lambda: WORDS  # a closure over a module's name is none
    assert not holds(sessions, WORDS)


def keeper(secret):
    return lambda: secret


@pytest.mark.parametrize("kept", [WORDS, [{1: WORDS.decode()}], keeper(WORDS), bytearray(WORDS), (WORDS.hex(),)])
def test_the_search_above_notices_a_level_that_holds_it(kept):
    session, _ = run(in_a_conversation(OF_PASSPHRASE[-1], Vault()))
    session.senders.hint = kept
    assert holds(session, WORDS)


# ------------------------------------------------------------------------------------------ what errors say

TYPED = "velvet harpoon"
PLATFORM = ReferencePlatform()
WRONG = {
    "a name too long": lambda: encoding.clean_name(PLATFORM, TYPED * 9, "name"),
    "an invisible name": lambda: encoding.clean_name(PLATFORM, TYPED + "\u200b.", "room"),
    "a passphrase too long": lambda: encoding.passphrase_bytes(PLATFORM, TYPED * 99),
    "half a character": lambda: encoding.passphrase_bytes(PLATFORM, TYPED + "\ud800"),
    "a text too long": lambda: envelope.text_bytes(TYPED * 9_999),
    "half a character of text": lambda: envelope.text_bytes(TYPED + "\udfff"),
    "no bytes": lambda: encoding.sized(TYPED),
    "no text": lambda: encoding.utf8_bytes(TYPED.encode(), "name"),
    "no number": lambda: encoding.uint(TYPED, 4, "counter"),
    "no base64url": lambda: encoding.from_base64url(PLATFORM, TYPED, "body"),
    "no body": lambda: envelope.read_passphrase(PLATFORM, TYPED),
    "a body cut short": lambda: envelope.read_passphrase(
        PLATFORM, "passphrase-1." + PLATFORM.base64url(TYPED.encode())
    ),
    "no classic body": lambda: envelope.read_classic(PLATFORM, TYPED),
    "half a classic body": lambda: envelope.read_classic(PLATFORM, '{"iv":"' + TYPED),
    "no frame": lambda: frames.read(TYPED),
    "a frame of no type": lambda: frames.read(json.dumps({"type": TYPED})),
    "a frame with more": lambda: frames.read(json.dumps({"type": "pong", TYPED: TYPED})),
    "a member of another form": lambda: frames.read(json.dumps({"type": "left", "room": [TYPED]})),
}


@pytest.mark.parametrize("name", WRONG)
def test_no_error_says_what_was_typed(name):
    with pytest.raises((BadInput, BadFrame, Problem, Refusal)) as error:
        WRONG[name]()
    said = [str(error.value), repr(error.value), repr(error.value.args), getattr(error.value, "for_people", "")]
    assert not reveals("\n".join(said).encode(), TYPED)
