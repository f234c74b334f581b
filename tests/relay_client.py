"""A raw client of the relay for tests: sends and receives frames as web/protocol/README.md, section 1, has them."""

import json
from itertools import count

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

PATIENCE = 10  # seconds; far more than any answer takes, so reaching it is a finding


class RelayClient:
    """One connection. Frames that nobody has asked for yet wait in `received`, in the order in which they came."""

    def __init__(self, url: str, **options):
        """`url` as `ws://127.0.0.1:5000/ws`; `options` go to websockets.sync.client.connect."""
        self.socket = connect(url, **{"compression": None, "max_size": None, "proxy": None, **options})
        self.received: list[dict] = []
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

    def next(self, timeout: float = PATIENCE) -> dict:
        """The next frame, whatever it is. Raises TimeoutError, ConnectionClosed."""
        return self.received.pop(0) if self.received else json.loads(self.socket.recv(timeout))

    def receive(self, type_: str, timeout: float = PATIENCE, **members) -> dict:
        """The next frame of this type that has these members; others stay in `received`."""
        passed = []
        try:
            while True:
                frame = self.next(timeout)
                if frame["type"] == type_ and members.items() <= frame.items():
                    return frame
                passed.append(frame)
        except TimeoutError:
            raise TimeoutError(f"no {type_} {members} within {timeout} s, but {passed}") from None
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

    def entries(self, room: str, upto: int, timeout: float = PATIENCE) -> list[dict]:
        """Entries of the room as they come, until the one with seq `upto`."""
        found = []
        while not found or found[-1]["seq"] < upto:
            found += self.receive("entries", timeout, room=room)["entries"]
        return found

    def answers(self) -> list[dict]:
        """What came before the answer to a ping sent now: afterwards nothing sent before is unanswered."""
        self.send({"type": "ping"})
        before = []
        while (frame := self.next())["type"] != "pong":
            before.append(frame)
        return before

    def close_code(self, timeout: float = PATIENCE) -> int:
        """Reads until the connection is closed -> the relay's close code; 1006 if it just ended."""
        try:
            while True:
                self.next(timeout)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
