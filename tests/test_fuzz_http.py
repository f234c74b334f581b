"""HTTP as nobody would write it, by hypothesis (fuzz.py says how to run more). Whatever comes, server.py answers in
well-formed HTTP, serves nothing but what is its own, takes no body for a request, logs nothing, and holds nothing."""

import gzip
import re
import socket
from contextlib import suppress
from email.parser import BytesHeaderParser
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import server as served
from conftest import Server
from fuzz import ROOM, Bystander, complaints, cut, nothing_is_left, places, profile
from relay_client import RelayClient

SMUGGLED = b"GET /healthz?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
HOSTS = (
    "ours",
    "localhost",
    "LOCALHOST.",
    "127.0.0.1",
    "[::1]",
    "[::1",
    "evil.example",
    "a@ours",
    "ours, ours",
    "",
    "é",
)
HOSTS += ("127.0.0.1:99999", "ours/x", "ours#", "127.0.0.1.evil.example", "0x7f.1", "%00", "a b", ":", "[]", "..")
ORIGINS = (
    "http://ours",
    "http://evil.example",
    "null",
    "",
    "http://ours, http://evil.example",
    "https://ours",
    "é",
    "//",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"), runtime="cdn", log_level="debug").start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def bystander(server):
    client = RelayClient(server.websocket_url)
    yield Bystander(client, server.data)
    client.close()


class Ours(set):
    def __repr__(self):
        return "what is ours"  # not all of it, when a test fails


@pytest.fixture(scope="module")
def ours() -> Ours:
    """All that may be answered with 200: the page, its files, the answers to monitors and to OPTIONS."""
    return Ours({PAGE.encode(), *FILES.values(), b"ok\n", b""})


@pytest.fixture(autouse=True)
def nothing_else_happens(server, bystander):
    with nothing_is_left(server.process.pid, server.url):
        yield
    bystander.is_unconcerned()
    assert complaints(server.output) == []


# Requests

SITE = served.site({})
PAGE, FOLDER, FILES = SITE.pages["/"], SITE.folder, SITE.files
SEGMENTS = (
    "..",
    ".",
    "",
    "%2e%2e",
    "%2E.",
    "..%2f",
    "%5c..",
    "..\\",
    "%00",
    "\0",
    "é",
    "%c0%ae%c0%ae",
    "%ff",
    "%",
    "%zz",
    "*",
)
SEGMENTS += ("ws", "healthz", "metrics", "v", "main.py", "protocol", "README.md", "server.py", "tests", "etc", "passwd")
SEGMENTS += (
    "log.sqlite",
    "data",
    ".git",
    "config",
    "%0d%0aSet-Cookie:%20a=b",
    "\r",
    "@evil.example",
    "a" * 9_000,
    "~root",
)
segments = st.sampled_from(SEGMENTS)
queries = st.sampled_from(["", "", "?", "?a=b", "?%00", "?../../etc/passwd", "#x", "?\xff", "?%0d%0aX:y", ";a"])
beginnings = st.sampled_from(
    ["/", "/", FOLDER, FOLDER + "../", "//", "http://ours/", "file:///", "", "http://evil.example/"]
)
paths = st.sampled_from(
    ["/", "/ws", "/healthz", "/metrics", FOLDER + "main.py", FOLDER + "style.css", "*"]
) | st.builds(
    lambda begin, parts, query: begin + "/".join(parts) + query, beginnings, st.lists(segments, max_size=4), queries
)
methods = st.sampled_from(
    ["GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "CONNECT", "get", "", "G T", "é"]
)
versions = st.sampled_from(
    ["HTTP/1.1"] * 6 + ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1", "http/1.1", "HTTP/1.1.1", "x", ""]
)
HEADERS = {
    "Host": HOSTS,
    "Origin": ORIGINS,
    "Connection": ("close", "keep-alive", "Upgrade", "upgrade, close", "Content-Length", "é", ""),
    "Upgrade": ("websocket", "h2c", "websocket, h2c", ""),
    "Sec-WebSocket-Key": ("AAAAAAAAAAAAAAAAAAAAAA==", "", "é", "x" * 3_000),
    "Sec-WebSocket-Version": ("13", "8", "13, 8", "0x0d"),
    "Sec-WebSocket-Extensions": ("permessage-deflate", ";;=", "permessage-deflate; client_max_window_bits=0"),
    "Sec-WebSocket-Protocol": ("chat", ",,", "\xff"),
    "Accept-Encoding": ("gzip", "gzip;q=0", "*;q=nan", "gzip;q=1e999", "br, gzip", ",", "identity;q=0, *;q=0"),
    "If-None-Match": ("*", '"x"', "W/", '"' * 99),
    "If-Modified-Since": ("Tue, 24 Nov 2026 00:00:00 GMT", "0", "Tue, 99 Nov 99999999 00:00:00 GMT"),
    "Range": ("bytes=0-1", "bytes=-1", "bytes=9-1,0-0,5-", "bytes=0-99999999999999999999"),
    "X-Forwarded-For": ("127.0.0.1", "evil", ",,", "é"),
    "Forwarded": ("for=127.0.0.1",),
    "Cookie": ("a=b", '"', "=;=;" * 99),
    "Authorization": ("Basic !!!", "Bearer", "Digest x=", "Basic ////"),
    "Content-Type": (
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=é",
        ";",
        "text/html; charset=x",
    ),
    "Expect": ("100-continue", "x"),
    "X": ("a\tb", "\0", "\x7f", "\r", "é", "x" * 70_000, " ", "\x1c\x85"),
    "": ("x",),
    "é": ("x",),
    "Transfer_Encoding": ("chunked",),
    "X Y": ("x",),
    "Content-Length": ("0", "-0"),
}
BODIES = {  # shapes that two programs may read in two ways
    "Content-Length": (
        "0",
        "1",
        f"{len(SMUGGLED)}",
        "-1",
        "+5",
        "5_0",
        "0x5",
        "1, 1",
        "é",
        "",
        "9" * 30,
        "\x0b5",
        "00",
    ),
    "Content-length ": ("5",),
    " Content-Length": ("5",),
    "Transfer-Encoding": (
        "chunked",
        "xchunked",
        "chunked, identity",
        "identity",
        "CHUNKED",
        "\x0bchunked",
        "chunked\x00",
        "",
    ),
    "Transfer-Encoding\t": ("chunked",),
}
ENDS = ("\r\n",) * 12 + ("\n", "\r\n ", "\r\n\t", "\n\r\n")


def header(table: dict) -> st.SearchStrategy[str]:
    return st.sampled_from(list(table)).flatmap(
        lambda name: st.builds(
            lambda colon, value, end: name + colon + value + end,
            st.sampled_from([": "] * 8 + [":", " : ", "", "; "]),
            st.sampled_from(table[name]),
            st.sampled_from(ENDS),
        )
    )


def handshake(drop: int, more: list[str]) -> str:
    lines = ["Host: ours", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    lines += ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
    return "".join(line + "\r\n" for line in [*lines[:drop], *lines[drop + 1 :]]) + "".join(more)


first_lines = st.builds("{} {} {}\r\n".format, methods, paths, versions) | st.text(max_size=20).map("{}\r\n".format)
headers = st.lists(header(HEADERS), max_size=5)
requests = st.builds(
    lambda line, host, more: line + host + "".join(more) + "\r\n",
    first_lines,
    st.sampled_from(["Host: ours\r\n"] * 4 + ["Host: localhost\r\n", ""]),
    headers,
) | st.builds(
    lambda method, drop, more: f"{method} /ws HTTP/1.1\r\n" + handshake(drop, more) + "\r\n",
    st.sampled_from(["GET", "GET", "HEAD", "POST"]),
    st.integers(0, 9),
    headers,
)


def as_bytes(text: str, netloc: str) -> bytes:
    return text.replace("ours", netloc).encode("latin-1", "replace")


# Answers


def answers(data: bytes, may_be_head: bool) -> list[tuple[int, dict, bytes]]:
    """Status, headers and content of each answer; to all that comes is one, well-formed, and nothing stands between."""
    found = []
    while data:
        head, gap, data = data.partition(b"\r\n\r\n")
        line, _, fields = head.partition(b"\r\n")
        assert gap, head
        status = int(re.fullmatch(rb"HTTP/1\.1 ([1-5]\d\d) [A-Z][A-Za-z ]*", line)[1])
        assert all(re.fullmatch(rb"[A-Za-z-]+: [\t\x20-\x7e]*", one) for one in fields.split(b"\r\n")), fields
        fields = {name.lower(): value for name, value in BytesHeaderParser().parsebytes(fields).items()}
        if status == 101:
            return [*found, (status, fields, data)]
        has_none = status in (100, 304) or (may_be_head and (not data or data.startswith(b"HTTP/1.1 ")))
        size = 0 if has_none else int(fields["content-length"])
        assert len(data) >= size
        if status != 100:
            found.append((status, fields, data[:size]))
        data = data[size:]
    return found


def exchange(server, data: bytes, where: list[int]) -> list[tuple[int, dict, bytes]]:
    with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = b""
        with suppress(OSError):  # it refuses to read it all
            for piece in cut(data, where):
                raw.sendall(piece)
            raw.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            while more := raw.recv(65_536):
                answer += more
    return answers(answer, b"HEAD" in data)


def is_ours(server, ours: set[bytes], status: int, fields: dict, content: bytes) -> bool:
    """Whether an answer tells, serves and leads to nothing but what is the server's own."""
    assert status < 500
    assert "set-cookie" not in fields
    assert not fields.get("access-control-allow-origin")
    if location := fields.get("location"):
        assert urlsplit(location)[:2] == urlsplit(server.url)[:2]
    if fields.get("content-encoding") == "gzip" and content:
        content = gzip.decompress(content)
    assert ROOM.encode() not in content
    return status != 200 or content in ours or content.startswith(b"# HELP ")


@profile(200)
@given(st.lists(requests, min_size=1, max_size=3), places)
@example(["GET / HTTP/1\r\nHost: ours\r\n\r\n"], [])
@example(["GET / HTTP/1.1\r\nHost: ours\r\n" + "X: 1\r\n" * 200 + "\r\n"], [])
@example(["GET /%0d%0aX:y HTTP/1.1\r\nHost: localhost\r\n\r\n"], [])
@example(["GET " + FOLDER + "../../server.py HTTP/1.1\r\nHost: ours\r\n\r\n"], [])
def test_whatever_is_asked_the_answer_is_well_formed_and_nothing_but_ours(server, bystander, ours, asked, where):
    data = as_bytes("".join(asked), urlsplit(server.url).netloc)
    for status, fields, content in exchange(server, data, where):
        assert is_ours(server, ours, status, fields, content)
    bystander.is_unconcerned()


@profile(170)
@given(
    st.lists(header(BODIES), min_size=1, max_size=3), headers, st.booleans(), st.sampled_from(["GET", "POST", "HEAD"])
)
@example(["Content-Length: 4\r\n", "Transfer-Encoding: chunked\r\n"], [], True, "POST")
@example(["Content-Length: 51\r\n"], [], False, "POST")
@example(["Content-Length: 51\r\n"], ["X : 1\r\n"], False, "POST")
@example(["Content-Length: 51\r\n"], ["X: 1\r\n "], False, "POST")
@example(["Content-Length: 51\r\n"], ["X: 1\r\r\n"], False, "POST")
def test_a_body_is_never_taken_for_a_request(server, bystander, bodies, more, is_chunked, method):
    text = f"{method} /healthz HTTP/1.1\r\nHost: ours\r\n" + "".join(more + bodies) + "\r\n"
    assume(may_have_a_body(text))
    content = b"0\r\n\r\n" + SMUGGLED if is_chunked else SMUGGLED
    found = exchange(server, as_bytes(text, urlsplit(server.url).netloc) + content, [])
    assert len(found) == 1, "the body was answered"
    bystander.is_unconcerned()


def may_have_a_body(text: str) -> bool:
    """Whether some program might find a body announced, however it reads lines, spaces and colons; no doubt about where
    the header ends."""
    lengths = re.findall(r"^\s*(?:content-length|transfer-encoding)\s*:?(.*)$", text, re.IGNORECASE | re.MULTILINE)
    is_whole = not re.search(r"\n\r?\n.", text, re.DOTALL)
    return is_whole and bool(lengths) and [one.strip(" \r") for one in lengths] != ["0"]
