"""The page's Content-Security-Policy, proved in the browser: each attempt is refused on the page as it is served, and
the same attempt succeeds on the same page without the policy."""

import re
from typing import NamedTuple

import pytest
from playwright.sync_api import expect

import server as code
from conftest import PATIENCE, ROOT, Server, wait_until
from other_origin import OtherOrigin, Relaid

START = (ROOT / "web" / "start.js").read_text("utf-8")
# The one string that may be evaluated, as start.js has it.
EVALUATED = "".join(
    part[1:-1]
    for part in re.findall(r"\"[^\"]+\"|'[^']+'", re.search(r"const EVALUATED = (.*?);\n", START, re.DOTALL)[1])
)

# A script of ours that runs anywhere.
MODULE = "runtime/" + next(file.name for file in code.read_manifest() if file.name.startswith("toml"))


class Attempt(NamedTuple):
    """`script`: the body of an async function of `other` (the foreign origin), `loads` and `until`.

    It returns true if it worked, and null where only the other origin can tell.
    """

    script: str
    directive: str  # the one that refuses it
    asks: str = ""  # the path at the other origin that it asks for

    @property
    def function(self) -> str:
        return f"async (other, loads, until) => {{ {self.script} }}"


TYPES, SCRIPT = "require-trusted-types-for", "script-src-elem"


def element(name: str, attributes: str) -> str:
    """Adds an element with attributes as `src: other + '/a.svg'`, and tells whether it loads."""
    return f"return loads(Object.assign(document.createElement('{name}'), {{ {attributes} }}))"


ATTEMPTS = {
    # Code out of text.
    "eval": Attempt("return eval('6 * 7') === 42", TYPES),
    "new Function": Attempt("return new Function('return 42')() === 42", TYPES),
    "a timer with text": Attempt("setTimeout('self.timer = 1'); return until(() => self.timer)", TYPES),
    "PyScript's string with another hook": Attempt(
        f"return Boolean(Function({EVALUATED.partition('...[')[0] + '...[1])'!r}))", TYPES
    ),
    "PyScript's string and more": Attempt(f"return Boolean(Function({EVALUATED + ';0'!r}))", TYPES),
    "more and PyScript's string": Attempt(f"return Boolean(Function({'0;' + EVALUATED!r}))", TYPES),
    "PyScript's string and a space": Attempt(f"return Boolean(Function({EVALUATED + ' '!r}))", TYPES),
    "PyScript's string with a parameter": Attempt(f"return Boolean(Function('self', {EVALUATED!r}))", TYPES),
    "PyScript's string as an async function": Attempt(
        f"return Boolean((async () => 0).constructor({EVALUATED!r}))", TYPES
    ),
    "rules of its own": Attempt(
        "return Boolean(trustedTypes.createPolicy('mine', { createScript: text => text }))", "trusted-types"
    ),
    "an inline script element": Attempt(
        "const script = document.createElement('script'); script.append('self.element = 1');"
        " document.body.append(script); return until(() => self.element)",
        TYPES,
    ),
    "a handler attribute": Attempt(
        "document.body.setAttribute('onclick', 'self.clicked = 1'); document.body.click();"
        " return until(() => self.clicked)",
        TYPES,
    ),
    "an address with code": Attempt(
        "const link = document.createElement('a'); link.href = 'javascript:void (self.link = 1)';"
        " document.body.append(link); link.click(); return until(() => self.link)",
        SCRIPT,
    ),
    "a module out of text": Attempt(
        "return (await import('data:text/javascript,export default 42')).default === 42", SCRIPT
    ),
    "a worker out of text": Attempt(
        "const worker = new Worker(URL.createObjectURL(new Blob(['postMessage(1)'])));"
        " return new Promise(done => { worker.onmessage = () => done(true); worker.onerror = () => done(false) })",
        TYPES,
    ),
    "a service worker": Attempt(
        "const { folder } = document.querySelector('script[data-folder]').dataset;"
        f" const registered = await navigator.serviceWorker.register(folder + '{MODULE}', {{ type: 'module' }});"
        " return registered.unregister()",
        TYPES,
    ),
    # Markup out of text.
    "innerHTML": Attempt("document.createElement('p').innerHTML = '<b>'; return true", TYPES),
    "outerHTML": Attempt(
        "const p = document.createElement('p'); document.body.append(p); p.outerHTML = '<b>'; return true", TYPES
    ),
    "insertAdjacentHTML": Attempt("document.body.insertAdjacentHTML('beforeend', '<b></b>'); return true", TYPES),
    "createContextualFragment": Attempt("return Boolean(new Range().createContextualFragment('<b>'))", TYPES),
    "DOMParser": Attempt("return Boolean(new DOMParser().parseFromString('<b>', 'text/html'))", TYPES),
    "srcdoc": Attempt("document.createElement('iframe').srcdoc = '<b>'; return true", TYPES),
    "a style element": Attempt(
        "const sheet = document.createElement('style'); sheet.append('body { --a: 1 }'); document.head.append(sheet);"
        " return getComputedStyle(document.body).getPropertyValue('--a') === '1'",
        "style-src-elem",
    ),
    "a style attribute": Attempt(
        "document.body.setAttribute('style', '--b: 1');"
        " return getComputedStyle(document.body).getPropertyValue('--b') === '1'",
        "style-src-attr",
    ),
    "a base element": Attempt(
        "const base = document.createElement('base'); base.href = other + '/'; document.head.append(base);"
        " const moved = document.baseURI.startsWith(other); base.remove(); return moved",
        "base-uri",
    ),
    # Others that are asked: for what they send, or to be told something.
    "fetch": Attempt("return (await fetch(other + '/fetch')).ok", "connect-src", "/fetch"),
    "XMLHttpRequest": Attempt(
        "const request = new XMLHttpRequest(); request.open('GET', other + '/request');"
        " return new Promise(done => { request.onload = () => done(true); request.onerror = () => done(false);"
        " request.send() })",
        "connect-src",
        "/request",
    ),
    "sendBeacon": Attempt("navigator.sendBeacon(other + '/beacon', 'words'); return null", "connect-src", "/beacon"),
    "WebSocket": Attempt(
        "const socket = new WebSocket(other.replace('http', 'ws') + '/socket');"
        " return new Promise(done => { socket.onopen = () => done(true); socket.onerror = () => done(false) })",
        "connect-src",
        "/socket",
    ),
    "an image": Attempt(element("img", "src: other + '/a.svg?words'"), "img-src", "/a.svg"),
    "text as a script": Attempt(
        "const script = document.createElement('script'); script.text = 'self.text = 1'; document.body.append(script);"
        " return until(() => self.text)",
        TYPES,
    ),
    "a script": Attempt(element("script", "src: other + '/a.js'"), TYPES, "/a.js"),
    "a module": Attempt("await import(other + '/module.js'); return true", SCRIPT, "/module.js"),
    "a style sheet": Attempt(element("link", "rel: 'stylesheet', href: other + '/a.css'"), "style-src-elem", "/a.css"),
    "something to fetch early": Attempt(
        element("link", "rel: 'prefetch', href: other + '/early'"), "default-src", "/early"
    ),
    "a font": Attempt(
        "await new FontFace('f', `url(${other}/font)`).load().catch(() => 0); return null", "font-src", "/font"
    ),
    "an object": Attempt(element("object", "data: other + '/object.svg'"), TYPES, "/object.svg"),
    "a frame of another page": Attempt(
        "const frame = document.createElement('iframe'); frame.src = other + '/frame.html'; await loads(frame);"
        " return null",
        "frame-src",
        "/frame.html",
    ),
    "a frame of our own page": Attempt(
        "const frame = document.createElement('iframe'); frame.src = location.href; await loads(frame);"
        " return frame.contentDocument?.title === document.title",
        "frame-src",
    ),
    "a form": Attempt(
        "const frame = document.createElement('iframe'); frame.name = 'target'; document.body.append(frame);"
        " const form = document.createElement('form'); document.body.append(form);"
        " Object.assign(form, { method: 'post', action: other + '/form', target: 'target' });"
        " form.submit(); return null",
        "form-action",
        "/form",
    ),
}

# Runs an attempt in the page's own world: what the browser's debugger evaluates itself is exempt from the policy.
RUN = """([other, refused]) => new Promise(done => setTimeout(async () => {
  const directives = self.directives = [], note = (event) => directives.push(event.effectiveDirective);
  const until = async (condition, tries = 500) => {
    while (!condition() && !directives.length && tries--) await new Promise(wait => setTimeout(wait, 10));
    return Boolean(condition());
  };
  const loads = (element) => new Promise(loaded => {
    element.onload = () => loaded(true);
    element.onerror = () => loaded(false);
    document.body.append(element);
  });
  document.addEventListener('securitypolicyviolation', note);
  const attempt = ATTEMPT;
  const worked = await attempt(other, loads, until).catch(error => error.name);
  if (refused) await until(() => directives.length);
  done([worked, directives]);
}))"""


class Outcome(NamedTuple):
    worked: bool | str | None  # or the name of the error
    directives: list[str]  # of the violations that the browser reported


class Tried(NamedTuple):
    outcomes: dict[str, Outcome]
    asked: list[str]  # what arrived at the other origin


def try_all(browser, url: str, refused: bool) -> Tried:
    """What comes of every attempt on the page at this address, once Python runs."""
    other, context = OtherOrigin(), browser.new_context()
    page = context.new_page()
    page.goto(url)
    expect(page.get_by_role("button", name="Join", exact=True)).to_be_enabled()
    outcomes = {}
    for name, attempt in ATTEMPTS.items():
        outcomes[name] = Outcome(*page.evaluate(RUN.replace("ATTEMPT", attempt.function), [other.url, refused]))
        if outcomes[name].worked is None:  # it was asked, or the browser has reported that it may not be
            decided = lambda asks=attempt.asks: asks in other.asked or page.evaluate("directives.length")  # noqa: E731 - one line
            wait_until(decided, PATIENCE, f"{name} arrives or is refused")
    context.close()
    other.close()
    return Tried(outcomes, other.asked)


@pytest.fixture(scope="module")
def real(tmp_path_factory, runtime_cache):
    server = Server(tmp_path_factory.mktemp("server"), cache=runtime_cache).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def relaid(real):
    """Makes what Relaid makes, of the real server."""
    made = []
    yield lambda **how: made.append(Relaid(real.url, **how)) or made[-1].url
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def with_policy(browser, real):
    return try_all(browser, real.url, refused=True)


@pytest.fixture(scope="module")
def without_policy(browser, relaid):
    return try_all(browser, relaid(), refused=False)


# ------------------------------------------------------------------------------------------ what code in the page tries


@pytest.mark.parametrize("name", ATTEMPTS)
def test_the_policy_refuses(with_policy, name):
    outcome = with_policy.outcomes[name]
    assert outcome.worked is not True
    assert ATTEMPTS[name].directive in outcome.directives


def test_nothing_that_is_refused_reaches_another_origin(with_policy):
    assert with_policy.asked == []


@pytest.mark.parametrize("name", ATTEMPTS)
def test_without_the_policy_the_same_attempt_succeeds(without_policy, name):
    outcome, asks = without_policy.outcomes[name], ATTEMPTS[name].asks
    assert outcome.worked is True or (outcome.worked is None and asks)
    assert outcome.directives == []
    assert asks in ["", *without_policy.asked]


IN_OLDER_BROWSERS = {"eval", "new Function", "a timer with text", "innerHTML", "outerHTML", "insertAdjacentHTML"}
IN_OLDER_BROWSERS |= {"createContextualFragment", "DOMParser", "srcdoc", "a service worker", "rules of its own"}
IN_OLDER_BROWSERS |= {name for name in ATTEMPTS if "PyScript's string" in name}


def test_where_browsers_lack_trusted_types_text_can_be_evaluated_and_made_into_markup_and_no_more(browser, relaid):
    tried = try_all(browser, relaid(without="; require-trusted-types-for.*"), refused=False)
    assert {name for name, outcome in tried.outcomes.items() if outcome.worked is True} == IN_OLDER_BROWSERS
    assert tried.asked == []


# ------------------------------------------------------------------------------------------ markup that got in

MARKUP = b"""<script>self.inline = 1</script><img src="data:," onerror="self.handler = 1"><b style="--c: 1"></b>"""
INJECTED = "[self.inline, self.handler, getComputedStyle(document.querySelector('b')).getPropertyValue('--c')]"


@pytest.mark.parametrize("with_policy", [True, False])
def test_injected_markup_runs_nothing_unless_the_policy_is_gone(page, relaid, with_policy):
    page.goto(relaid(without="" if with_policy else ".*", markup=MARKUP))
    expect(page.get_by_role("button", name="Join", exact=True)).to_be_enabled()
    assert page.evaluate(INJECTED) == ([None, None, ""] if with_policy else [1, 1, "1"])


# ------------------------------------------------------------------------------------------ framing


@pytest.mark.parametrize("with_policy", [True, False])
def test_a_page_of_another_origin_cannot_frame_ours_unless_the_policy_is_gone(page, real, relaid, with_policy):
    other, ours = OtherOrigin(), real.url if with_policy else relaid()
    page.goto(f"{other.url}/frame.html?{ours}/")
    frame, shown = page.frames[1], "chrome-error://chromewebdata/" if with_policy else f"{ours}/"
    wait_until(lambda: page.evaluate("1") and frame.url == shown, PATIENCE, f"{shown} in the frame")
    expect(frame.get_by_role("heading", name="Secure Chat", exact=True)).to_have_count(0 if with_policy else 1)
    other.close()


# ------------------------------------------------------------------------------------------ the one string


def test_the_string_that_may_be_evaluated_is_the_one_of_the_pinned_pyscript(runtime_cache):
    core = b"".join(content for name, content in own_core(runtime_cache).items() if name.startswith("core"))
    template = "return(w,x)=>(${r})(w,x,...[${s}])"
    loop = "async(e,t,...n)=>{for(const r of n)await r(e,t)}"
    hook = EVALUATED.removeprefix(template.replace("${r}", loop).split("${s}")[0]).removesuffix("])")
    assert template.replace("${r}", loop).replace("${s}", hook) == EVALUATED
    for part in (f"Function(`{template}`)", loop, f"onBeforeRunAsync:new So([{hook}])"):
        assert part.encode() in core, f"PyScript evaluates another string now: look for {part}, then change start.js"


def own_core(cache):
    return code.own_copy(code.read_manifest(), cache)


def test_that_string_is_all_that_the_page_evaluates_and_core_js_all_that_it_loads_as_a_script(page, real):
    page.add_init_script("""
      self.passed = [];
      const make = TrustedTypePolicyFactory.prototype.createPolicy;
      TrustedTypePolicyFactory.prototype.createPolicy = function (name, rules) {
        const noted = Object.entries(rules).map(([rule, allow]) =>
          [rule, (text) => { passed.push([name, rule, text, allow(text) !== null]); return allow(text) }]);
        return make.call(this, name, Object.fromEntries(noted));
      }""")
    page.goto(real.url)
    expect(page.get_by_role("button", name="Join", exact=True)).to_be_enabled()
    passed = page.evaluate("self.passed")
    folder = page.locator("script[data-folder]").get_attribute("data-folder")
    assert sorted(rule for _, rule, _, _ in passed) == ["createScript", "createScriptURL"]
    assert {text.strip("()") for _, _, text, _ in passed} == {
        f"function anonymous(\n) {{\n{EVALUATED}\n}}",
        f"{folder}runtime/core.js",
    }
    assert all(allowed for *_, allowed in passed)


# ------------------------------------------------------------------------------------------ CDN mode


def directives_of(runtime: dict[str, bytes], path: str = "/", **options) -> dict[str, set[str]]:
    """The policy of the page at this path, that is served with this copy of PyScript."""
    app = code.create_app(code.Settings(port=5000, **options), code.Relay(code.Settings()), runtime)
    at = {"base_url": "http://127.0.0.1:5000", "environ_overrides": {"securechat.visit": code.Visit()}}
    answer = app.test_client().get(path, **at)
    assert answer.status_code == 200
    return {
        name: set(sources) for name, *sources in map(str.split, answer.headers["Content-Security-Policy"].split(";"))
    }


def test_in_cdn_mode_the_two_package_folders_are_added_for_scripts_and_connections_and_nothing_else():
    local, cdn = directives_of({"core.js": b""}), directives_of({})
    packages = {file.package for file in code.read_manifest() if not file.optional}
    folders = {f"https://cdn.jsdelivr.net/npm/{package}/" for package in packages}
    assert len(folders) == 2 and all(re.search(r"@\d+\.\d+\.\d+[\d-]*/$", folder) for folder in folders)
    added = {name: cdn[name] - sources for name, sources in local.items()}
    assert {name: sources for name, sources in added.items() if sources} == dict.fromkeys(
        ["script-src", "connect-src"], folders
    )
    assert all(sources <= cdn[name] for name, sources in local.items()) and local.keys() == cdn.keys()


def test_with_our_copy_no_source_is_another_origin_and_only_pictures_come_out_of_text():
    sources = {(name, source) for name, sources in directives_of({"core.js": b""}).items() for source in sources}
    assert {source for source in sources if not re.fullmatch(r"'.*'|script|default", source[1])} == {
        ("img-src", "data:")
    }


# ------------------------------------------------------------------------------------------ with the lab


def test_with_the_lab_its_chat_alone_may_be_framed_and_by_our_own_pages_alone():
    pages = {path: directives_of({"core.js": b""}, path, lab=True) for path in ("/", *code.LAB_PAGES)}
    framed_by = {path: directives.pop("frame-ancestors") for path, directives in pages.items()}
    frames = {path: directives.pop("frame-src", {"'none'"}) for path, directives in pages.items()}
    assert framed_by == {"/": {"'none'"}, "/lab": {"'none'"}, "/lab/chat": {"'self'"}}
    assert frames == {"/": {"'none'"}, "/lab": {"'self'"}, "/lab/chat": {"'none'"}}
    assert pages["/lab"] == pages["/lab/chat"] == pages["/"] and pages["/"]["default-src"] == {"'none'"}


# ------------------------------------------------------------------------------------------ what no policy refuses


def test_what_code_in_the_page_can_do_all_the_same_is_leave_with_what_it_knows(page, real):
    other = OtherOrigin()
    page.goto(real.url)
    page.evaluate("other => setTimeout(() => { location = other + '/left.html?words' })", other.url)
    page.wait_for_url(f"{other.url}/left.html?words")
    assert other.asked[0] == "/left.html"
    other.close()
