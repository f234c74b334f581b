"""What tests share: a server as a process of its own, and a browser whose contexts are as separate as two people.

The browser is the one that SECURE_CHAT_BROWSER names, else Playwright's own, else a Chromium or Chrome on PATH; if
there is none, it is installed. Browser tests never skip: without a browser they fail and say what to install.
"""

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import expect, sync_playwright

# People of the stories, a wire that can be cut, a relay with any limit set, the pinned runtime, and views alone.
pytest_plugins = ["person", "wire", "relay_server", "fake_cdn", "mounted", "panels", "member", "device_page"]

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "web"))  # for `from protocol import ...`, as in the page
RESULTS = ROOT / "test-results"
START_TIMEOUT = 240.0  # seconds; the first start may fetch PyScript with npm
STOP_TIMEOUT = 15.0  # seconds
PATIENCE = 30.0  # seconds; more than anything takes, so reaching it is a finding. A page may wait 15 to connect anew
expect.set_options(timeout=PATIENCE * 1000)
ALONE = FileLock(Path(tempfile.gettempdir(), "secure-chat-install.lock"))  # apt-get serves one process at a time
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
# Below those that systems give to whoever names none (from 32,768 on). Each of pytest's workers has its own.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORTS = iter(random.sample(range(10_000 + WORKER, 32_768, 16), 1_000))
# The first two for small machines, the others so that nothing but our pages touches the network.
BROWSER_FLAGS = ["--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"]
BROWSER_FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


class Server:
    """server.py as a process. Options are those of the command line: retention_days=3, tls_adhoc=True, origin=[...]."""

    def __init__(self, folder: Path, environ: dict | None = None, program: Path = ROOT / "server.py", **options):
        self.program = program
        self.folder, self.options = folder, {"port": 0, "data": folder / "data" / "log.sqlite"} | options
        self.environ = os.environ | {"PYTHONUNBUFFERED": "1"} | (environ or {})
        self.before = []  # a command that runs the server's, such as a shell that sets a limit first
        self.process, self.url, self.starts = None, None, 0

    def start(self) -> "Server":
        """Starts the process, and returns once it answers."""
        self.spawn()
        wait_until(lambda: self.address() or self.process.poll() is not None, START_TIMEOUT, "the server starts")
        assert self.process.poll() is None, f"the server did not start:\n{self.output}"
        self.url = self.address()
        self.options["port"] = self.port  # a restart is found at the same address
        return self

    def spawn(self) -> None:
        """Starts the process only."""
        self.starts += 1
        with self.output_file.open("wb") as output:
            command = [*self.before, sys.executable, self.program, *as_arguments(self.options)]
            self.process = subprocess.Popen(command, env=self.environ, stdout=output, stderr=subprocess.STDOUT)

    def stop(self) -> int:
        """Ends it as Ctrl+C does. Returns the exit status."""
        return self.end_with(signal.SIGINT)

    def kill(self) -> None:
        """Ends it as a crash does."""
        self.end_with(signal.SIGKILL)

    def restart(self) -> "Server":
        """Starts it again after stop or kill, at the same address, with the same data."""
        return self.start()

    def end_with(self, number: int) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Waits for the end of the process. Returns the exit status."""
        try:
            return self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the server did not end:\n{self.output}") from None

    def address(self) -> str | None:
        found = re.search(r"^Secure Chat is at (\S+)$", self.output, re.MULTILINE)
        return found and found[1]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def websocket_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/ws"

    @property
    def data(self) -> Path:
        return Path(self.options["data"])

    @property
    def output_file(self) -> Path:
        return self.folder / f"server-{self.starts}.txt"

    @property
    def output(self) -> str:
        """What it printed and logged since its last start."""
        return self.output_file.read_text("utf-8", "replace")


def as_arguments(options: dict) -> list[str]:
    arguments = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            arguments.append(flag)
        elif value is not False and value is not None:
            for one in value if isinstance(value, list) else [value]:
                arguments += [flag, str(one)]
    return arguments


def wait_until(condition, timeout: float, what: str):
    """Returns the condition's value once it is true. `what` completes "did not happen in time: ..."."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < end, f"did not happen in time: {what}"
        time.sleep(0.02)
    return value


@pytest.fixture(scope="session")
def runtime_cache(pytestconfig) -> Path:
    """Where servers under test keep PyScript: fetched once, then shared, also by later runs."""
    return Path(pytestconfig.cache.mkdir("runtime"))


@pytest.fixture
def make_server(tmp_path, runtime_cache):
    """Makes servers that the test starts itself; all are ended after the test."""
    made = []

    def make(environ: dict | None = None, **options) -> Server:
        folder = tmp_path / f"server-{len(made)}"
        folder.mkdir()
        made.append(Server(folder, environ, **{"cache": runtime_cache} | options))
        return made[-1]

    yield make
    for each in made:
        if each.process:
            each.kill()


@pytest.fixture
def start_server(make_server):
    """Starts a server and waits until it answers: start_server(retention_messages=0)."""
    return lambda environ=None, **options: make_server(environ, **options).start()


def free_port() -> int:
    """A port that stays free until it is named, also while a server is down between two starts. Each is given once."""
    for port in PORTS:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="session")
def usual_port() -> int:
    """A free port. Always the same one, so that a browser which has the page's files need not load them again."""
    return free_port()


@pytest.fixture
def server(start_server, usual_port) -> Server:
    """A server with its own empty data."""
    return start_server(port=usual_port)


@pytest.fixture(scope="session")
def serve_instead(tmp_path_factory, runtime_cache):
    """Servers of the page with another main.py: serve_instead(path). Not by a route in the browser: where there is one,
    it takes every request to the test, and keeps none of the page's files."""
    servers = {}

    def serve(main: Path, **options) -> Server:
        name = (main, *options.items())
        if name not in servers:
            folder = tmp_path_factory.mktemp(main.stem)
            shutil.copytree(ROOT / "web", folder / "web")
            shutil.copy(ROOT / "server.py", folder)
            shutil.copy(main, folder / "web" / "main.py")
            options = {"cache": runtime_cache, "port": free_port()} | options
            servers[name] = Server(folder / "data", program=folder / "server.py", **options)
            servers[name].folder.mkdir()
            servers[name].start()
        return servers[name]

    yield serve
    for server in servers.values():
        server.kill()


@pytest.fixture(scope="session")
def used_context(browser):
    """Browser contexts that tests use one after the other: used_context("Bob's", locale="en-GB"). They keep the page's
    files, and with `fresh_at`, an origin, nothing that was stored there."""
    contexts = {}

    def use(whose="", fresh_at="", **options):
        name = repr((whose, sorted(options.items())))
        if name not in contexts:
            contexts[name] = open_context(browser, **options)
        if fresh_at:
            forget(contexts[name], fresh_at)
        contexts[name].console.clear()
        return contexts[name]

    yield use
    for context in contexts.values():
        context.close()


def forget(context, origin: str) -> None:
    """Deletes what was stored at an origin, through an empty page that stays for this: to open one takes 0.2 s."""
    empty = getattr(context, "empty", None)
    if not empty or empty.is_closed():
        empty = context.empty = context.new_page()
        context.commands = context.new_cdp_session(empty)
    context.commands.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "indexeddb"})


def close_pages(context) -> None:
    """All that tests have opened."""
    for page in context.pages:
        if page is not getattr(context, "empty", None):
            page.close()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


def launch(playwright):
    flags = BROWSER_FLAGS + (["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else [])
    return playwright.chromium.launch(executable_path=find_browser(playwright), args=flags)


def find_browser(playwright) -> str:
    named = os.environ.get("SECURE_CHAT_BROWSER")
    if named:
        return shutil.which(named) or pytest.fail(f"SECURE_CHAT_BROWSER names {named}, which is no program")
    with ALONE:
        found = installed_browser(playwright) or install_browser(playwright)
    return found or pytest.fail(
        "These tests need a browser and could not install one. Install Chromium or Chrome (Debian: apt-get install "
        "chromium), or name one in SECURE_CHAT_BROWSER."
    )


def installed_browser(playwright) -> str | None:
    candidates = (shutil.which(name) for name in (playwright.chromium.executable_path, *BROWSERS))
    return next((path for path in candidates if path and runs(path)), None)


def runs(browser: str) -> bool:
    # Playwright's own comes without the system's libraries, so it may be there and not run. (On Windows none answers.)
    return os.name == "nt" or subprocess.run([browser, "--version"], capture_output=True).returncode == 0


def install_browser(playwright) -> str | None:
    """With Playwright's own installer; where that fails and apt-get may be used, Debian's chromium."""
    for way in ([[sys.executable, "-m", "playwright", "install", "chromium"]], apt_get("chromium")):
        if all_run(way):
            found = installed_browser(playwright)
            if found:
                return found
    return None


def apt_get(package: str) -> list[list[str]]:
    """The commands that install a package of Debian."""
    root = [] if getattr(os, "geteuid", lambda: 1)() == 0 else ["sudo", "-n"]
    apt = [*root, "apt-get", "-q", "-y"]
    return [[*apt, "update"], [*apt, "install", "--no-install-recommends", package]]


def all_run(commands: list[list[str]]) -> bool:
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return all(shutil.which(one[0]) and subprocess.run(one, env=quiet).returncode == 0 for one in commands)


def find_program(name: str, package: str) -> str:
    """The path of a program that tests need; where it is missing and apt-get may be used, it is installed."""
    path = os.environ["PATH"] + ":/usr/sbin"  # where Debian keeps nginx, and not everybody looks
    with ALONE:
        found = shutil.which(name, path=path) or (all_run(apt_get(package)) and shutil.which(name, path=path))
    return found or pytest.fail(
        f"These tests need {name} and could not install it. Install it: apt-get install {package}."
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.when == "call":
        item.failed = report.failed
    return report


@pytest.fixture
def new_context(browser, request):
    """Makes browser contexts, each a person's own browser. What they showed is kept if the test fails."""
    contexts = []

    def make(**options):
        contexts.append(open_context(browser, **options))
        return contexts[-1]

    yield make
    for number, context in enumerate(contexts):
        keep_evidence(context, request.node, number)
        context.close()


def open_context(browser, **options):
    context = browser.new_context(ignore_https_errors=True, **options)
    context.set_default_timeout(PATIENCE * 1000)
    context.console = []
    context.on("console", lambda message: context.console.append(f"{message.type}: {message.text}"))
    context.on("weberror", lambda error: context.console.append(f"uncaught: {error.error}"))
    return context


def keep_evidence(context, test, number: int | str) -> None:
    """What the context's pages showed and said, if the test failed."""
    if not getattr(test, "failed", False):
        return
    folder = RESULTS / re.sub(r"\W+", "-", test.name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"console-{number}.txt").write_text("\n".join(context.console), "utf-8")
    for index, page in enumerate(context.pages):
        page.screenshot(path=folder / f"page-{number}-{index}.png")


@pytest.fixture
def context(new_context):
    return new_context()


@pytest.fixture
def page(context):
    return context.new_page()
