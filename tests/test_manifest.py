"""What code is running: `--manifest`, the page's own list, and README's way to look from outside say the same."""

import base64
import hashlib
import http.client
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

import server as code
from conftest import PATIENCE, ROOT, Server, as_arguments, find_program, wait_until
from fake_cdn import NOWHERE, answer_for_the_cdn
from protocol import manifest

README = (ROOT / "README.md").read_text("utf-8")
AS_LISTED = re.compile(r"^\d+ files, each as the server's list has it\.$")


@pytest.fixture(scope="module")
def server(tmp_path_factory, runtime_cache):
    """One for all tests here: none changes it."""
    server = Server(tmp_path_factory.mktemp("server"), cache=runtime_cache).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def expected(runtime_cache) -> str:
    """What `--manifest` prints for `server`."""
    return printed(cache=runtime_cache)


def integrity(content: bytes) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def printed(environ: dict | None = None, **options) -> str:
    """Standard output of `python server.py --manifest`, which must end with status 0."""
    return run_manifest(environ, **options).stdout.decode()


def run_manifest(environ: dict | None = None, **options):
    command = [sys.executable, ROOT / "server.py", "--manifest", *as_arguments(options)]
    return subprocess.run(command, env=environ, capture_output=True, timeout=60, check=True)


def entries(text: str) -> dict[str, str]:
    """What the text of a list says of each name, and its fingerprint by that word."""
    return {name: value for name, _, value in (line.partition(" ") for line in text.splitlines())}


def get(address: str) -> bytes:
    """The answer's content."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request("GET", urlsplit(address).path)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    assert answer.status == 200, address
    return content


def folder_of(url: str) -> str:
    return re.search(rb'src="(/v/[0-9a-f]{64}/)main.py"', get(f"{url}/"))[1].decode()


def looks(person) -> None:
    """Opens the list, and waits until it is there."""
    person.page.get_by_text("What code is this?").click()
    expect(status(person)).not_to_have_text(re.compile(r"^$|^Looking"))


def status(person):
    return person.page.get_by_role("status", name="Code")


def problems(person):
    return person.page.locator("#code-problems")


def shown(person) -> str:
    """The page's list, as text."""
    return person.page.get_by_role("region", name="Files").text_content()


# ------------------------------------------------------------------------------------------ --manifest


def test_the_list_has_every_file_that_is_served_with_the_hash_of_what_is_served(server, expected):
    listed = entries(expected)
    fingerprint = listed.pop("fingerprint")
    folder = folder_of(server.url)
    for name, value in listed.items():
        assert value == integrity(get(server.url + ("/" if name == "/" else folder + name))), name
    runtime = {f"runtime/{file.name}" for file in code.read_manifest()}
    assert set(listed) == {"/"} | code.read_web().keys() | runtime
    assert re.fullmatch(r"\d{5}( \d{5}){7}", fingerprint)
    assert get(f"{server.url}{folder}manifest.txt").decode() == expected


def test_in_cdn_mode_the_list_has_what_is_pinned_there():
    text = printed(runtime="cdn")
    pinned = [f"{file.address} {file.integrity}" for file in code.read_manifest() if not file.optional]
    assert [line for line in text.splitlines() if "://" in line] == pinned
    assert "runtime/" not in text


def test_nothing_else_is_printed_no_port_is_opened_and_no_log_is_made(server, make_server, tmp_path):
    data, cache = tmp_path / "none" / "log.sqlite", tmp_path / "cache"
    nobody = {"PATH": str(tmp_path), "https_proxy": NOWHERE, "no_proxy": ""}
    done = run_manifest(nobody, port=server.port, data=data, cache=cache)  # a port that is in use
    assert manifest.read(done.stdout.decode()), "standard output is the list alone"
    assert "cdn.jsdelivr.net does not answer" in done.stderr.decode()
    assert not data.parent.exists()


def test_what_keeps_the_server_from_starting_keeps_the_list_from_being_printed(make_server, tmp_path):
    (tmp_path / "cache").write_text("a file")
    server = make_server(manifest=True, runtime="local", cache=tmp_path / "cache")
    server.before = ["env", f"https_proxy={NOWHERE}", "no_proxy=", f"PATH={tmp_path}"]
    server.spawn()
    assert server.wait() == 1
    assert "Traceback" not in server.output and "cdn.jsdelivr.net does not answer" in server.output


def test_two_installations_of_one_commit_print_the_same_even_where_git_changes_the_ends_of_lines(tmp_path, monkeypatch):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    shutil.copytree(ROOT / "web", ours / "web", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".gitattributes", ours)
    as_somebody = ["git", "-c", "user.name=n", "-c", "user.email=e", "-c", "core.autocrlf=false"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*as_somebody, *command], cwd=ours, check=True)
    subprocess.run(["git", "clone", "-q", "-c", "core.autocrlf=true", ours, theirs], check=True)
    lists = []
    for folder in (ROOT, ours, theirs):
        monkeypatch.setattr(code, "WEB", folder / "web")
        lists.append(code.site({}).files["manifest.txt"])
    assert lists[0] == lists[1] == lists[2]


def test_the_runtimes_files_come_in_one_order_whichever_of_them_had_to_be_fetched(all_files, tmp_path, monkeypatch):
    pinned = code.read_manifest()
    fetched = {file: all_files[file.address] for file in reversed(pinned)}
    code.keep({pinned[1]: all_files[pinned[1].address]}, tmp_path)
    monkeypatch.setattr(code, "fetch", lambda missing: {file: fetched[file] for file in fetched if file in missing})
    assert list(code.own_copy(pinned, tmp_path)) == [file.name for file in pinned]


def test_one_changed_byte_shows_in_its_line_in_the_pages_and_in_the_fingerprint(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "web", tmp_path / "web")
    monkeypatch.setattr(code, "WEB", tmp_path / "web")
    before = entries(code.site({}).files["manifest.txt"].decode())
    with (tmp_path / "web" / "style.css").open("ab") as file:
        file.write(b"\n")
    after = entries(code.site({}).files["manifest.txt"].decode())
    # The page names the versioned folder, which is a hash over all that lies in it.
    assert {name for name in before if before[name] != after[name]} == {"/", "style.css", "fingerprint"}


def test_the_folders_name_differs_with_the_mode_so_that_no_cache_has_the_other_modes_list():
    in_cdn_mode, with_our_copy = code.site({}), code.site({"core.js": b"", "micropython.mjs": b""})
    assert in_cdn_mode[1] != with_our_copy[1]
    assert in_cdn_mode.files["manifest.txt"] != with_our_copy.files["manifest.txt"]


# ------------------------------------------------------------------------------------------ the text


LIST = [("/", integrity(b"")), ("a b.py", integrity(b"b")), ("https://cdn.example/é.js", integrity(b"c"))]


@pytest.mark.parametrize("served", [LIST, LIST[:1], []], ids=len)
def test_the_server_and_the_page_write_the_same_text_and_read_it_back(served):
    assert manifest.write(served) == code.manifest(dict(served))
    assert manifest.read(manifest.write(served)) == served


def test_the_fingerprint_is_the_last_40_digits_of_the_sha_256_of_the_lines():
    lines = "a sha384-x\n"
    number = int(hashlib.sha256(lines.encode()).hexdigest(), 16)
    assert manifest.fingerprint([("a", "sha384-x")]).replace(" ", "") == str(number)[-40:]


def test_a_fingerprint_that_begins_with_zeros_keeps_them():
    zeros = next(i for i in range(10_000) if code.manifest({f"{i}": ""}).split()[-8].startswith("00"))
    assert manifest.write([(f"{zeros}", "")]) == code.manifest({f"{zeros}": ""})


def test_a_text_with_any_character_changed_or_left_out_is_no_list():
    text = manifest.write(LIST)
    for place in range(len(text)):
        assert manifest.read(text[:place] + text[place + 1 :]) is None, place
        assert manifest.read(text[:place] + "~" + text[place + 1 :]) is None, place
    for other in ("", "\n", "<!doctype html>\n<p>\n", text + "\n", text + text):
        assert manifest.read(other) is None, other
    assert manifest.read(manifest.write([("a", "sha256-x")])) is None


# ------------------------------------------------------------------------------------------ the page


def test_the_page_shows_what_manifest_prints_byte_for_byte(alice, expected):
    alice.opens_the_page()
    looks(alice)
    expect(status(alice)).to_have_text(AS_LISTED)
    assert shown(alice) == expected
    assert alice.page.locator("#code-fingerprint").text_content() == entries(expected)["fingerprint"]
    expect(problems(alice)).to_be_empty()


def test_from_the_cdn_the_page_shows_what_manifest_prints_byte_for_byte(start_server, person, pinned_files):
    alice = person("Alice", start_server(runtime="cdn").url, locale="en")
    answer_for_the_cdn(alice.page, pinned_files)
    alice.opens_the_page()
    looks(alice)
    expect(status(alice)).to_have_text(AS_LISTED)
    assert shown(alice) == printed(runtime="cdn")


def test_in_the_lab_its_pages_and_files_are_listed_too(start_server, person, runtime_cache, expected):
    lab = start_server(lab=True)
    listed = printed(cache=runtime_cache, lab=True)
    for path in ("/", "/lab", "/lab/chat"):
        assert entries(listed)[path] == integrity(get(lab.url + path))
    assert not [name for name in entries(expected) if "lab" in name]
    alice = person("Alice", f"{lab.url}/lab/chat")
    alice.opens_the_page()
    looks(alice)
    expect(status(alice)).to_have_text(AS_LISTED)
    assert shown(alice) == listed


def test_files_changed_on_their_way_are_marked_and_show_their_own_hash(alice, expected):
    changed = {}

    def change(name):
        def answer(route):
            theirs = route.fetch()
            changed[name] = theirs.body() + b"\n"
            route.fulfill(response=theirs, body=changed[name])

        alice.page.route(f"**/{name}", answer)

    names = ["start.js", "style.css", "view/clock.py"]
    for name in names:
        change(name)
    alice.opens_the_page()
    looks_and_sees_a_problem(alice)
    found = entries(shown(alice))
    for name in names:
        assert found[name] == integrity(changed[name])
        expect(problems(alice)).to_contain_text(f"{name} is not what the server's list says")
    assert {name for name in found if found[name] != entries(expected)[name]} == {*names, "fingerprint"}
    expect(alice.page.locator("#code-list .marked .path")).to_have_text(names)


def looks_and_sees_a_problem(person) -> None:
    person.page.get_by_text("What code is this?").click()
    expect(problems(person)).not_to_be_empty()
    expect(status(person)).to_be_hidden()  # it says nothing good


class ManInTheMiddle:
    """Passes requests on to a server, and changes each answer: change(path, content) -> content."""

    def __init__(self, target: str, change):
        self.target, self.change = target, change
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), make_handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def make_handler(middle: ManInTheMiddle):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            connection = http.client.HTTPConnection(urlsplit(middle.target).netloc, timeout=10)
            connection.request("GET", self.path)
            answer = connection.getresponse()
            content = middle.change(self.path, answer.read())
            connection.close()
            self.send_response(answer.status)
            for name in ("Content-Type", "Cache-Control", "Content-Security-Policy"):
                self.send_header(name, answer.getheader(name, ""))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Handler


@pytest.fixture
def in_the_middle(server):
    """in_the_middle(change): a ManInTheMiddle before the server."""
    made = []

    def make(change) -> ManInTheMiddle:
        made.append(ManInTheMiddle(server.url, change))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_file_that_was_changed_once_and_is_true_again_shows_as_it_was(in_the_middle, person):
    times = []

    def change_once(path, content):
        if not path.endswith(("/", "view/clock.py")):
            return content
        times.append(path)
        return content + b"\n" if times.count(path) == 1 else content

    middle = in_the_middle(change_once)
    alice = person("Alice", middle.url, locale="en")
    alice.opens_the_page()
    looks_and_sees_a_problem(alice)
    expect(alice.page.locator("#code-list .marked .path")).to_have_text(["/", "view/clock.py"])
    assert len(times) == len(set(times)) == 2, "the browser's cache had them"


def test_without_the_servers_list_the_page_says_so_and_shows_none(alice):
    alice.opens_the_page()
    summary = alice.page.get_by_text("What code is this?")
    for answer in ({"status": 404}, {"body": "nothing to see"}, {"body": b"\xff"}, {}):
        alice.page.route("**/manifest.txt", lambda route, _, answer=answer: route.fulfill(**answer))
        looks_and_sees_a_problem(alice)
        expect(problems(alice)).to_contain_text("The server's list of files did not come")
        expect(alice.page.get_by_role("region", name="Files")).to_be_hidden()
        alice.page.unroute_all()
        summary.click()
        looks(alice)  # and the next time all is well
        expect(problems(alice)).to_be_empty()
        summary.click()


def test_what_does_not_come_again_and_what_is_not_in_the_list_is_named(alice):
    alice.page.route("**/protocol/README.md", lambda route: route.abort())
    alice.page.route("**/runtime.json", lambda route: route.fulfill(status=404, body="{}"))
    alice.opens_the_page()
    alice.page.evaluate("fetch('/healthz').then(answer => answer.text())")
    noted = "() => performance.getEntriesByType('resource').some(one => one.name.endsWith('/healthz'))"
    wait_until(lambda: alice.page.evaluate(noted), PATIENCE, "the browser has noted it")
    looks_and_sees_a_problem(alice)
    expect(problems(alice).locator("p")).to_have_text(
        [
            "protocol/README.md did not come again, so it is not checked.",
            "runtime.json did not come again, so it is not checked.",
            f"{alice.url}/healthz was loaded too, and the server's list does not have it.",
        ]
    )
    assert entries(shown(alice))["protocol/README.md"] == "not-fetched"


def test_the_list_is_opened_read_and_selected_by_keyboard_alone(alice):
    alice.opens_the_page()
    alice.button("Join").focus()
    press = alice.page.keyboard.press
    press("Tab")
    press("Enter")
    expect(status(alice)).to_have_text(AS_LISTED)
    press("Tab")
    files = alice.page.get_by_role("region", name="Files")
    expect(files).to_be_focused()
    expect(files).to_have_attribute("tabindex", "0")  # not every browser lets the keyboard reach what scrolls
    press("Tab")
    press("Enter")
    expect(alice.page.get_by_role("status", name="Selected")).to_have_text("Selected: now copy it.")
    selected = alice.page.evaluate("getSelection().toString()")
    assert selected.rstrip("\n") + "\n" == shown(alice)


def test_at_320_pixels_the_list_fits_and_in_a_room_it_makes_no_claim_on_space(person):
    alice = person("Alice", viewport={"width": 320, "height": 560})
    alice.page.route(
        "**/style.css", lambda route: route.fulfill(response=(got := route.fetch()), body=got.body() + b" ")
    )
    alice.opens_the_page()
    looks_and_sees_a_problem(alice)
    for selector in ("html", "main", "#code", "#code-list", "#code-problems", "#code-fingerprint"):
        widths = alice.page.locator(selector).evaluate("element => [element.scrollWidth, element.clientWidth]")
        assert widths[0] <= widths[1], selector
    alice.joins("kitchen")
    expect(alice.page.get_by_text("What code is this?")).to_be_hidden()


# ------------------------------------------------------------------------------------------ from outside


def look_from_outside(url: str, folder: Path, cache: Path) -> str:
    """What README's commands print, run against this address."""
    section = re.search(r"^## What code is running\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)[1]
    [commands] = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    ours = f"{sys.executable} {ROOT / 'server.py'} --cache {cache}"
    for documented, here in (("https://chat.example", url), (".venv/bin/python server.py", ours)):
        assert commands.count(documented) == 1
        commands = commands.replace(documented, here)
    for program in ("curl", "openssl"):
        find_program(program, program)
    done = subprocess.run(["sh", "-c", commands], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.stdout


def test_the_commands_in_readme_name_each_file_that_was_changed(in_the_middle, runtime_cache, tmp_path):
    middle = in_the_middle(lambda path, content: content + b"\n" if path.endswith(("/start.js", ".wasm")) else content)
    said = look_from_outside(middle.url, tmp_path, runtime_cache)
    assert said == "start.js differs\nruntime/micropython.wasm differs\n"
