"""A raw client of the relay for tests: sends and receives frames as web/protocol/README.md, section 1, has them."""

import json
import os
import socket
import struct
from itertools import count
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

PATIENCE = 10  # seconds; far more than any answer takes, so reaching it is a finding


def connection_to(url: str) -> socket.socket:
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port), PATIENCE)


def never_wait_for_ever(connection: socket.socket) -> None:
    """The library waits without an end for a send to be taken, and for the rest of a TLS record."""
    if os.name == "posix":
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            connection.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", PATIENCE, 0))


class RelayClient:
    """One connection. Frames that nobody has asked for yet wait in `received`; `passed` is what close_code() read."""

    def __init__(self, url: str, **options):
        """`url` as `ws://127.0.0.1:5000/ws`; `options` go to websockets.sync.client.connect."""
        usual = {"compression": None, "max_size": None, "proxy": None, "legacy": True}
        usual |= {"ping_interval": None, "close_timeout": 2}  # a test that does not read would otherwise close itself
        usual["sock"] = options.pop("sock", None) or connection_to(url)
        never_wait_for_ever(usual["sock"])
        self.socket = connect(url, **usual | options)
        self.received: list[dict] = []
        self.passed: list[dict] = []
        self.ids = count(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, frame: dict) -> None:
        self.send_raw(json.dumps(frame, ensure_ascii=False))

    def send_raw(self, data: str | bytes) -> None:
        """str goes out as a text frame, bytes as a binary one."""
        self.socket.send(data)

    def send_at_once(self, data: str, times: int) -> None:
        """The same text frame many times in one send, which goes out whole even if the relay closes meanwhile."""
        self.socket.socket.sendall(Frame(Opcode.TEXT, data.encode()).serialize(mask=True) * times)

    def next(self, timeout: float = PATIENCE) -> dict:
        """The next frame, whatever it is. Raises TimeoutError, ConnectionClosed."""
        return self.received.pop(0) if self.received else json.loads(self.socket.recv(timeout))

    def receive(self, type_: str, timeout: float = PATIENCE, **members) -> dict:
        """The next frame of this type that has these members; others stay in `received`."""
        return self.receive_if(lambda one: one["type"] == type_ and members.items() <= one.items(), timeout)

    def receive_if(self, is_wanted, timeout: float = PATIENCE) -> dict:
        """The next frame that is wanted; others stay in `received`."""
        passed = []
        try:
            while not is_wanted(frame := self.next(timeout)):
                passed.append(frame)
            return frame
        except TimeoutError:
            raise TimeoutError(f"not within {timeout} s, but {str(passed)[:2_000]}") from None
        finally:
            self.received = passed + self.received

    def join(self, room: str, name: str = "Ann", after: int = 0, **members) -> dict:
        """-> the `joined` frame."""
        self.send({"type": "join", "room": room, "name": name, "after": after, **members})
        return self.receive("joined", room=room)

    def append(self, room: str, body: str, kind: str = "message", id: str | None = None, **members) -> str:
        """Sends without waiting -> the id."""
        id = id or f"{self.socket.id.hex}-{next(self.ids)}"
        self.send({"type": "append", "room": room, "kind": kind, "id": id, "body": body, **members})
        return id

    def appended(self, room: str, body: str, **members) -> int:
        """Sends and waits -> the seq."""
        return self.receive("appended", room=room, id=self.append(room, body, **members))["seq"]

    def results(self, ids: list[str]) -> list[int | str]:
        """Of appends that were sent: the seq or the code of the refusal, in the order of `ids`."""
        found = {}
        while found.keys() < set(ids):
            frame = self.receive_if(lambda one: one["type"] in ("appended", "error") and one.get("id") in ids)
            found[frame["id"]] = frame.get("seq") or frame["code"]
        return [found[id] for id in ids]

    def entries(self, room: str, upto: int, timeout: float = PATIENCE) -> list[dict]:
        """Entries of the room as they come, until the one with seq `upto`."""
        found = []
        while not found or found[-1]["seq"] < upto:
            found += self.receive("entries", timeout, room=room)["entries"]
        return found

    def answers(self) -> list[dict]:
        """What came before the answer to a question asked now: nothing sent before is unanswered then, but appends."""
        question = f"question {next(self.ids)}"  # no ping: a test of frames may have sent one itself
        self.send({"type": "look", "rooms": [question]})
        before = []
        while (frame := self.next()).get("rooms", [{}])[0].get("room") != question:
            before.append(frame)
        return before

    def received_of(self, type_: str) -> list[dict]:
        return [frame for frame in self.received if frame["type"] == type_]

    @staticmethod
    def size_of(frame: dict) -> int:
        """Bytes of a frame as the relay writes it: without spaces, and nothing escaped that need not be."""
        return len(json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode())

    def close_code(self, timeout: float = PATIENCE) -> int:
        """Reads until the connection is closed -> the relay's close code; 1006 if it just ended."""
        try:
            while True:
                self.passed.append(self.next(timeout))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
