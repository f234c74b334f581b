"""Argon2id in the page: hash-wasm against published vectors and pyca, the worker that keeps the passphrase, rooms that
use it, and pages that do not have it. The worker by its door against pyca: check_argon2id_agrees_with_pyca, both.py."""

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from playwright.sync_api import expect

import server as code
from conftest import PATIENCE, Server, open_context, wait_until
from people import WORDS, entry, opened
from person import Person
from protocol.levels.passphrase import Passphrase
from reference import ReferencePlatform, WithoutArgon2id, run
from relay_client import RelayClient
from test_runtime import FOR_PAGES, answer_for_the_cdn

VECTORS = json.loads((Path(__file__).parent / "vectors" / "argon2id.json").read_text("utf-8"))
SHARED, ROOM = WORDS.decode(), "passphrase/kitchen"
WORKER, LIBRARY = "**/browser/argon2.js", "**/runtime/argon2.umd.min.js"
NEW, OLD = bytes([2, 2, 1, 0, 19]), bytes([1]) + (600_000).to_bytes(4, "big")  # kdf || cost

# Each of many, one after the other, with hash-wasm in the page itself; null where it refuses.
HASH_ALL = """async (all) => {
  const { folder } = document.querySelector("script[data-folder]").dataset;
  await import(folder + "runtime/argon2.umd.min.js");
  const bytes = Uint8Array.fromHex, outputs = [];
  for (const one of all) {
    outputs.push(await hashwasm.argon2id({
      password: bytes(one.passphrase), salt: bytes(one.salt), secret: bytes(one.secret), iterations: one.passes,
      parallelism: one.lanes, memorySize: one.kibibytes, hashLength: one.output.length / 2, outputType: "hex",
    }).catch(() => null));
  }
  return outputs;
}"""

# Starts the page's worker as argon2.py does; ask(passphrase, wish) sends one wish and gives the answer. Beside it the
# longest time in which the page could do nothing else, as a share of the whole.
WORKER_IN_HAND = """() => {
  const { folder } = document.querySelector("script[data-folder]").dataset;
  const bytes = Uint8Array.fromHex;
  const ticking = async (work) => {
    const began = performance.now();
    let last = began, longest = 0;
    const tick = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    };
    const ticker = setInterval(tick, 1);
    const result = await work();
    clearInterval(ticker);
    tick();
    return [result, longest / (last - began)];
  };
  self.ask = (passphrase, { salt, ...wish }) => ticking(() => new Promise((answered, failed) => {
    const worker = new Worker(folder + "browser/argon2.js", { type: "module" });
    worker.onerror = failed;
    setTimeout(() => failed(new Error("no answer")), 30_000);
    worker.onmessage = ({ data }) => { worker.terminate(); answered(data); };
    worker.postMessage({ passphrase: bytes(passphrase) });
    worker.postMessage({ number: 1, salt: bytes(salt), ...wish });
  }));
  self.withoutWorker = ({ salt, mebibytes }) => ticking(() => hashwasm.argon2id({
    password: "words", salt: bytes(salt), iterations: 2, parallelism: 1, memorySize: mebibytes * 1024, hashLength: 32,
  }));
}"""


def with_pyca(passphrase, salt, passes, lanes, kibibytes, **more) -> str:
    how = {"iterations": passes, "lanes": lanes, "memory_cost": kibibytes, "length": more.get("length", 32)}
    extras = {part: bytes.fromhex(more[part]) or None for part in ("secret", "ad") if part in more}
    return Argon2id(salt=bytes.fromhex(salt), **how, **extras).derive(bytes.fromhex(passphrase)).hex()


def ids(vectors):
    return [f"{one['id']}" for one in vectors]


@pytest.fixture(scope="module")
def in_page(browser, tmp_path_factory, runtime_cache):
    """The page, with its policy, in nobody's hands."""
    server, context = Server(tmp_path_factory.mktemp("server"), cache=runtime_cache).start(), open_context(browser)
    page = context.new_page()
    page.goto(server.url)
    expect(page.get_by_role("button", name="Join", exact=True)).to_be_enabled()
    yield page
    context.close()
    server.kill()


# ------------------------------------------------------------------------------------------ the function


@pytest.mark.parametrize("known", VECTORS, ids=ids(VECTORS))
def test_pyca_agrees_with_rfc_9106_and_with_openssl(known):
    given = {part: known[part] for part in known if part not in ("id", "output")}
    assert with_pyca(**given, length=len(known["output"]) // 2) == known["output"]


def test_hash_wasm_agrees_with_every_published_vector_that_it_can_take(in_page):
    """It has no associated data, which we do not use, and refuses the empty password, which no room has."""
    possible = [one for one in VECTORS if one["passphrase"] and not one["ad"]]
    assert [one["id"] for one in possible] == [3, 4, 5, 6]
    assert in_page.evaluate(HASH_ALL, possible) == [one["output"] for one in possible]


def spread():
    """Many small cases: memory from the least of each number of lanes, lengths around the blocks of BLAKE2b."""
    for number in range(240):
        at_random = hashlib.sha512(number.to_bytes(2, "big")).digest()
        lanes = number % 4 + 1
        given = {"passphrase": (at_random * 5)[: (1, 31, 63, 64, 65, 127, 128, 129, 255)[number % 9]].hex()}
        given |= {"salt": at_random[: (8, 16, 32, 64)[number // 4 % 4]].hex(), "secret": at_random[: number % 3].hex()}
        given |= {"passes": number % 10 + 1, "lanes": lanes, "kibibytes": 8 * lanes + at_random[0] % 40}
        yield given | {"output": with_pyca(**given)}


def test_hash_wasm_agrees_with_pyca(in_page):
    cases = list(spread())
    assert in_page.evaluate(HASH_ALL, cases) == [one["output"] for one in cases]


# ------------------------------------------------------------------------------------------ the worker


@pytest.fixture
def ask(in_page):
    """ask(wish) -> what the worker's answer is, and how long it kept the page, as a share."""
    in_page.evaluate(WORKER_IN_HAND)
    usual = {"salt": bytes(32).hex(), "passes": 2, "lanes": 1, "mebibytes": 19}
    script = "async ([words, wish]) => { const [data, share] = await ask(words, wish); const { root } = data;" + (
        "return { told: Object.keys(data), share, root: root && { type: root.type, algorithm: root.algorithm.name,"
        "extractable: root.extractable, usages: root.usages } }; }"
    )
    return lambda **wish: in_page.evaluate(script, [WORDS.hex(), usual | wish])


def test_the_worker_gives_a_key_that_nobody_can_look_into_and_nothing_else(ask):
    answer = ask()
    assert answer["told"] == ["number", "root"]
    assert answer["root"] == {"type": "secret", "algorithm": "HKDF", "extractable": False, "usages": ["deriveKey"]}


@pytest.mark.parametrize("mebibytes", [65_535, 0])
def test_memory_that_cannot_be_had_is_an_answer(ask, mebibytes):
    assert ask(mebibytes=mebibytes)["root"] is None


def test_the_page_goes_on_while_the_worker_derives(in_page, ask):
    in_page.evaluate(HASH_ALL, [])
    alone = in_page.evaluate("wish => withoutWorker(wish)", {"salt": bytes(32).hex(), "mebibytes": 128})[1]
    assert ask(mebibytes=128)["share"] < 0.5 < alone


def test_no_other_script_becomes_a_worker(in_page):
    # In a timer: what the browser's debugger evaluates itself is exempt from the page's policy.
    attempt = """address => new Promise((done) => setTimeout(() => {
      try { done(String(new Worker(address, { type: "module" }))) } catch (error) { done(error.name) }
    }))"""
    ours = in_page.locator("script[data-folder]").get_attribute("data-folder") + "browser/argon2.js"
    assert in_page.evaluate(attempt, ours) == "[object Worker]"
    others = [ours.replace("argon2", "../start"), ours + "#", "data:text/javascript,1", "https://cdn.jsdelivr.net/x.js"]
    assert [in_page.evaluate(attempt, other) for other in others] == ["TypeError"] * 4


# ------------------------------------------------------------------------------------------ in rooms


@pytest.fixture
def relay(server):
    with RelayClient(server.websocket_url) as client:
        yield client


def bodies(relay) -> list[str]:
    """What stands in the room's log. Joins the room."""
    newest = relay.join(ROOM, "Pat")["newest"]
    return [one["body"] for one in relay.entries(ROOM, newest)] if newest else []


def parameters_of(body: str) -> bytes:
    """kdf || cost."""
    return ReferencePlatform().from_base64url(body.removeprefix("passphrase-1."))[:5]


def python_client(name: str = "Pat", platform=None) -> Passphrase:
    """Our protocol over pyca, outside of any page."""
    return run(Passphrase.start(platform or ReferencePlatform(), "kitchen", name, WORDS))


def test_a_page_and_a_python_client_talk_in_a_room_of_argon2id(alice, relay):
    alice.joins("kitchen", SHARED)
    alice.says("hello")
    alice.sees("hello", state="relayed")
    [body], pat = bodies(relay), python_client()
    assert parameters_of(body) == NEW
    assert [one.text for one in opened(pat, entry(1, body))] == ["hello"]
    run(pat.prepare())
    reply = run(pat.seal("hello, page"))
    assert parameters_of(reply) == NEW
    relay.appended(ROOM, reply)
    alice.sees("hello, page", by="Pat")


def test_a_page_goes_on_with_pbkdf2_in_a_room_that_uses_it(alice, relay):
    relay.join(ROOM, "Pat")
    relay.appended(ROOM, sealed(python_client(platform=WithoutArgon2id()), "an old one"))
    alice.joins("kitchen", SHARED)
    alice.sees("an old one", by="Pat")
    alice.says("still with PBKDF2")
    alice.sees("still with PBKDF2", state="relayed")
    assert [parameters_of(body) for body in bodies(relay)] == [OLD, OLD]


def sealed(client: Passphrase, text: str) -> str:
    run(client.prepare())
    return run(client.seal(text))


def test_the_worker_ends_when_its_room_is_left_and_each_room_has_its_own(alice):
    alice.joins("kitchen", SHARED)
    alice.joins("cellar", "another passphrase")
    alice.joins("attic", "a third one", "Classic")
    has = lambda count: len(alice.page.workers) == count or alice.page.wait_for_timeout(20)  # noqa: E731 - one line
    wait_until(lambda: has(2), PATIENCE, "two workers")
    for room, left in (("kitchen", 1), ("cellar", 0)):
        alice.goes_to(room)
        alice.leaves()
        wait_until(lambda left=left: has(left), PATIENCE, f"{left} workers")


# ------------------------------------------------------------------------------------------ where it is missing


@pytest.fixture
def dora(person) -> Person:
    """A person whose browser has nothing in its cache."""
    return person("Dora", locale="en")


MISSING = {
    "the worker's script is not there": (WORKER, {"status": 404}),
    "hash-wasm is not there": (LIBRARY, {"status": 404}),
    "hash-wasm is none": (LIBRARY, {"body": "throw new Error()", "content_type": "text/javascript"}),
}


EACH = [
    pytest.param(*where, marks=[pytest.mark.long] * (what == "hash-wasm is not there"))
    for what, where in MISSING.items()
]


@pytest.mark.parametrize(("address", "answer"), EACH, ids=MISSING)
def test_a_page_without_argon2id_opens_what_is_of_pbkdf2_and_says_what_is_missing(dora, relay, address, answer):
    dora.page.route(address, lambda route: route.fulfill(**answer))
    relay.join(ROOM, "Pat")
    relay.appended(ROOM, sealed(python_client(platform=WithoutArgon2id()), "with PBKDF2"))
    relay.appended(ROOM, sealed(python_client("Pia"), "with Argon2id"))
    dora.joins("kitchen", SHARED)
    dora.sees("with PBKDF2", by="Pat")
    dora.sees_refusal("kdf-unavailable")
    dora.sees_alert("need Argon2id, which this page could not load")


def test_a_page_whose_python_comes_from_the_cdn_has_no_argon2id(start_server, person, runtime_cache):
    own = code.own_copy(code.read_manifest(), runtime_cache)
    server = start_server(runtime="cdn")
    dora = person("Dora", server.url, locale="en")
    answer_for_the_cdn(dora.page, {file.address: own[file.name] for file in FOR_PAGES})
    with RelayClient(server.websocket_url) as relay:
        relay.join(ROOM, "Pat")
        relay.appended(ROOM, sealed(python_client(), "with Argon2id"))
        dora.joins("kitchen", SHARED)
        dora.sees_refusal("kdf-unavailable")
        dora.sees_alert("need Argon2id, which this page could not load")
        dora.says("hello")
        dora.sees("hello", state="relayed")
        assert [parameters_of(body) for body in bodies(relay)] == [NEW, OLD]


def test_a_page_without_argon2id_is_read_by_all_in_a_room_that_uses_it(alice, dora, relay):
    dora.page.route(LIBRARY, lambda route: route.fulfill(status=404))
    alice.joins("kitchen", SHARED)
    alice.says("hello")
    dora.joins("kitchen", SHARED)
    dora.sees_refusal("kdf-unavailable")
    dora.says("hello too")
    alice.sees("hello too", by="Dora")
    assert [parameters_of(body) for body in bodies(relay)] == [NEW, OLD]
    alice.says("and I read you")
    dora.until(lambda: [row.code for row in dora.rows()].count("kdf-unavailable") == 2, "a second one is not opened")


def test_a_worker_that_never_answers_is_given_up_and_the_room_goes_on_with_pbkdf2(dora, relay):
    dora.page.clock.install()
    silent = "self.asked = 0; self.onmessage = ({ data }) => { self.asked = data.number ?? 0 }"
    dora.page.route(WORKER, lambda route: route.fulfill(body=silent, content_type="text/javascript"))
    dora.joins("kitchen", SHARED)
    dora.says("at last")
    dora.sees("at last", state="sending")
    [worker] = dora.page.workers
    wait_until(lambda: worker.evaluate("self.asked"), PATIENCE, "the worker is asked")
    dora.page.clock.fast_forward(31_000)
    dora.sees("at last", state="relayed")
    assert [parameters_of(body) for body in bodies(relay)] == [OLD]
