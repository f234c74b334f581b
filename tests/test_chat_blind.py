"""The relay is blind: what it received, stored and logged is searched for the words, raw and in every decoded form."""

import base64
import gzip
import json
import zlib
from urllib.parse import quote

import pytest

from person import at_both_levels
from relay_client import RelayClient
from reveal import reveals, stored

WORDS = "meet me by the crooked lighthouse at noon"
SECRET = "velvet-harpoon 1871 ümlaut"
ROOM, NAME = "marmalade annex", "Quillfeather"


@pytest.fixture
def server(start_server, usual_port, wire):
    """A server with its own empty data, at its own address and at the wire's, which logs all that it can."""
    return start_server(port=usual_port, origin=[wire.url], log_level="debug")


def test_the_search_itself_finds_words_in_every_form():
    data = WORDS.encode()
    forms = [
        data,
        data.upper(),
        WORDS[::-1].encode(),
        WORDS.encode("utf-16"),
        base64.b64encode(data),
        base64.urlsafe_b64encode(b"\xff\xfe\xfd" + data),
        base64.b32encode(data),
        data.hex().encode(),
        data.hex().upper().encode(),
        quote(WORDS).encode(),
        json.dumps(WORDS.replace("crooked", "cröoked")).encode().replace(b"o", b"\\u006f"),
        gzip.compress(data),
        zlib.compress(data),
        base64.b64encode(gzip.compress(data)),
        json.dumps({"body": json.dumps({"text": base64.b64encode(json.dumps(WORDS).encode()).decode()})}).encode(),
        b"abc" + base64.b64encode(data),
        base64.b64encode(base64.b64encode(base64.b64encode(data))),
        b"... crooked ...",
    ]
    missed = [form for form in forms if not reveals(b'\xff\x00{"room":"x","body":"' + form + b'"}\x80', WORDS)]
    assert missed == []
    assert not reveals(b'{"room":"x","body":"bm90aGluZyBoZXJl"}', WORDS)


@at_both_levels
def test_the_relay_can_read_neither_the_words_nor_the_passphrase(server, wire, person, level):
    alice, bob = person("Alice", url=wire.url), person("Bob", url=wire.url)
    alice.joins(ROOM, SECRET, level)
    alice.says(WORDS)
    bob.joins(ROOM, SECRET, level)
    bob.sees(WORDS, by="Alice")
    bob.says(f"yes: {WORDS}!")
    alice.sees(f"yes: {WORDS}!")
    received = wire.received()
    server.kill()
    kept = stored(server.data)
    for data in (received, kept):
        assert not reveals(data, WORDS)
        assert not reveals(data, SECRET)
        # What the relay does know, by design, is there: so this is the data of that talk, and searched in vain.
        assert reveals(data, "Alice")
        assert reveals(data, ROOM)


PLAIN = json.dumps({"name": "Alice", "text": WORDS, "key": SECRET}, ensure_ascii=False)


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        base64.b64encode(PLAIN.encode()).decode(),
        base64.urlsafe_b64encode(b"?" + gzip.compress(PLAIN.encode())).decode(),
        PLAIN.encode().hex(),
        quote(PLAIN),
        PLAIN.encode("utf-16-le").decode("utf-16-be"),
    ],
    ids=["plain", "base64", "gzip", "hex", "url", "utf-16"],
)
def test_the_search_above_notices_a_client_that_does_not_encrypt(server, wire, body):
    with RelayClient(wire.websocket_url) as client:
        client.join(ROOM, "Alice")
        client.appended(ROOM, body)
    received = wire.received()
    server.kill()
    for data in (received, stored(server.data)):
        assert reveals(data, WORDS)
        assert reveals(data, SECRET)


def test_the_log_at_its_most_talkative_names_no_body_name_room_or_passphrase(server, wire, person):
    quillfeather = person(NAME, url=wire.url)
    quillfeather.joins(ROOM, SECRET)
    quillfeather.says(WORDS)
    body_start = "passphrase-1."
    quillfeather.sees(WORDS, state="relayed")
    with RelayClient(server.websocket_url) as client:
        client.join(ROOM, NAME)
        client.append(ROOM, WORDS, id="not an id")
        client.append("another " + ROOM, WORDS)
        client.send({"type": WORDS, "name": NAME})
        client.send({"type": "join", "room": [ROOM], "name": NAME, "after": 0})
        client.send_raw(f'{{"{WORDS}": "{SECRET}"')
        client.send_raw(f"{ROOM} {NAME}".encode())
        assert len([frame for frame in client.answers() if frame["type"] == "error"]) == 6
        client.socket.socket.sendall(b"\xff" + WORDS.encode() * 4)  # no WebSocket frame at all
        client.close_code()
    server.stop()
    assert "A connection is closed" in server.output  # it does log
    for word in (WORDS, SECRET, ROOM, NAME, body_start):
        assert not reveals(server.output.encode(), word)
