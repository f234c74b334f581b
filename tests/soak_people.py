"""The people of the soak test: each lives over as many connections as it takes, and ends each in a way of its own."""

import asyncio
import json
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

SILENCE, STALL, LINGER = 0.5, 0.5, 2  # of the relay, seconds
PATIENCE = 5  # seconds; more than the relay takes to close
ROOMS = [f"room {number}" for number in range(6)]
NONSENSE = [
    b"binary",
    "not JSON",
    '{"type": "hello"}',
    '{"type": "join"}',
    '{"type": "append", "room": "elsewhere", "kind": "message", "id": "1", "body": "x"}',
    "[" * 5_000,
    " " * 140_000,
]
ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]  # of this machine
ANY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # a certificate is as good as another
ANY.check_hostname, ANY.verify_mode = False, ssl.CERT_NONE


def line_of(connection) -> socket.socket:
    """Raises ConnectionError if it is closed."""
    if (line := connection.transport.get_extra_info("socket")) is None:
        raise ConnectionError
    return line


class Person:
    """One member. `seed` fixes what it will do; `seen` counts what came of it, for all people together."""

    def __init__(self, url: str, name: str, seed: str, seen: Counter):
        self.url, self.name, self.seen, self.random = url, name, seen, Random(f"{seed}, {name}")
        self.kind, number = name.split("-")
        self.address = ADDRESSES[int(number) % len(ADDRESSES)]
        self.logs: dict[str, dict] = {}  # of each room, for the next join: `after` and `log`
        self.sent = 0

    async def live(self, is_over: Callable[[str], bool]) -> None:
        """Comes and goes until it is over at this kind of relay."""
        while not is_over(self.kind):
            with suppress(OSError, WebSocketException, TimeoutError):  # refused, or at its end already
                await self.visit()
            self.seen[f"visits, {self.kind}"] += 1

    async def visit(self) -> None:
        async with self.connect() as connection:
            reader = asyncio.create_task(self.read(connection))
            try:
                await self.join(connection)
                for _ in range(self.random.randint(0, 4)):
                    await self.random.choice(DOINGS)(self, connection)
                ending = self.random.choice(ENDINGS)
                self.ending = ending.__name__
                self.seen[self.ending] += 1
                await ending(self, connection)
            finally:
                connection.transport.resume_reading()
                await self.end(connection, reader)

    def connect(self):
        usual = {"compression": None, "proxy": None, "max_size": None, "ping_interval": None, "close_timeout": 2}
        tls = {"ssl": ANY} if self.url.startswith("wss") else {}
        return connect(self.url, **tls, open_timeout=PATIENCE, local_addr=(self.address, 0), **usual)

    async def end(self, connection, reader) -> None:
        try:
            await asyncio.wait_for(reader, PATIENCE)
        except TimeoutError:
            self.seen[f"never closed after {self.ending} {self.name[:3]}"] += 1
        self.seen[connection.close_code or 1006] += 1

    async def read(self, connection) -> None:
        with suppress(WebSocketException):
            while True:
                frame = json.loads(await connection.recv())
                self.seen[frame.get("code", frame["type"])] += 1
                if frame["type"] == "joined":
                    self.logs[frame["room"]] = {"after": frame["after"], "log": frame["log"]}
                elif frame["type"] == "entries" and frame["room"] in self.logs:
                    self.logs[frame["room"]]["after"] = frame["entries"][-1]["seq"]

    # What it does

    async def send(self, connection, **frame) -> None:
        await connection.send(json.dumps(frame))

    async def join(self, connection) -> None:
        room = self.random.choice(ROOMS)
        await self.send(connection, type="join", room=room, name=self.name, **self.logs.get(room) or {"after": 0})
        self.room = room

    async def say(self, connection) -> None:
        self.sent += 1
        message = {"kind": "message", "id": f"{self.name}-{self.sent}"}
        body = "x" * self.random.choice((20, 400, 4_000))
        await self.send(connection, type="append", room=self.room, body=body, **message)

    async def say_much(self, connection) -> None:
        for _ in range(self.random.randint(10, 60)):
            await self.say(connection)

    async def idle(self, connection) -> None:
        await asyncio.sleep(self.random.uniform(1.5, 4) * SILENCE)  # pings come and are answered

    async def change_room(self, connection) -> None:
        await self.send(connection, type="leave", room=self.room)
        await self.join(connection)

    async def talk_nonsense(self, connection) -> None:
        for nonsense in self.random.sample(NONSENSE, 3):
            await connection.send(nonsense)

    async def bring_a_crowd(self, connection) -> None:
        """More connections at once than an address may have."""

        async def come_and_go():
            async with self.connect() as one:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.read(one), SILENCE / 2)
            self.seen[one.close_code] += 1

        await asyncio.gather(*[come_and_go() for _ in range(12)], return_exceptions=True)

    async def knock(self, connection) -> None:
        """A handshake that is wrong, or not finished, or none."""
        reader, writer = await asyncio.open_connection(urlsplit(self.url).hostname, urlsplit(self.url).port)
        about_ws = b"GET /ws HTTP/1.1\r\nHost: localhost\r\n"
        writer.write(self.random.choice((b"", b"\0\1\2\n\n", about_ws, about_ws + b"\r\n", b"GET / HTTP/1.0\r\n\r\n")))
        with suppress(TimeoutError, OSError):
            await asyncio.wait_for(reader.read(), SILENCE / 2)
        writer.transport.abort()

    # How it ends

    async def close(self, connection) -> None:
        await connection.close()

    async def cut(self, connection) -> None:
        """The end without a word."""
        connection.transport.abort()

    async def reset(self, connection) -> None:
        """As a machine does that has forgotten the connection."""
        line = line_of(connection)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.transport.abort()

    async def end_by_half(self, connection) -> None:
        """Says that no more comes, and reads on until the relay ends it."""
        line_of(connection).shutdown(socket.SHUT_WR)

    async def read_nothing(self, connection) -> None:
        """Asks for the log again and again, more than the sockets hold, and is cut off."""
        connection.transport.pause_reading()
        for _ in range(100):
            await self.send(connection, type="join", room=self.room, name=self.name, after=0)
            await asyncio.sleep(0.01)
        await asyncio.sleep(STALL)

    async def fall_silent(self, connection) -> None:
        """Takes nothing and answers no ping, as a page on a machine that sleeps."""
        connection.transport.pause_reading()
        await asyncio.sleep(3 * SILENCE)

    async def hurry(self, connection) -> None:
        while connection.close_code is None:  # on a busy machine a given number could be slow enough
            await connection.send('{"type": "ping"}')
            await asyncio.sleep(0)

    async def insist(self, connection) -> None:
        for _ in range(40):
            await connection.send("not JSON")
        await connection.wait_closed()


DOINGS = [Person.say, Person.say_much, Person.idle, Person.change_room, Person.talk_nonsense, Person.knock]
DOINGS += [Person.bring_a_crowd]
ENDINGS = [Person.close, Person.cut, Person.reset, Person.end_by_half, Person.read_nothing, Person.fall_silent]
ENDINGS += [Person.hurry, Person.insist]
