"""Where the lab is served it is guarded as the page is, and its chat alone may be framed, by our own pages alone. Where
it is not, nothing of it is there."""

import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from conftest import Server
from other_origin import OtherOrigin, Relaid
from test_layers import WEB
from test_policy import ATTEMPTS, RUN

PATIENCE = 20_000  # ms
# A frame of our own page is what the console is made of; who may be framed is below.
TRIED = [name for name in ATTEMPTS if name != "a frame of our own page"]
CHAT = "Join a room"  # what stands on the chat's page


@pytest.fixture(scope="module")
def lab(tmp_path_factory, runtime_cache):
    server = Server(tmp_path_factory.mktemp("lab"), cache=runtime_cache, lab=True).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def tried(browser, lab):
    """What came of each attempt on the page at /lab: (worked, directives), and what arrived at the other origin."""
    other, context = OtherOrigin(), browser.new_context()
    page = context.new_page()
    page.goto(f"{lab.url}/lab")
    expect(page.get_by_text("Loading Python")).to_have_count(0, timeout=PATIENCE)
    run = lambda name: page.evaluate(RUN.replace("ATTEMPT", ATTEMPTS[name].function), [other.url, True])  # noqa: E731 - one line
    outcomes = {name: run(name) for name in TRIED}
    context.close()
    other.close()
    return outcomes, other.asked


@pytest.mark.parametrize("name", TRIED)
def test_the_policy_refuses_in_the_lab_what_it_refuses_elsewhere(tried, name):
    worked, directives = tried[0][name]
    assert worked is not True
    assert ATTEMPTS[name].directive in directives


def test_nothing_that_is_refused_in_the_lab_reaches_another_origin(tried):
    assert tried[1] == []


# ------------------------------------------------------------------------------------------ framing

FRAME = """async address => {
  const frame = document.createElement('iframe');
  frame.src = address;
  document.body.append(frame);
  await new Promise(loaded => { frame.onload = loaded; });
}"""


def framed(page):
    """The frame that was added last."""
    return page.frames[-1]


@pytest.mark.parametrize(("path", "allowed"), [("/lab/chat", True), ("/lab", False), ("/", False)])
def test_in_a_frame_of_the_lab_its_chat_is_shown_and_no_other_page_of_ours(page, lab, path, allowed):
    page.goto(f"{lab.url}/lab")
    page.evaluate(FRAME, path)
    assert framed(page).url == (lab.url + path if allowed else "chrome-error://chromewebdata/")
    expect(framed(page).get_by_role("heading", name=CHAT)).to_have_count(1 if allowed else 0)


@pytest.mark.parametrize("with_policy", [True, False])
@pytest.mark.parametrize("path", ["/lab/chat", "/lab"])
def test_a_page_of_another_origin_cannot_frame_the_lab_unless_the_policy_is_gone(page, lab, path, with_policy):
    other, relaid = OtherOrigin(), None if with_policy else Relaid(lab.url)
    ours = f"{lab.url if with_policy else relaid.url}{path}"
    page.goto(f"{other.url}/frame.html?{ours}")
    assert framed(page).url == ("chrome-error://chromewebdata/" if with_policy else ours)
    for one in (other, relaid):
        if one:
            one.close()


def test_a_framed_chat_hands_nothing_to_a_page_of_another_origin(page, lab):
    """Even if the policy were gone: the browser gives the channels to a page of our own origin only."""
    other, relaid = OtherOrigin(), Relaid(lab.url)
    page.add_init_script("self.handed = []; addEventListener('message', event => handed.push(event.data))")
    page.goto(f"{other.url}/frame.html?{relaid.url}/lab/chat")
    expect(framed(page).get_by_role("button", name="Join", exact=True)).to_be_enabled(timeout=PATIENCE)
    assert page.evaluate("handed") == []
    page.goto(f"{relaid.url}/lab")
    page.evaluate(FRAME, "/lab/chat")
    expect(framed(page).get_by_role("button", name="Join", exact=True)).to_be_enabled(timeout=PATIENCE)
    assert page.evaluate("handed.slice(0, 2)") == ["control", "connection"]
    other.close()
    relaid.close()


# ------------------------------------------------------------------------------------------ without the lab


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_without_the_lab_no_page_and_no_file_of_it_is_served_or_listed(server, lab):
    suffixes = (".css", ".html", ".js", ".py", ".toml")
    files = [path.relative_to(WEB).as_posix() for path in (WEB / "lab").rglob("*") if path.suffix in suffixes]
    for at, expected in ((server, 404), (lab, 200)):
        with urllib.request.urlopen(at.url) as answer:
            folder = answer.read().decode().partition('data-folder="')[2].partition('"')[0]
        found = {status(at.url + name) for name in ["/lab", "/lab/chat", *(f"{folder}{name}" for name in files)]}
        assert len(files) > 20 and found == {expected}
        with urllib.request.urlopen(f"{at.url}{folder}manifest.txt") as answer:
            assert ("lab" in answer.read().decode()) is (expected == 200)
