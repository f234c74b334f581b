"""A WebSocket by hand, for what no library would send: every byte is the test's own."""

import json
import socket
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A  # first bytes, FIN set; without it 0x80 less
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def frame(
    first_byte: int, payload: bytes = b"", length: int | None = None, form: int = 0, masked: bool = True
) -> bytes:
    """One frame, with a mask of zeros. `length`: what it claims to have; `form`: 126 or 127, though less would do."""
    length = len(payload) if length is None else length
    form = form or (length if length < 126 else 126 if length < 65_536 else 127)
    size = {126: 2, 127: 8}.get(form, 0)
    head = bytes([first_byte, form | 0x80 * masked]) + (length.to_bytes(size, "big") if size else b"")
    return head + b"\0\0\0\0" * masked + payload


class RawConnection:
    """A client that answers nothing."""

    def __init__(self, url: str, handshake: bytes = b""):
        """`url` as `ws://127.0.0.1:5000/ws`."""
        port = urlsplit(url).port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(handshake or HANDSHAKE % port)
        self.file, self.close_code = self.socket.makefile("rb"), None
        assert b"101" in self.file.readline()
        while self.file.readline().strip():
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, first_byte: int, payload: bytes, masked: bool = True) -> None:
        self.socket.sendall(frame(first_byte, payload, masked=masked))

    def next(self) -> tuple[int, bytes] | None:
        """-> opcode and payload of the next frame; None at the end. Every frame is as a server has to write it."""
        head = self.file.read(2)
        if not head:
            return None
        assert head[0] & 0xF0 == 0x80, "whole, and no reserved bits"
        size = {126: 2, 127: 8}.get(head[1])
        return head[0] & 0xF, self.file.read(int.from_bytes(self.file.read(size), "big") if size else head[1])

    def opcodes_until_end(self) -> list[int]:
        opcodes = []
        while frame := self.next():
            opcodes.append(frame[0])
            if frame[0] == 8:
                self.close_code = int.from_bytes(frame[1][:2], "big")
        return opcodes

    def outcome(self) -> list:
        """What comes until the close frame, which is answered by the end of our side, and after which nothing comes: of
        errors the code, of other text the type, of pings and pongs the payload, and at the end the close code or None.
        """
        found = []
        while frame := self.next():
            opcode, payload = frame
            if opcode == 1:
                answer = json.loads(payload)
                found.append(answer.get("code", answer["type"]))
            elif opcode == 8:
                found.append(int.from_bytes(payload[:2], "big") if payload else None)
                self.socket.shutdown(socket.SHUT_WR)
            else:
                found.append(payload)
        return found
