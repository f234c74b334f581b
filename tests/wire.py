"""A wire between a page and the server that a test can listen to and cut: a TCP proxy which records what goes up."""

import contextlib
import socket
import threading

import pytest
from websockets.frames import Opcode
from websockets.protocol import OPEN, SERVER, Protocol

CHUNK = 65_536  # bytes
DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class Wire:
    """Stands at `url` for the server at 127.0.0.1:`port`."""

    def __init__(self, port: int):
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.uploads: list[bytearray] = []  # one for each connection: what the server received
        self.sockets: list[socket.socket] = []
        self.is_cut = False
        self.down_is_open = threading.Event()
        self.down_is_open.set()
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def websocket_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/ws"

    def accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed: the end
            while True:
                page = self.listener.accept()[0]
                if self.is_cut:
                    page.close()
                else:
                    self.connect(page)

    def connect(self, page: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.port))
        except OSError:  # the server is down, and the page is to notice
            page.close()
            return
        self.sockets += [page, server]
        self.uploads.append(bytearray())
        threading.Thread(target=self.carry_up, args=(page, server, self.uploads[-1]), daemon=True).start()
        threading.Thread(target=self.carry_down, args=(server, page), daemon=True).start()

    def carry_up(self, page: socket.socket, server: socket.socket, record: bytearray) -> None:
        with contextlib.suppress(OSError):
            while data := page.recv(CHUNK):
                record += data
                server.sendall(data)
        close(page, server)

    def carry_down(self, server: socket.socket, page: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(CHUNK):
                self.down_is_open.wait()
                page.sendall(data)
        close(page, server)

    def hold_answers(self) -> None:
        """The server still receives all; nothing comes back until the wire is cut."""
        self.down_is_open.clear()

    def cut(self) -> None:
        """Every connection ends, what was held back is lost, and new ones end at once."""
        self.is_cut = True
        close(*self.sockets)
        self.sockets.clear()
        self.down_is_open.set()

    def mend(self) -> None:
        self.is_cut = False

    def close(self) -> None:
        self.cut()
        self.listener.close()

    def received(self) -> bytes:
        """All bytes that the server received, and after them the payload of each WebSocket frame, unmasked."""
        payloads = [payload for upload in self.uploads for payload in websocket_payloads(bytes(upload))]
        return b"\n".join([*map(bytes, self.uploads), *payloads])


def websocket_payloads(upload: bytes) -> list[bytes]:
    head, _, frames = upload.partition(b"\r\n\r\n")
    if b"upgrade: websocket" not in head.lower():
        return []
    protocol = Protocol(SERVER, state=OPEN, max_size=None)
    protocol.receive_data(frames)
    return [frame.data for frame in protocol.events_received() if frame.opcode in DATA]


def close(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)  # close() alone would leave a thread of ours in recv()
        each.close()


@pytest.fixture
def wire(usual_port):
    """A wire to the test's server, which has to know it: start_server(port=usual_port, origin=[wire.url])."""
    wire = Wire(usual_port)
    yield wire
    wire.close()
