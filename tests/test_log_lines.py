"""What the server logs: enough for its operator, and nothing of what people do."""

import socket
import ssl
from contextlib import closing, suppress

import pytest

from known_bundles import ANN, BOB, bundle
from relay_client import RelayClient

ADDRESS = "198.51.100.77"  # of a member, as the proxy tells it


def chat(server) -> None:
    """All that a connection can come to: a talk, refusals of each layer, and an end of each sort."""
    first, second, broken = (member(server) for _ in range(3))
    with first, second:
        for one in (first, second):
            one.join("room-hush", "name-hush")
        first.appended("room-hush", "body-hush", id="id-hush", kind="kind-hush")
        first.send({"type": "look", "rooms": ["looked-hush"]})
        first.send({"type": "look-up", "names": ["looked-hush"]})
        for text in (bundle(ANN, "name-hush"), bundle(BOB, "name-hush"), "bundle-hush"):
            first.send({"type": "publish", "name": "name-hush", "bundle": text})
        assert {first.receive("error")["code"] for _ in range(2)} == {"name-taken", "bad-bundle"}
        first.send({"type": "leave", "room": "room-hush"})
        first.append("room-hush", "body-hush")
        assert first.receive("error")["code"] == "not-joined"
        second.send_at_once('{"type": "type-hush"', 30)
        assert second.close_code() == 4002
    broken.socket.socket.sendall(b"\xc1\x84\0\0\0\0hush")
    assert broken.close_code() == 1002


def member(server) -> RelayClient:
    options = {"ssl": trusting()} if server.url.startswith("https") else {}
    headers = {"X-Forwarded-For": ADDRESS, "X-Hush": "header-hush"}
    return RelayClient(server.websocket_url, additional_headers=headers, user_agent_header="hush", **options)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_2
    return context


def ask(server, raw: bytes) -> bytes:
    """Sends anything, and reads to the end."""
    with closing(socket.create_connection(("127.0.0.1", server.port), 10)) as plain, suppress(OSError):
        asking = trusting().wrap_socket(plain) if server.url.startswith("https") else plain
        asking.sendall(raw.replace(b"127.0.0.1", b"127.0.0.1:%d" % server.port))
        with asking, asking.makefile("rb") as answer:
            return answer.read()
    return b""


HERE = b"Host: 127.0.0.1\r\nConnection: close\r\n"
REQUESTS = (
    b"GET /path-hush?query-hush HTTP/1.1\r\nCookie: cookie-hush\r\n" + HERE + b"\r\n",
    b"GET /v/hush/%ff%00hush HTTP/1.1\r\nHost: hush.example\r\nConnection: close\r\nX-Forwarded-For: hush\r\n\r\n",
    b"POST /ws HTTP/1.1\r\nContent-Length: 9\r\n" + HERE + b"\r\nbody-hush",
    b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nOrigin: https://hush.example\r\n" + HERE + b"\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: hush\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HERE + b"hush" + b"h" * 100_000 + b": hush\r\n\r\n",
    b"hush / HTTP/9.9 hush\r\nhush\r\n\r\n",
    b"\x16\x03\x01hush\r\n\r\n",
)


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_even_at_debug_level_no_line_tells_what_anybody_does_or_who_it_is(start_server, tls):
    server = start_server(log_level="debug", proxy="127.0.0.1", tls_adhoc=tls)
    [announced] = [line for line in server.output.splitlines() if line.startswith("Secure Chat is at ")]
    answers = [ask(server, each) for each in REQUESTS]
    assert any(b" 404 " in each for each in answers) and any(b" 403 " in each for each in answers)
    chat(server)
    assert server.stop() == 0
    said = server.output.replace(announced, "")
    assert "hush" not in said and ADDRESS not in said and "127.0.0.1" not in said
    assert "Traceback" not in said
    assert "4002" in said and "is being stopped" in said, "the log was on"


def test_at_info_level_an_operator_reads_of_the_start_of_cut_offs_with_their_code_and_of_the_stop(start_server):
    server = start_server(log_level="info")
    chat(server)
    with member(server) as last:
        last.join("tea")
        server.stop()
    lines = [line.partition(" INFO ")[2] or line for line in server.output.splitlines()]
    assert lines[0].startswith("Secure Chat is at ")
    assert [line[:28] for line in lines[1:]] == [
        "A connection is closed: 4002",
        "A connection is closed: 1002",
        "The relay is being stopped",
        "A connection is closed: 1012",
    ]


def test_by_default_a_relay_that_works_logs_nothing(start_server):
    server = start_server()
    chat(server)
    assert server.stop() == 0
    assert server.output == f"Secure Chat is at {server.url}\n"
