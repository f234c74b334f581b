"""The people of the crash test: each lives in one room over as many connections as it takes."""

import asyncio
import json
import socket
from random import Random
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from crash_judge import Record

WINDOW = 60  # appends that a writer has under way at most
USUAL = {"compression": None, "proxy": None, "max_size": None, "close_timeout": 1}  # of a connection
LIST = "list"  # the kind of the entries that follow one another by `if_newest`


class Person:
    """Reads, and has a list of all that it was shown. `run` is crash.Run, `seed` fixes what it will do."""

    def __init__(self, run, record: Record, name: str, seed: int):
        self.run, self.record, self.name, self.random = run, record, name, Random(f"{seed}, {record.name}, {name}")
        self.list = record.lists[name] = []
        self.waiting: dict[str, str] = {}  # appends without an answer, as sent, by id
        self.log: dict[str, str] = {}  # for the next join
        self.start = 0  # the relay's start that this connection belongs to

    @property
    def last(self) -> int:
        return self.list[-1].seq if self.list else 0

    async def live(self) -> None:
        while True:
            await self.run.up.wait()
            self.start = self.run.starts
            try:
                async with connect(self.run.server.url, **USUAL | self.options()) as connection:
                    await self.talk(connection)
            except* (OSError, WebSocketException):  # the relay was killed, or this connection broken off
                await asyncio.sleep(0.01)

    def options(self) -> dict:
        """More for websockets.asyncio.client.connect."""
        return {}

    async def talk(self, connection) -> None:
        """One connection, until it ends, which is an exception."""
        self.asked = self.last
        self.run.resumes += self.asked > 0
        join = {"type": "join", "room": self.record.name, "name": self.name, "after": self.asked, **self.log}
        await connection.send(json.dumps(join))
        async with asyncio.TaskGroup() as both:
            both.create_task(self.read(connection))
            both.create_task(self.write(connection))

    async def read(self, connection) -> None:
        while self.stays():
            self.hear(json.loads(await connection.recv()))
            await asyncio.sleep(self.pause())
        connection.transport.abort()
        await connection.recv()

    def stays(self) -> bool:
        """Else it breaks the connection off, in the middle of things, and comes again with what it has."""
        return True

    def pause(self) -> float:
        """Seconds before it reads on."""
        return 0

    async def write(self, connection) -> None:
        """All that is written on one connection."""

    def hear(self, frame: dict) -> None:
        match frame["type"]:
            case "entries":
                self.check_promise(frame["entries"])
                self.record.show(self.list, frame)
            case "joined":
                self.record.joined.append(frame)
                self.log, self.promised = {"log": frame["log"]}, max(frame["after"] + 1, frame["oldest"])
                if frame["after"] != self.asked:
                    self.report(f"has the log up to {self.asked}, and the relay began at {frame['after']}")
            case "appended":
                self.waiting.pop(frame["id"], None)
                self.record.acknowledged[frame["id"]].add(frame["seq"])
                self.run.answered(self.start)
            case "error" if frame["code"] == "not-newest":
                self.waiting.pop(frame["id"], None)
                self.record.refused.add(frame["id"])
            case "error":
                self.report(f"was refused: {frame}")

    def check_promise(self, entries: list[dict]) -> None:
        """`joined` says from where on nothing is missing, and what follows begins there."""
        first = next((one["seq"] for one in entries if one["seq"] >= self.promised), self.promised)
        if self.last < self.promised < first:
            self.report(f"was promised all from seq {self.promised} on, and was shown {first}")

    def report(self, finding: str) -> None:
        self.run.findings.append(f"{self.record.name}: {self.name} {finding}")


class Restless(Person):
    """Never stays for long."""

    def options(self) -> dict:
        self.end = self.last + self.random.randrange(1, 1_500)
        return {}

    def stays(self) -> bool:
        return self.last < self.end


class Forgetful(Person):
    """Has lost what it had past some seq whenever it comes again, and reads that anew."""

    def options(self) -> dict:
        del self.list[self.random.randrange(len(self.list) + 1) :]
        return {}


class Slow(Person):
    """Stops reading for a moment now and then, so that the relay has to keep what waits, or read it from the log."""

    def options(self) -> dict:
        """A socket that takes little, or the system would hold megabytes for it and the relay would not notice."""
        self.is_narrow = not self.run.stopping
        return {"sock": narrow_socket(self.run.server.url), "max_queue": 1} if self.is_narrow else {}

    def pause(self) -> float:
        return 2 * self.random.random() if self.is_narrow and self.random.random() < 0.05 else 0

    def stays(self) -> bool:
        return not (self.is_narrow and self.run.stopping)


def narrow_socket(url: str) -> socket.socket:
    address, narrow = urlsplit(url), socket.socket()
    narrow.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1_000)
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    narrow.connect((address.hostname, address.port))
    return narrow


class Writer(Person):
    """Keeps some appends under way, and after a break sends again what has had no answer."""

    newest_list = 0

    def hear(self, frame: dict) -> None:
        super().hear(frame)
        if frame["type"] == "entries":
            self.newest_list = max([self.newest_list, *(one["seq"] for one in frame["entries"] if one["kind"] == LIST)])

    async def write(self, connection) -> None:
        for text in list(self.waiting.values()):
            await connection.send(text)
        while not self.run.stopping:
            for _ in range(self.random.randrange(1, WINDOW // 3)):
                await connection.send(self.new())
            while len(self.waiting) > WINDOW:
                await asyncio.sleep(0.002)

    def new(self) -> str:
        """Another append, as it is sent now and after each break until it is answered."""
        number = len(self.record.sent)
        frame = {"type": "append", "room": self.record.name, "kind": "message", "id": f"{self.name}-{number}"}
        frame["body"] = f"{number} " + "x" * self.random.choice((1, 30, 300, 3_000))
        if self.random.random() < 0.02:
            frame |= {"kind": LIST, "if_newest": self.newest_list}
        self.record.sent[frame["id"]] = frame
        self.waiting[frame["id"]] = json.dumps(frame)
        return self.waiting[frame["id"]]


def crowd(run, record: Record, seed: int) -> list[Person]:
    """Who is in a room from the start."""
    names = {"steady": Person, "restless": Restless, "forgetful": Forgetful, "slow": Slow}
    names |= {"writer-1": Writer, "writer-2": Writer, "writer-3": Writer}
    return [kind(run, record, name, seed) for name, kind in names.items()]
