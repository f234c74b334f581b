"""The protocol on the page's own Python: the same checks on CPython over pyca/cryptography and on MicroPython over Web
Crypto, and each opens what the other sealed. The page is the real one with its policy; only its main.py is another."""

import hashlib
import itertools
import json
import time
from pathlib import Path

import pytest

import known_bundles
import known_identity
import known_roster
from both import CHECKS, WORDS, opened
from both_attacks import every_attack_in
from conftest import Server
from known_answers import FILE, as_text, every
from people import AT, classic_joined, joined
from protocol.ladder import LADDER
from reference import ReferencePlatform, run

TESTS = Path(__file__).parent
WEB = TESTS.parent / "web"
CONFIGURATION = WEB / "pyscript.toml"
# Of the lab, which the page under test is not of, what is pure.
LAB = [WEB / "lab" / f"{name}.py" for name in ("__init__", "levels", "middle", "outcome", "seen")]
LAB += sorted((WEB / "lab" / "attacks").glob("*.py"))
VECTORS = ("ed25519", "aes_gcm", "pbkdf2", "hmac", "hkdf", "x25519", "hpke", "ratchet")
TEXTS = ("meet at noon", "é 東京 👋\n<b>", "x" * 16_384, "\ufeff\x00")


# Lengths around the blocks of BLAKE2b, and every bound that the specification has for the cost: passes, lanes, MiB.
LENGTHS = (1, 2, 63, 64, 65, 127, 128, 129, 500, 1_024)
COSTS = [(2, 1, 19), (2, 2, 19), (3, 3, 20), (4, 4, 23), (10, 1, 19), (10, 4, 51), (2, 1, 64), (2, 4, 128)]


def derived_by_the_reference():
    platform, cases = ReferencePlatform(), []
    for length, how in itertools.zip_longest(LENGTHS, COSTS, fillvalue=COSTS[0]):
        passphrase, salt = bytes(index % 256 for index in range(length)), hashlib.sha256(bytes(length)).digest()
        root = run(platform.argon2id_root(platform.argon2id_secret(passphrase), salt, *how))
        sealed = run(platform.aes_gcm_seal(run(platform.hkdf_aes_key(root, bytes(32), b"")), bytes(12), b"text", b""))
        case = {"passphrase": passphrase.hex(), "salt": salt.hex(), "sealed": sealed.hex()}
        cases.append(case | dict(zip(("passes", "lanes", "mebibytes"), how, strict=True)))
    return cases


def sealed_by_the_reference():
    people = (classic_joined(), joined())
    return [[level.id, run(level.seal(text)), text] for level in people for text in TEXTS]


@pytest.fixture(scope="module")
def given():
    vectors = {name: json.loads((TESTS / "vectors" / f"{name}.json").read_text()) for name in VECTORS}
    entry = f'{{"seq":1,"kind":"message","id":"a","name":"n","at":"{AT}","body":"BODY"}}'
    return (
        {"known": json.loads(FILE.read_text("utf-8")), "sealed": sealed_by_the_reference(), "entry": entry}
        | vectors
        | {"argon2id": derived_by_the_reference(), "identity": known_identity.every(), "roster": known_roster.story()}
        | {"bundles": known_bundles.every()}
    )


@pytest.fixture(scope="module")
def address(tmp_path_factory, runtime_cache):
    server = Server(tmp_path_factory.mktemp("server"), cache=runtime_cache).start()
    yield server.url
    server.kill()


@pytest.fixture(scope="module")
def in_the_page(address, browser, given):
    """What page_main.py found: results by check, and what the page sealed."""
    context = browser.new_context()
    page, errors = context.new_page(), []
    page.on("console", lambda message: errors.append(message.text) if "PythonError" in message.text else None)
    files = {path.name: path.read_text("utf-8") for path in TESTS.glob("both*.py")}
    files |= {path.relative_to(WEB).as_posix(): path.read_text("utf-8") for path in LAB}
    files["given.json"] = json.dumps(given, ensure_ascii=False)
    more = "".join(f'"./{name}" = "./{name}"\n' for name in files)
    files["main.py"] = (TESTS / "page_main.py").read_text("utf-8")
    files["pyscript.toml"] = CONFIGURATION.read_text("utf-8") + more
    for name, text in files.items():
        page.route(f"**/{name}", answering(text))
    page.goto(address)
    results, end = page.locator("#results"), time.monotonic() + 120
    while not results.count():
        assert not errors and time.monotonic() < end, "\n".join(["the page's checks did not end:", *errors])
        page.wait_for_timeout(50)
    found = json.loads(results.text_content())
    context.close()
    return found


def answering(text):
    return lambda route: route.fulfill(body=text)


@pytest.mark.parametrize("name", CHECKS)
def test_on_cpython(name, given):
    run(CHECKS[name](ReferencePlatform(), given))


def test_on_cpython_every_attack_runs_at_the_levels_of_the_chat_too():
    run(every_attack_in(ReferencePlatform(), LADDER))


@pytest.mark.parametrize("name", CHECKS)
def test_in_the_page(name, in_the_page):
    assert in_the_page["results"][name] == "passed"


def test_no_input_makes_javascript_throw_which_micropython_could_not_catch(in_the_page):
    assert in_the_page["results"]["nothing_throws"] == "passed"


def test_no_private_key_of_the_page_can_be_read_out(in_the_page):
    assert in_the_page["results"]["no_private_key"] == "passed"


def test_what_the_page_sealed_to_a_key_is_opened_by_pyca(in_the_page):
    known = [known_identity.KnownIdentity(seed) for seed in known_identity.SEEDS]
    for one, sealed in zip(known, in_the_page["to_known"], strict=True):
        assert one.opens(bytes.fromhex(sealed), b"info") == b"from the page"


def test_what_the_page_sealed_is_opened_by_the_reference(in_the_page):
    assert {level for level, _, _ in in_the_page["sealed"]} == {"classic", "passphrase"}
    for level, body, text in in_the_page["sealed"]:
        reader = run(LADDER.of(level).start(ReferencePlatform(), "kitchen", "Reader", WORDS.encode()))
        assert run(opened(reader, [body])) == [(text, "opened")]


def test_the_known_answers_in_the_file_are_those_of_the_formulas():
    assert FILE.read_text("utf-8") == as_text()


def test_the_known_answers_of_the_specification_are_among_them():
    specification = (CONFIGURATION.parent / "protocol" / "README.md").read_text("utf-8").split("## 7. Known answers")[1]
    for known in (every()["classic"][0], every()["passphrase"][0], every()["passphrase"][2]):
        for part in ("key", "root_salt", "root", "session_public", "signature", "body", "digits"):
            assert known.get(part, "") in specification
        assert f"{known['tag']}, colour {known['color']}" in specification
