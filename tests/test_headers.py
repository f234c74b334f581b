"""What stands in the head of every answer, whoever gives it: the application, or the web server below it."""

import json
import signal
import socket
import ssl
from email import message_from_string
from pathlib import Path
from typing import NamedTuple

import pytest

import server as code
from conftest import PATIENCE, Server, wait_until
from other_origin import OtherOrigin

HANDSHAKE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
# By what it is: the request, and the status that answers it. HOST is the server's own, FOLDER the versioned one.
REQUESTS = {
    "the page": ("GET / HTTP/1.1\r\nHost: HOST\r\n\r\n", 200),
    "its head": ("HEAD / HTTP/1.1\r\nHost: HOST\r\n\r\n", 200),
    "a versioned file": ("GET FOLDERmain.py HTTP/1.1\r\nHost: HOST\r\n\r\n", 200),
    "a page that has not changed": ("GET / HTTP/1.1\r\nHost: HOST\r\nIf-None-Match: *\r\n\r\n", 304),
    "what is not there": ("GET /nothing HTTP/1.1\r\nHost: HOST\r\n\r\n", 404),
    "another method": ("POST / HTTP/1.1\r\nHost: HOST\r\n\r\n", 405),
    "its options": ("OPTIONS / HTTP/1.1\r\nHost: HOST\r\nOrigin: https://evil.example\r\n\r\n", 200),
    "another name": ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 308),
    "a foreign name": ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
    "a foreign page at the relay": (f"GET /ws HTTP/1.1\r\nHost: HOST\r\nOrigin: https://evil\r\n{HANDSHAKE}\r\n", 403),
    "no handshake": ("GET /ws HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
    "health": ("GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n", 200),
    "metrics": ("GET /metrics HTTP/1.1\r\nHost: HOST\r\n\r\n", 200),
    "metrics for a stranger": ("GET /metrics HTTP/1.1\r\nHost: HOST\r\nVia: 1.1 proxy\r\n\r\n", 403),
    "no HTTP at all": ("hello, who are you?\r\n\r\n", 400),
    "no header": ("GET / HTTP/1.1\r\nHost: HOST\r\nno header\r\n\r\n", 400),
    "a body": ("POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\n\r\nx", 400),
    "a line without an end": (f"GET /{'x' * 10_000} HTTP/1.1\r\nHost: HOST\r\n\r\n", 414),
}
ALWAYS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]


def ask(server: Server, request: str) -> Answer:
    """The head of the answer. HOST and FOLDER in the request stand for the server's own."""
    request = request.replace("HOST", server.url.partition("//")[2]).replace("FOLDER", folder(server))
    with connection_to(server) as connection:
        connection.sendall(request.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = connection.recv(65_536)
            assert more, f"the connection ended within {answer!r}"
            answer += more
    first, _, head = answer.partition(b"\r\n\r\n")[0].decode("latin-1").partition("\r\n")
    headers = message_from_string(head).items()
    assert len(headers) == len({name.lower() for name, _ in headers}), "a header comes twice"
    return Answer(int(first.split()[1]), dict(headers))


def connection_to(server: Server) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    if server.url.startswith("http:"):
        return plain
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return trusting.wrap_socket(plain)


def folder(server: Server) -> str:
    return code.site(code.own_copy(code.read_manifest(), server.options["cache"])).folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory, runtime_cache):
    server = Server(tmp_path_factory.mktemp("plain"), cache=runtime_cache).start()
    yield server
    server.kill()


@pytest.mark.parametrize("name", REQUESTS)
def test_every_answer_says_what_browsers_may_not_do_with_it(plain, name):
    request, status = REQUESTS[name]
    answer = ask(plain, request)
    assert answer.status == status
    assert {header: answer.headers.get(header) for header in ALWAYS} == ALWAYS
    assert answer.headers["Permissions-Policy"] == code.HEADERS["Permissions-Policy"]
    by_the_application = "Content-Type" in answer.headers or status == 304
    assert ("Content-Security-Policy" in answer.headers) == by_the_application


@pytest.mark.parametrize("name", [*REQUESTS, "a handshake"])
def test_no_answer_sets_a_cookie_or_lets_another_origin_read_or_names_the_software(plain, name):
    request, _ = REQUESTS.get(name, (f"GET /ws HTTP/1.1\r\nHost: HOST\r\n{HANDSHAKE}\r\n", 101))
    foreign = request.replace("\r\n\r\n", "\r\nOrigin: https://evil.example\r\nCookie: a=b\r\n\r\n", 1)
    for sent in (request, foreign, request.replace("\r\n\r\n", f"\r\nOrigin: {plain.url}\r\n\r\n", 1)):
        names = {header.lower() for header in ask(plain, sent).headers}
        assert names.isdisjoint({"set-cookie", "server", "x-powered-by"})
        assert not any(header.startswith("access-control-") for header in names)


def test_a_handshake_is_answered_by_what_the_rfc_asks_for_and_no_more(plain):
    answer = ask(plain, f"GET /ws HTTP/1.1\r\nHost: HOST\r\n{HANDSHAKE}\r\n")
    assert answer.status == 101
    assert {name.lower() for name in answer.headers} == {"upgrade", "connection", "sec-websocket-accept"}


# ------------------------------------------------------------------------------------------ HSTS


@pytest.fixture(scope="module")
def of_its_own_making(tmp_path_factory, runtime_cache):
    """A server with --tls-adhoc."""
    server = Server(tmp_path_factory.mktemp("adhoc"), cache=runtime_cache, tls_adhoc=True).start()
    yield server
    server.kill()


def test_with_a_certificate_browsers_are_told_to_come_by_https_only(of_its_own_making, start_server):
    chain, key = (of_its_own_making.data.with_name(f"tls-adhoc.{end}") for end in ("crt", "key"))
    given = start_server(tls_cert=chain, tls_key=key)
    for name in ("the page", "a versioned file", "what is not there", "a foreign name", "no handshake", "health"):
        assert ask(given, REQUESTS[name][0]).headers["Strict-Transport-Security"] == "max-age=31536000", name


def test_without_tls_and_with_a_certificate_of_its_own_making_they_are_not(plain, of_its_own_making):
    for server in (plain, of_its_own_making):
        for name, (request, status) in REQUESTS.items():
            answer = ask(server, request)
            assert (answer.status, "Strict-Transport-Security" in answer.headers) == (status, False), name


# ------------------------------------------------------------------------------------------ in the browser


def test_the_browser_withholds_every_power_that_the_page_does_not_use(page, plain):
    page.goto(plain.url)
    left = set(page.evaluate("document.featurePolicy.allowedFeatures()"))
    network = {"local-network", "local-network-access", "loopback-network"}  # a relay may be in a local one
    assert {power for power in left if not power.startswith("ch-")} - network == {"clipboard-write"}


def test_no_browser_holds_a_cookie_after_a_conversation(plain, person):
    alice, bob = person("Alice", plain.url), person("Bob", plain.url)
    for each in (alice, bob):
        each.joins("kitchen")
    alice.says("no biscuits")
    bob.sees("no biscuits", by="Alice")
    bob.reloads()
    for each in (alice, bob):
        assert each.page.evaluate("document.cookie") == ""
        assert each.context.cookies() == []
    alice.page.evaluate("document.cookie = 'a=b'")
    wait_until(alice.context.cookies, PATIENCE, "a cookie is seen")
    assert [cookie["name"] for cookie in alice.context.cookies()] == ["a"]
    alice.context.clear_cookies()


def test_a_foreign_page_can_neither_read_our_answers_nor_use_them(page, plain):
    other, failures = OtherOrigin(), []
    page.on("requestfailed", lambda request: failures.append(request.failure))
    page.goto(f"{other.url}/page.html")
    reads = "fetch(address).then(() => 'read', error => error.name)"
    uses = "fetch(address, { mode: 'no-cors' }).then(() => 'used', error => error.name)"
    for attempt in (reads, uses):
        for path in ("/", f"{folder(plain)}main.py", "/healthz"):
            assert page.evaluate(f"address => {attempt}", plain.url + path) == "TypeError", (attempt, path)
    withheld = lambda: page.evaluate("1") and failures.count("net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin")  # noqa: E731 - one line
    wait_until(lambda: withheld() == 3, PATIENCE, "what is not read is withheld by its own header, three times")
    other.close()


def test_a_foreign_page_cannot_talk_to_the_relay(page, plain):
    other = OtherOrigin()
    page.goto(f"{other.url}/page.html")
    talk = """address => new Promise(done => {
      const socket = new WebSocket(address);
      socket.onopen = () => done("open");
      socket.onclose = ({ code }) => done(code);
    })"""
    assert page.evaluate(talk, plain.websocket_url) == 1006
    assert page.evaluate(talk, other.url.replace("http", "ws")) == "open", "it could talk to another"
    other.close()


def test_a_foreign_page_that_opens_ours_has_no_hold_on_it(page, plain):
    other = OtherOrigin()
    page.goto(f"{other.url}/page.html")
    for url, lost in ((plain.url, True), (other.url, False)):
        with page.expect_popup() as opened:
            page.evaluate("address => { self.held = open(address) }", url)
        opened.value.wait_for_url(f"{url}/")
        wait_until(lambda lost=lost: page.evaluate("held.closed") is lost, PATIENCE, f"closed for its opener: {lost}")
        assert opened.value.evaluate("opener === null") is lost
    other.close()


def test_what_follows_the_head_does_not_wait_until_the_head_is_acknowledged(make_relay):
    relay = make_relay(script=Path(__file__).with_name("relay_that_shows_its_sockets.py"))
    with relay.client() as talking, socket.create_connection(("127.0.0.1", relay.port), timeout=PATIENCE) as asking:
        asking.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert asking.recv(65_536).startswith(b"HTTP/1.1 200")
        talking.send({"type": "ping"})
        talking.receive("pong")
        relay.process.send_signal(signal.SIGUSR1)
        shown = json.loads(relay.process.stdout.readline())
    assert len(shown) == 2 and all(shown.values()), f"TCP_NODELAY of both connections: {shown}"
