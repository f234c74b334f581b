"""The PyScript runtime: how the server gets its copy, what it refuses, and what the page refuses."""

import json
import shutil
import subprocess
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

import server as code
from conftest import PATIENCE, ROOT, Server, wait_until
from fake_cdn import NOWHERE, FakeCdn, answer_for_the_cdn
from pin_runtime import PAGES, import_map, with_import_map

PINNED = code.read_manifest()
FOR_PAGES = [file for file in PINNED if not file.optional]  # what they may load from the CDN
FOLDERS = {file.address.removesuffix(file.path) for file in FOR_PAGES}
NO_NPM = {"PATH": str(ROOT / "no-such-folder")}
NO_CDN = {"https_proxy": NOWHERE, "no_proxy": ""}


@pytest.fixture
def make_cdn(tmp_path):
    made = []

    def make(files: dict[str, bytes]) -> FakeCdn:
        made.append(FakeCdn(files, tmp_path))
        return made[-1]

    yield make
    for each in made:
        each.close()


def tampered(content: bytes) -> bytes:
    """The same with one bit of one byte turned."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def refusal(server: Server) -> str:
    """The sentence with which a server does not start."""
    server.spawn()
    assert server.wait() == 1
    assert "Traceback" not in server.output
    return server.output


def ready(page):
    """Python has started: the form can be used."""
    expect(page.get_by_role("button", name="Join", exact=True)).to_be_enabled()


# ------------------------------------------------------------------------------------------ the server's copy


def test_a_copy_comes_from_the_cdn_once_and_is_kept(make_server, usual_port, make_cdn, all_files, tmp_path, page):
    cdn = make_cdn(all_files)
    options = {"port": usual_port, "cache": tmp_path / "cache", "runtime": "local"}
    server = make_server(cdn.environ | NO_NPM, **options).start()
    assert sorted(cdn.asked) == sorted(all_files)
    server.stop()
    server.environ |= NO_CDN
    page.goto(server.restart().url)
    ready(page)


@pytest.mark.long
def test_without_the_cdn_a_copy_comes_with_npm(make_server, tmp_path, page):
    assert shutil.which("npm"), "this test needs npm on PATH"
    registry = subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True, check=True).stdout
    environ = NO_CDN | {"no_proxy": urlsplit(registry).hostname}
    server = make_server(environ, cache=tmp_path / "cache", runtime="local").start()
    page.goto(server.url)
    ready(page)


def test_local_mode_without_cdn_and_npm_ends_and_names_both(make_server, tmp_path):
    said = refusal(make_server(NO_CDN | NO_NPM, cache=tmp_path / "cache", runtime="local"))
    assert "cdn.jsdelivr.net does not answer, and npm is not installed" in said


def test_auto_mode_without_cdn_and_npm_says_so_and_leaves_it_to_the_browsers(make_server, tmp_path, pinned_files, page):
    server = make_server(NO_CDN | NO_NPM, cache=tmp_path / "cache").start()
    assert "cdn.jsdelivr.net does not answer, and npm is not installed" in server.output
    answer_for_the_cdn(page, pinned_files)
    page.goto(server.url)
    ready(page)


def test_a_changed_file_from_the_cdn_is_refused_and_nothing_is_kept(make_server, make_cdn, all_files, tmp_path):
    for address in all_files:
        cdn = make_cdn(all_files | {address: tampered(all_files[address])})
        cache = tmp_path / "cache"
        said = refusal(make_server(cdn.environ, cache=cache, runtime="local"))
        assert "is not the file that web/runtime.json pins" in said
        assert not cache.exists()


@pytest.fixture
def older_cache(runtime_cache, tmp_path):
    """Of a server that did not have the optional files yet."""
    shutil.copytree(runtime_cache, tmp_path / "cache")
    for file in PINNED:
        if file.optional:
            file.kept_in(tmp_path / "cache").unlink()
    return tmp_path / "cache"


def test_a_cache_that_lacks_only_one_file_gets_just_that(make_server, make_cdn, all_files, older_cache):
    cdn = make_cdn(all_files)
    make_server(cdn.environ | NO_NPM, cache=older_cache, runtime="local").start()
    assert cdn.asked == [file.address for file in PINNED if file.optional]


@pytest.mark.parametrize("mode", ["auto", "local"])
def test_pyscript_is_served_also_while_what_pages_can_do_without_cannot_be_had(make_server, older_cache, mode, page):
    server = make_server(NO_CDN | NO_NPM, cache=older_cache, runtime=mode).start()
    assert "hash-wasm@4.13.0 and qrcode-generator@2.0.4 could not be fetched" in server.output
    answer = page.goto(server.url)
    ready(page)
    assert "https:" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("mode", ["auto", "local"])
def test_a_changed_file_in_the_cache_is_refused_at_the_next_start(make_server, runtime_cache, tmp_path, mode):
    shutil.copytree(runtime_cache, tmp_path / "cache")
    changed = next((tmp_path / "cache").rglob("micropython.wasm"))
    changed.write_bytes(tampered(changed.read_bytes()))
    said = refusal(make_server(cache=tmp_path / "cache", runtime=mode))
    assert f"{changed} is not the file web/runtime.json pins. Delete it and start again." in said


def test_a_disk_that_fills_up_ends_with_a_sentence_and_leaves_no_half_file(make_server, make_cdn, all_files, tmp_path):
    server = make_server(make_cdn(all_files).environ, cache=tmp_path / "cache", runtime="local")
    server.before = ["/bin/sh", "-c", 'ulimit -f 300; exec "$@"', "sh"]  # no file may grow past 300 blocks of 512 bytes
    assert "PyScript cannot be kept in" in refusal(server)
    pinned_sizes = {len(content) for content in all_files.values()}
    assert {path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file()} <= pinned_sizes


def test_a_cache_that_is_no_folder_ends_with_a_sentence(make_server, make_cdn, all_files, tmp_path):
    (tmp_path / "cache").write_text("a file")
    said = refusal(make_server(make_cdn(all_files).environ, cache=tmp_path / "cache", runtime="local"))
    assert "PyScript cannot be kept in" in said


# ------------------------------------------------------------------------------------------ the page


def test_with_our_copy_the_page_asks_nobody_else_and_its_policy_names_nobody_else(server, page):
    asked = requests_of(page)
    answer = page.goto(server.url)
    ready(page)
    assert {urlsplit(address).netloc for address in asked} == {urlsplit(server.url).netloc}
    assert len(asked) == len(set(asked)), "a file was asked for twice"
    assert "https:" not in answer.headers["content-security-policy"]


def test_from_the_cdn_two_people_talk_under_the_policy_that_is_served_and_all_that_loads_is_pinned(
    start_server, person, pinned_files
):
    url = start_server(runtime="cdn").url
    alice, bob = (person(name, url, locale="en") for name in ("Alice", "Bob"))  # options: each in a new browser
    asked = {each: requests_of(each.page) for each in (alice, bob)}
    policies = {each: policies_of(each.page, url) for each in (alice, bob)}
    for each in (alice, bob):
        answer_for_the_cdn(each.page, pinned_files)
        each.joins("kitchen")
    alice.says("Is it you?")
    bob.sees("Is it you?", by="Alice")
    bob.says("It is.")
    bob.reloads()
    bob.joins("kitchen")
    for each in (alice, bob):
        each.sees_talk("Alice: Is it you?", "Bob: It is.")
        assert_all_is_pinned(asked[each], url, pinned_files)
        assert policies[each] and all(named_by(policy) == FOLDERS for policy in policies[each])
        assert outcome_in_page(each.page, "eval('1+1')") in ("EvalError", "TypeError"), "the policy is in force"


def test_a_file_that_loads_from_the_cdn_and_is_not_pinned_is_noticed(start_server, page, pinned_files):
    url, asked = start_server(runtime="cdn").url, requests_of(page)
    answer_for_the_cdn(page, pinned_files | {f"{sorted(FOLDERS)[0]}other.mjs": b"export default 1"})
    page.goto(url)
    ready(page)
    assert_all_is_pinned(asked, url, pinned_files)
    assert outcome_in_page(page, f"import('{sorted(FOLDERS)[0]}other.mjs')") == "[object Promise]"
    wait_until(lambda: page.wait_for_timeout(20) or asked[-1].endswith("other.mjs"), PATIENCE, "it is asked for")
    with pytest.raises(AssertionError, match="not pinned"):
        assert_all_is_pinned(asked, url, pinned_files)


@pytest.mark.parametrize("address", [file.address for file in FOR_PAGES])
def test_one_changed_bit_in_a_file_from_the_cdn_and_the_page_refuses(start_server, page, pinned_files, address):
    answer_for_the_cdn(page, pinned_files | {address: tampered(pinned_files[address])})
    page.goto(start_server(runtime="cdn").url)
    expect(page.locator("#unsupported")).to_contain_text("Python did not arrive")
    expect(page.locator("#unsupported")).to_contain_text("make cdn.jsdelivr.net or npm available")
    expect(page.locator("#join")).to_be_hidden()
    expect(page.locator("#join-button")).to_be_disabled()


def test_core_js_is_checked_by_its_script_element_too_for_browsers_whose_import_maps_check_nothing(
    start_server, page, pinned_files
):
    core = next(address for address in pinned_files if address.endswith("/core.js"))
    answer_for_the_cdn(page, pinned_files | {core: tampered(pinned_files[core])})
    url = start_server(runtime="cdn").url
    # One more space, so that it has not the hash that the policy names, and the browser passes over the map.
    change_answer(page, f"{url}/", lambda text: text.replace('<script type="importmap">', '<script type="importmap"> '))
    page.goto(url)
    expect(page.locator("#unsupported")).to_contain_text("Python did not arrive")
    expect(page.locator("#join-button")).to_be_disabled()


def test_python_that_comes_after_we_gave_up_works_all_the_same(server, page):
    page.clock.install()
    held = []
    page.route("**/micropython.wasm", lambda route: held.append(route))
    page.goto(server.url, wait_until="domcontentloaded")
    wait_until(lambda: page.wait_for_timeout(20) or held, PATIENCE, "the page asks for the interpreter")
    page.clock.fast_forward(31_000)
    expect(page.locator("#unsupported")).to_contain_text("Python did not arrive")
    held[0].continue_()
    ready(page)
    expect(page.locator("#join")).to_be_visible()
    expect(page.locator("#unsupported")).to_be_hidden()


@pytest.mark.parametrize("mistake", ["1 / 0\n", "def (\n", "import nothing\n"])
def test_if_the_program_itself_fails_the_page_says_that_it_was_not_python(server, page, mistake):
    change_answer(page, "**/main.py", lambda text: mistake + text)
    page.goto(server.url)
    expect(page.locator("#unsupported")).to_contain_text("The page's program failed to start")
    expect(page.locator("#unsupported")).not_to_contain_text("Python did not arrive")
    expect(page.locator("#join")).to_be_hidden()


def change_answer(page, address: str, change) -> None:
    """The server's answer comes to the page with its text changed."""

    def answer(route):
        ours = route.fetch()
        route.fulfill(response=ours, body=change(ours.text()))

    page.route(address, answer)


def test_if_the_cdn_does_not_answer_at_all_the_page_says_what_to_make_available(start_server, page):
    page.clock.install()
    page.route("https://cdn.jsdelivr.net/**", lambda route: None)
    page.goto(start_server(runtime="cdn").url, wait_until="domcontentloaded")
    expect(page.locator("#startup")).to_be_visible()
    page.clock.fast_forward(31_000)
    expect(page.locator("#unsupported")).to_contain_text("make cdn.jsdelivr.net or npm available")
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_import_map_in_each_page_says_what_the_manifest_says(page):
    files = json.loads((ROOT / "web" / "runtime.json").read_text("utf-8"))["files"]
    assert f'<script type="importmap">{import_map(files)}</script>' in page.read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_new_import_map_takes_the_place_of_the_one_in_each_page_and_of_nothing_else(page):
    text = page.read_text("utf-8")
    other = with_import_map(text, r"{\1}")
    assert other != text and r'<script type="importmap">{\1}</script>' in other
    files = json.loads((ROOT / "web" / "runtime.json").read_text("utf-8"))["files"]
    assert with_import_map(other, import_map(files)) == text


def assert_all_is_pinned(asked: list[str], url: str, pinned: dict[str, bytes]) -> None:
    """What the page asked others than the server for is what is pinned: all of that, and nothing else."""
    foreign = {address for address in asked if urlsplit(address).netloc != urlsplit(url).netloc}
    assert foreign <= pinned.keys(), f"not pinned: {foreign - pinned.keys()}"
    assert foreign == pinned.keys(), f"pinned, and never asked for: {pinned.keys() - foreign}"


def policies_of(page, url: str) -> list[str]:
    """The policy of each answer that is the page itself, as they come."""
    policies = []
    ours = lambda answer: answer.url.rstrip("/") == url  # noqa: E731 - one line
    page.on("response", lambda one: policies.append(one.headers["content-security-policy"]) if ours(one) else None)
    return policies


def named_by(policy: str) -> set[str]:
    """The foreign addresses that a policy allows."""
    return {part.rstrip(";") for part in policy.split() if part.startswith("https:")}


def requests_of(page) -> list[str]:
    asked = []
    page.on("request", lambda request: asked.append(request.url) if not request.url.startswith("data:") else None)
    return asked


def outcome_in_page(page, script: str) -> str:
    """What comes of a script that runs as the page's own: its value, or the name of the error."""
    # Later, not at once: what the browser's debugger evaluates itself is exempt from the page's policy.
    later = f"try {{ done(String({script})) }} catch (error) {{ done(error.name) }}"
    return page.evaluate(f"() => new Promise((done) => setTimeout(() => {{ {later} }}))")


# ------------------------------------------------------------------------------------------ where the page cannot work


def test_without_a_secure_context_the_page_explains_https_in_place_of_the_form(server, page):
    page.route("http://chat.example/**", lambda route: route.fulfill(response=route.fetch(url=moved(route, server))))
    page.goto("http://chat.example/")
    expect(page.locator("#unsupported")).to_contain_text("https://")
    expect(page.locator("#join")).to_be_hidden()


def moved(route, server: Server) -> str:
    return server.url + urlsplit(route.request.url).path


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ("delete self.WebAssembly", "WebAssembly"),
        ("delete Uint8Array.fromBase64", "Uint8Array.fromBase64"),
        (
            "SubtleCrypto.prototype.generateKey = async () => { throw new DOMException('', 'NotSupportedError') }",
            "Ed25519",
        ),
    ],
)
def test_a_browser_that_lacks_something_is_told_what(server, page, missing, named):
    page.add_init_script(missing)
    page.goto(server.url)
    expect(page.locator("#unsupported")).to_contain_text(f"This browser lacks {named}")
    expect(page.locator("#join")).to_be_hidden()
