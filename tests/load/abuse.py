"""One abuser at full speed, in several forms: from an address of its own, on as many connections as the form says, each
of which begins anew when the relay ends it. It works in steps, so that one process can measure others meanwhile."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle

from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

ADDRESS = "127.0.0.2"  # Linux: all of 127.0.0.0/8 is this machine
APPENDS = 20_000  # more than the relay takes of one address while one form lasts; then they are repeated
PIECE = 65_536  # bytes of one send, about
HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def frame(text: str | bytes, opcode: Opcode = Opcode.TEXT) -> bytes:
    return Frame(opcode, text.encode() if isinstance(text, str) else text).serialize(mask=True)


def request(type_: str, **members) -> bytes:
    return frame(json.dumps({"type": type_, **members}))


def joining(room: str) -> bytes:
    return request("join", room=room, name="Abuser", after=0)


def nothing(room: str) -> bytes:
    return b""


def appends(room: str) -> Iterator[bytes]:
    some = [request("append", room=room, kind="message", id=f"abuse-{at}", body="x" * 400) for at in range(APPENDS)]
    step = PIECE // len(some[0])
    return cycle([b"".join(some[at : at + step]) for at in range(0, APPENDS, step)])


def over_and_over(data: bytes) -> Iterator[bytes]:
    return cycle([data * max(PIECE // len(data), 1)])


def comings(room: str) -> Iterator[bytes]:
    rooms = [f"{room} {number}" for number in range(16)]
    return over_and_over(joining(room) + request("look", rooms=rooms) + request("leave", room=room))


def new_rooms(room: str) -> Iterator[bytes]:
    rooms = [f"{room} {number}" for number in range(APPENDS)]
    append = {"kind": "message", "id": "abuse", "body": "x" * 400}
    each = [joining(one) + request("append", room=one, **append) + request("leave", room=one) for one in rooms]
    step = PIECE // len(each[0])
    return cycle([b"".join(each[at : at + step]) for at in range(0, APPENDS, step)])


@dataclass(frozen=True)
class Form:
    """What the abuser does: `first` on each connection, then `then` for ever; both are of a room."""

    title: str
    then: callable
    first: callable = nothing
    connections: int = 20
    is_inside: bool = False  # in the room of the others
    ends: bool = False  # each connection, as soon as it is open
    half: bool = False  # it never ends its handshake


FORMS = {
    "appends": Form("valid appends, in its own room", appends, joining),
    "appends inside": Form("valid appends, in the others' room", appends, joining, is_inside=True),
    "rooms": Form("valid appends, in ever new rooms", new_rooms),
    "malformed": Form("malformed frames", lambda room: over_and_over(frame("{"))),
    "pings": Form("WebSocket pings", lambda room: over_and_over(frame(b"", Opcode.PING))),
    "giants": Form("frames of 256 KiB", lambda room: over_and_over(frame(b" " * 2**18))),
    "comings": Form("join, look, leave, in its own room", comings),
    "comings inside": Form("join, look, leave, in the others' room", comings, is_inside=True),
    "connections": Form("connections, opened and closed", nothing, ends=True),
    "half handshakes": Form("500 half handshakes", nothing, connections=500, half=True),
}


class Connection:
    """One of the abuser's. `opened` and `sent` (bytes) are counted over its lives."""

    def __init__(self, url: str, form: Form, first: bytes, then: Iterator[bytes]):
        self.address, self.form, self.first, self.then = parse_uri(url + "/ws"), form, first, then
        self.sock, self.opened, self.sent = None, 0, 0
        shake = HANDSHAKE.format(host=f"{self.address.host}:{self.address.port}").encode()
        self.handshake = shake[: len(shake) // 2] if form.half else shake

    def act(self) -> None:
        """One step: reads what has come, and sends what the system takes."""
        try:
            if not self.sock:
                self._open()
            self._read()
            self._write()
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def _open(self) -> None:
        self.sock, self.is_open, self.answer, self.rest = socket.socket(), False, b"", memoryview(self.handshake)
        self.sock.setblocking(False)
        self.sock.bind((ADDRESS, 0))
        self.opened += 1
        self.sock.connect((self.address.host, self.address.port))

    def _read(self) -> None:
        with suppress(BlockingIOError):
            data = self.sock.recv(262_144)
            if not data:
                raise ConnectionError("closed")
            if not self.is_open:
                self.answer += data
                self.is_open = b"\r\n\r\n" in self.answer
                self.rest = memoryview(self.first)
                if self.form.ends and self.is_open:
                    raise ConnectionError("enough")

    def _write(self) -> None:
        if not self.rest and self.is_open:
            self.rest = memoryview(next(self.then))
        if self.rest:
            size = self.sock.send(self.rest)
            self.rest, self.sent = self.rest[size:], self.sent + size

    def close(self) -> None:
        if self.sock:
            self.sock.close()
        self.sock = None


class Abuser:
    """Call `step` all the time."""

    def __init__(self, url: str, form: Form, room: str):
        room = room if form.is_inside else f"abused {form.title}"
        first, then = form.first(room), iter(form.then(room))
        self.connections = [Connection(url, form, first, then) for _ in range(form.connections)]
        self.turns = cycle(self.connections)

    def step(self) -> None:
        next(self.turns).act()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in self.connections:
            each.close()

    @property
    def opened(self) -> int:
        return sum(each.opened for each in self.connections)

    @property
    def sent(self) -> int:
        return sum(each.sent for each in self.connections)
