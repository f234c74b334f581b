"""The page beside the same chat in plain JavaScript (bench_client/), over the same relay, in one run. By hand:

    python -m tests.bench_page [--runs N]

Prints Markdown tables of medians and ratios. The first is ours beside the other client: the driver runs inside the
pages, so that Playwright's own time does not count; what it waits for is what a person waits for: the list of members,
the words on the page. The second is level identity, at 2 and at 50 members, beside level passphrase: sessions of one
room inside one page, without a network or a view (bench_members.py). The third is level ratchet: sealing and opening
within a chain and with a DH step, with what is stored on the device for each, and without (bench_ratchet.py).
"""

import argparse
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "web")]

from playwright.sync_api import sync_playwright  # noqa: E402

from conftest import BROWSER_FLAGS, Server, find_browser  # noqa: E402 - after the paths
from protocol.levels.passphrase import Passphrase  # noqa: E402
from reference import ReferencePlatform, run  # noqa: E402
from relay_client import RelayClient  # noqa: E402

PASSPHRASE = "correct horse battery staple"
CLIENT = Path(__file__).parent / "bench_client"
KINDS = ["passphrase", "identity, 2", "identity, 50"]
STORED, BURST, TALK = 1_000, 200, 100

# What differs between the two pages; everything else of the driver is the same.
PAGES = {
    "python": {"name": "#join-name", "room": "#join-room", "passphrase": "#join-passphrase",
               "join": "#join-button", "disabled": "#join-fields", "members": ".member-list li", "text": ".draft",
               "send": ".send", "rows": ".log li[data-kind=message] .text"},
    "javascript": {"name": "#name", "room": "#room", "passphrase": "#passphrase",
                   "join": "#join", "disabled": "#join", "members": "#members li", "text": "#message",
                   "send": "#send", "rows": "#messages li p"},
}  # fmt: skip

DRIVER = """
(page) => {
  const $ = (selector) => document.querySelector(selector);
  const clock = () => performance.timeOrigin + performance.now();
  const until = (done) => new Promise((resolve) => {
    if (done()) return resolve(clock());
    const watch = new MutationObserver(() => { if (done()) { watch.disconnect(); resolve(clock()); } });
    watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  const type = (selector, value) => {
    $(selector).value = value;
    $(selector).dispatchEvent(new Event("input", { bubbles: true }));
  };
  const last = () => [...document.querySelectorAll(page.rows)].at(-1)?.textContent;
  window.bench = {
    async join(name, room, passphrase) {
      await until(() => $(page.disabled) && !$(page.disabled).disabled);
      type(page.name, name); type(page.room, room); type(page.passphrase, passphrase);
      const clicked = clock();
      $(page.join).click();
      const joined = await until(() => $(page.members));
      return { fromNavigation: joined - performance.timeOrigin, clicked };
    },
    shown: (count) => until(() => document.querySelectorAll(page.rows).length >= count),
    saw: (words) => until(() => last() === words),
    say(words) {
      const at = clock();
      type(page.text, words);
      $(page.send).click();
      return at;
    },
    async sayMany(prefix, count) {
      const at = clock();
      for (let i = 0; i < count; i++) {
        this.say(prefix + i);
        await scheduler.yield(); // the page takes the words out of the field in a microtask
      }
      return at;
    },
  };
}
"""


class Bench:
    def __init__(self, browser, server, client):
        """`client`: the origin of bench_client/."""
        self.browser = browser
        self.server = server
        self.addresses = {"python": server.url, "javascript": f"{client}/index.html?relay={server.websocket_url}"}
        self.rooms = 0

    def room(self):
        self.rooms += 1
        return f"bench-{self.rooms}"

    def context(self):
        # The pages' policy forbids the evaluation of strings that the driver needs; it costs nothing to leave it out.
        # Playwright's own routing would turn the browser's cache off, so the other client has a server of its own.
        return self.browser.new_context(bypass_csp=True)

    def open(self, kind, context):
        page = context.new_page()

        page.on("pageerror", lambda error: print(kind, error, file=sys.stderr))
        page.goto(self.addresses[kind], wait_until="commit")
        page.wait_for_load_state("domcontentloaded")
        page.evaluate(DRIVER, PAGES[kind])
        return page

    def join(self, kind, context, room, name):
        page = self.open(kind, context)
        return page, page.evaluate("([n, r, p]) => bench.join(n, r, p)", [name, room, PASSPHRASE])

    def visits(self, kind):
        """Navigation -> Join accepted, first and second visit, in ms."""
        context, room = self.context(), self.room()
        times = [self.join(kind, context, room, "Alice")[1]["fromNavigation"] for _ in range(2)]
        context.close()
        return {"first visit -> joined": times[0], "second visit -> joined": times[1]}

    def talk(self, kind):
        """Send -> shown in the other context, message by message, and a burst, in ms."""
        ours, theirs, room = self.context(), self.context(), self.room()
        alice, _ = self.join(kind, ours, room, "Alice")
        bob, _ = self.join(kind, theirs, room, "Bob")
        times = [self.one(alice, bob, f"message {i}") for i in range(TALK + 5)][5:]
        last = f"burst {BURST - 1}"
        bob.evaluate("(words) => { window.seen = bench.saw(words); }", last)
        start = alice.evaluate("([p, n]) => bench.sayMany(p, n)", ["burst ", BURST])
        burst = bob.evaluate("() => window.seen") - start
        for context in (ours, theirs):
            context.close()
        times.sort()
        return {
            "send -> shown, p50": times[len(times) // 2],
            "send -> shown, p95": times[int(len(times) * 0.95)],
            f"burst of {BURST}, all shown": burst,
        }

    def one(self, sender, receiver, words):
        receiver.evaluate("(words) => { window.seen = bench.saw(words); }", words)
        start = sender.evaluate("(words) => bench.say(words)", words)
        return receiver.evaluate("() => window.seen") - start

    def history(self, kind, room):
        """Join clicked -> all stored messages shown, in ms, the slow key derivation included."""
        context = self.context()
        page, joined = self.join(kind, context, room, "Carol")
        end = page.evaluate("(count) => bench.shown(count)", STORED)
        context.close()
        return {f"{STORED} stored messages shown": end - joined["clicked"]}

    def store(self):
        """A room with STORED messages of four sessions, sealed by the reference."""
        room, platform = self.room(), ReferencePlatform()
        senders = []
        for i in range(4):
            sender = run(Passphrase.start(platform, room, f"Sender {i}", PASSPHRASE.encode()))
            if senders:
                sender.newest_opened = senders[0].parameters
                sender.keyring.keys = senders[0].keyring.keys
            run(sender.prepare())
            senders.append(sender)
        for i in range(0, STORED, 200):  # a connection may not send more at once
            with RelayClient(self.server.websocket_url) as client:
                client.join("passphrase/" + room, after=i)
                for j in range(i, i + 200):
                    words = f"stored message number {j}, of the usual length of a line in a chat"
                    client.append("passphrase/" + room, run(senders[j % 4].seal(words)))
                    client.receive("appended")
        return room


def serve_client(folder):
    """What is in a folder, cached like our own files: (server, its origin)."""

    class Handler(SimpleHTTPRequestHandler):
        def end_headers(self):
            self.send_header("Cache-Control", "max-age=3600")
            super().end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


def copy_client(server, folder):
    """bench_client/, and beside it the page's own worker for Argon2id, which a page takes from its own origin only."""
    shutil.copytree(CLIENT, folder)
    ours = re.search('data-folder="(.*?)"', urlopen(server.url).read().decode())[1]
    for name in ("browser/argon2.js", "runtime/argon2.umd.min.js"):
        folder.joinpath(name).parent.mkdir()
        folder.joinpath(name).write_bytes(urlopen(server.url + ours + name).read())


def measure(bench, runs):
    """{measure: {kind: [ms, ...]}}, the two kinds by turns, so that both meet the same machine."""
    found = {}
    room = bench.store()
    for _ in range(runs):
        for kind in PAGES:
            for figures in (bench.visits(kind), bench.talk(kind), bench.history(kind, room)):
                for name, ms in figures.items():
                    found.setdefault(name, {}).setdefault(kind, []).append(ms)
    return found


def table(found):
    lines = ["| ms, median | Python page | plain JavaScript | ratio |", "|---|---|---|---|"]
    for name, by_kind in found.items():
        ours, theirs = (statistics.median(by_kind[kind]) for kind in PAGES)
        lines.append(f"| {name} | {ours:.1f} | {theirs:.1f} | {ours / theirs:.2f} |")
    return "\n".join(lines)


def answering(text):
    return lambda route: route.fulfill(body=text)


def measure_in_page(browser, server, main, *beside):
    """{kind: {measure: [figure, ...]}}, as bench_members.py or bench_ratchet.py finds them in the page."""
    context = browser.new_context()
    page = context.new_page()
    page.on("console", lambda message: print(message.text, file=sys.stderr) if "Error" in message.text else None)
    configuration = (Path(__file__).parent.parent / "web" / "pyscript.toml").read_text("utf-8")
    for name, source in {"main.py": main, **{name: name for name in beside}}.items():
        text = Path(__file__).with_name(source).read_text("utf-8")
        page.route(f"**/{name}", answering(text))
    text = configuration + "".join(f'"./{name}" = "./{name}"\n' for name in beside)
    page.route("**/pyscript.toml", answering(text))
    page.goto(server.url)
    found = json.loads(page.locator("#results").text_content(timeout=300_000))
    context.close()
    return found


def members_table(found):
    kinds = sorted(found, key=KINDS.index)  # a dict of the page keeps no order
    medians = {kind: {name: statistics.median(figures) for name, figures in found[kind].items()} for kind in kinds}
    lines = [
        f"| median, ms or characters | {' | '.join(kinds)} | ratio of the last two |",
        "|---" * (len(kinds) + 2) + "|",
    ]
    for name in sorted(medians[kinds[-1]]):
        cells = [f"{medians[kind][name]:.1f}" if name in medians[kind] else "" for kind in kinds]
        two, fifty = (medians[kind][name] for kind in kinds[-2:])
        lines.append(f"| {name} | {' | '.join(cells)} | {fifty / two:.2f} |")
    return "\n".join(lines)


def ratchet_table(found):
    lines = ["| median, ms | stored on the device | not stored | ratio |", "|---|---|---|---|"]
    for name in sorted(found["stored"]):
        stored, not_stored = (statistics.median(found[kind][name]) for kind in ("stored", "not stored"))
        lines.append(f"| {name} | {stored:.1f} | {not_stored:.1f} | {stored / not_stored:.2f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="of the two clients; 0: levels identity and ratchet alone")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = find_browser(playwright)
        flags = BROWSER_FLAGS + (["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        client, origin = serve_client(f"{folder}/client")
        server = Server(Path(folder), origin=origin).start()
        copy_client(server, Path(folder, "client"))
        found = measure(Bench(browser, server, origin), runs) if runs else {}
        members = measure_in_page(browser, server, "bench_members.py", "both_talk.py")
        ratchet = measure_in_page(browser, server, "bench_ratchet.py")
        version = browser.version
        server.stop()
        client.shutdown()
    print(f"{date.today()}, {os.cpu_count()} cores, Chromium {version}, {runs} runs\n")
    if found:
        print(table(found), end="\n\n")
    print(members_table(members), end="\n\n")
    print(ratchet_table(ratchet))


if __name__ == "__main__":
    main()
