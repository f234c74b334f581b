"""A wire between a page and the server that a test can listen to, hold, slow down and cut: a TCP proxy."""

import contextlib
import math
import socket
import struct
import threading
import time

import pytest
from websockets.frames import Opcode
from websockets.protocol import OPEN, SERVER, Protocol

CHUNK = 65_536  # bytes
DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class Way:
    """One direction of the wire, for all connections: how their bytes go."""

    def __init__(self):
        self.piece = CHUNK  # bytes that go at a time
        self.delay = 0.0  # seconds before each piece; what comes meanwhile goes with the next
        self.left = math.inf  # bytes that still pass; at 0 the wire is cut
        self.is_open = threading.Event()
        self.is_open.set()

    def pieces(self, source: socket.socket):
        """What arrives, in pieces as they may go on; until the source shuts its side down or the wire is cut."""
        while self.left and (data := source.recv(CHUNK)):
            while data and self.left:
                time.sleep(self.delay)
                self.is_open.wait()
                size = min(self.piece, len(data), self.left)
                self.left -= size
                yield data[:size]
                data = data[size:]


class Wire:
    """Stands at `url` for the server at 127.0.0.1:`port`. `up` is the way to the server, `down` the one from it."""

    def __init__(self, port: int):
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.uploads: list[bytearray] = []  # one for each connection: what the server received
        self.sockets: list[socket.socket] = []
        self.is_cut = False
        self.up, self.down = Way(), Way()
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
        for each in (page, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or pieces would be put together again
        for carried in ((page, server, self.up, self.uploads[-1]), (server, page, self.down, bytearray())):
            threading.Thread(target=self.carry, args=carried, daemon=True).start()

    def carry(self, source: socket.socket, target: socket.socket, way: Way, record: bytearray) -> None:
        try:
            for piece in way.pieces(source):
                record += piece
                target.sendall(piece)
            if way.left:
                target.shutdown(socket.SHUT_WR)  # the other way stays open, as it does between the two ends
            else:
                self.cut()
        except OSError:
            close(source, target)

    def hold_answers(self) -> None:
        """The server still receives all; nothing comes back until the wire is cut."""
        self.down.is_open.clear()

    def stall(self) -> None:
        """Nothing goes either way, not even an end, until go_on()."""
        self.up.is_open.clear()
        self.down.is_open.clear()

    def go_on(self) -> None:
        self.up.is_open.set()
        self.down.is_open.set()

    def cut(self) -> None:
        """Every connection ends, what was held back is lost, and new ones end at once."""
        self.is_cut = True
        ended, self.sockets = self.sockets, []  # at once: the page may be back before the last of them is closed
        close(*ended)
        self.go_on()

    def reset(self) -> None:
        """Like cut(), but both ends get a TCP reset, which overtakes what is on its way."""
        self.is_cut = True
        for each in self.sockets:
            with contextlib.suppress(OSError):  # it has ended already
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RD)  # wakes our thread in recv(), and says nothing to the other end
            each.close()
        self.cut()

    def mend(self) -> None:
        self.is_cut, self.up.left, self.down.left = False, math.inf, math.inf

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
