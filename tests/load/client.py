"""One browser-like client of the load generator: an RFC 6455 handshake with a browser's headers, masked frames, and
deliveries counted in the bytes as they come, which is cheap enough for millions a second."""

import base64
import logging
import random
import socket
import ssl
from contextlib import suppress
from itertools import count
from time import perf_counter_ns

from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

BODY = 400  # bytes
MARK = b"<=one=message=>"  # in every body, once; nothing else that a server sends holds it
STAMP, NUMBER, SENDER = 20, 8, 6  # digits before the mark: when it was sent (ns), which of the sender's it is, whose
OVERLAP = STAMP + NUMBER + SENDER + len(MARK) - 1  # bytes of the read before, in case a body's head came in two parts
HEAD = STAMP + NUMBER  # so far back no mark can begin that was not counted before
FILLER = BODY - STAMP - NUMBER - SENDER - len(MARK)
# What a room carries is ciphertext in base64url, which does not compress.
NOISE = base64.urlsafe_b64encode(random.Random(1).randbytes(49_152)).decode()
BUFFER = bytearray(OVERLAP + 262_144)  # one for all: a read is counted before the next one
INBOX = memoryview(BUFFER)[OVERLAP:]
PATIENCE = 20  # seconds, for a step of joining
SILENT = logging.Logger("load", logging.ERROR)
BROWSER = {  # what Chromium sends besides
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156 Safari/537.36",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9",
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
}
TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the server's certificate is made for the run
TRUSTING.check_hostname, TRUSTING.verify_mode = False, ssl.CERT_NONE
numbers = count(1)


class Closed(Exception):
    """The server ended a connection, or broke it."""


def body(sender: int, number: int, stamp: int) -> str:
    start = (sender * 7919 + number * 389) % (len(NOISE) - FILLER)
    return f"{stamp:020d}{number:08d}{sender:06d}{MARK.decode()}{NOISE[start : start + FILLER]}"


class Client:
    """One member of one room. `delivered` counts messages of the room, `own` those of its own not yet asked for."""

    def __init__(self, url: str, dialect, room: str, receive_buffer: int = 0):
        """Connects; join() joins. `receive_buffer` (bytes) for one that is to stall soon; 0: the system's."""
        self.dialect, self.room, self.number = dialect, room, next(numbers)
        self.sent = self.delivered = self.own = 0
        self.is_sender = False
        self.own_mark = b"%06d" % self.number + MARK
        self.latencies: list[int] | None = None  # ns, of every delivery, while it is a list
        self.record: bytearray | None = None  # all text received, while it is one
        self.tail, self.unsent = bytes(OVERLAP), bytearray()
        self.sock = connect(url, receive_buffer)
        self.rest = self._shake_hands(url + dialect.path(room))

    def join(self, after: int = 0) -> None:
        """Joins, and counts what came with the answer. `after`: entries of the log that it has."""
        rest, self.delivered = self.rest, after
        for say, see in self.dialect.joining(self.room, f"Member {self.number}", after):
            rest = self._step(say, see, rest)
        data = self.tail + rest
        self._count(data, len(data))
        self.tail = data[-OVERLAP:]
        self.sock.setblocking(False)

    def _shake_hands(self, url: str) -> bytes:
        origin = url.replace("ws", "http", 1).partition("/")[0] + "//" + url.split("/")[2]
        offer = ClientPerMessageDeflateFactory(client_max_window_bits=True)
        protocol = ClientProtocol(parse_uri(url), origin=origin, extensions=[offer], max_size=None, logger=SILENT)
        request = protocol.connect()
        request.headers.update(BROWSER)
        protocol.send_request(request)
        self.sock.sendall(b"".join(protocol.data_to_send()))
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._receive()
        head, _, rest = answer.partition(b"\r\n\r\n")
        protocol.receive_data(head + b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Closed(f"the handshake was refused: {answer[:500].decode(errors='replace')}")
        protocol.events_received()
        if protocol.handshake_exc:
            raise protocol.handshake_exc
        # Compression was accepted: the library reads and writes. Otherwise the bytes are counted as they come.
        self.protocol = protocol if protocol.extensions else None
        return self._texts(rest) if self.protocol else rest

    def _receive(self) -> bytes:
        data = self.sock.recv(65_536)
        if not data:
            raise Closed("the server closed a connection")
        return data

    def _step(self, say: str | None, see: bytes, rest: bytes) -> bytes:
        """Says and waits to see something -> what came after it."""
        if say is not None:
            self.sock.sendall(self._frame(say))
        while see not in rest:
            data = self._receive()
            rest += self._texts(data) if self.protocol else data
        return rest.partition(see)[2]

    def _frame(self, text: str) -> bytes:
        if self.protocol:
            self.protocol.send_text(text.encode())
            return b"".join(self.protocol.data_to_send())
        return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)

    def _texts(self, data: bytes) -> bytes:
        """What a compressed connection received, as text; pings are answered."""
        self.protocol.receive_data(data)
        if self.protocol.parser_exc:
            raise Closed(f"the stream is broken: {self.protocol.parser_exc}")
        texts = b"".join(event.data for event in self.protocol.events_received() if event.opcode is not Opcode.PING)
        self._put(b"".join(self.protocol.data_to_send()))
        return texts

    def say(self, times: int = 1, stamp: int = 0) -> None:
        """Sends messages in one go, as they were when it last looked; `stamp`: when it was due, else now."""
        frames = []
        for _ in range(times):
            self.sent += 1
            text = body(self.number, self.sent, stamp or perf_counter_ns())
            frames.append(self._frame(self.dialect.message(self.room, text, f"{self.number}-{self.sent}")))
        self._put(b"".join(frames))

    def _put(self, data: bytes) -> None:
        if data:
            self.unsent += data
            with suppress(BlockingIOError, ssl.SSLWantWriteError):
                del self.unsent[: self.sock.send(self.unsent)]

    def read(self) -> int:
        """Takes in what has come -> deliveries. Raises Closed, ConnectionError."""
        before = self.delivered
        with suppress(BlockingIOError, ssl.SSLWantReadError):
            size = self.sock.recv_into(INBOX)
            self._take(size)
            while isinstance(self.sock, ssl.SSLSocket):  # what OpenSSL has read already wakes nobody
                self._take(self.sock.recv_into(INBOX))
        return self.delivered - before

    def _take(self, size: int) -> None:
        if not size:
            raise Closed("the server closed a connection")
        if self.protocol:
            data = self.tail + self._texts(bytes(INBOX[:size]))
            end = len(data)
        else:
            BUFFER[:OVERLAP] = self.tail
            data, end = BUFFER, OVERLAP + size
            self._answer_pings(end)
        self._count(data, end)
        self.tail = bytes(data[end - OVERLAP : end])

    def _count(self, data, end: int) -> None:
        self.delivered += data.count(MARK, HEAD + SENDER, end)
        if self.is_sender:
            self.own += data.count(self.own_mark, HEAD, end)
        if self.latencies is not None:
            now, at = perf_counter_ns(), data.find(MARK, HEAD + SENDER, end)
            while at >= 0:
                start = at - SENDER - HEAD
                self.latencies.append(now - int(data[start : start + STAMP]))
                at = data.find(MARK, at + len(MARK), end)
        if self.record is not None:
            self.record += data[OVERLAP:end]

    def _answer_pings(self, end: int) -> None:
        # 0x89 is no UTF-8 start, so it is a ping, or seldom part of a length: then what we answer is a pong that
        # nobody asked for, which RFC 6455 allows.
        at = BUFFER.find(b"\x89", OVERLAP, end)
        if at >= 0 and at + 1 < end and at + 2 + BUFFER[at + 1] <= end:
            payload = bytes(BUFFER[at + 2 : at + 2 + BUFFER[at + 1]])
            self._put(Frame(Opcode.PONG, payload[:125]).serialize(mask=True))
        if self.dialect.engine_ping and BUFFER.find(b"\x81\x012", OVERLAP, end) >= 0:
            self._put(self._frame("3"))

    def close(self) -> None:
        self.sock.close()


def connect(url: str, receive_buffer: int = 0) -> socket.socket:
    address = parse_uri(url)
    sock = socket.socket()
    if receive_buffer:  # before the connection, or the window is agreed already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(PATIENCE)
    sock.connect((address.host, address.port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not address.secure:
        return sock
    return TRUSTING.wrap_socket(sock)
