"""What the clients do: as much as the server takes, one message at a time, or so many a second; and what it costs."""

import os
import random
import selectors
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from statistics import quantiles
from time import perf_counter, perf_counter_ns

from load.client import Client
from load.processes import Server

DRAIN = 10  # seconds for what is under way to arrive, at the end
STEP = 0.05  # seconds that one wait for the sockets takes at most
names = count(1)


class Wrong(Exception):
    """A server did not deliver every message to every member once and in order."""


@dataclass
class Figures:
    """Of one measured window."""

    seconds: float
    deliveries: int
    server_cpu: float  # seconds
    generator_cpu: float
    latencies: list[int] = field(default_factory=list)  # ns

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.deliveries / self.seconds

    @property
    def cost(self) -> float:
        """Microseconds of the server's CPU per delivery."""
        return self.server_cpu / self.deliveries * 1e6 if self.deliveries else float("inf")

    def percentile(self, percent: int) -> float:
        """Of the latencies, in ms."""
        return quantiles(self.latencies, n=100)[percent - 1] / 1e6 if len(self.latencies) > 1 else float("inf")

    @property
    def is_generator_bound(self) -> bool:
        return self.generator_cpu > 0.9 * self.seconds and self.server_cpu < 0.9 * self.seconds


class Crowd:
    """Members of rooms of one server, joined. Rooms have names of their own, as a log would be sent to who joins."""

    def __init__(self, server: Server, rooms: int, members: int):
        self.server, self.selector = server, selectors.DefaultSelector()
        self.rooms = [[self.enter(name) for _ in range(members)] for name in self._names(rooms)]
        self.others: list[Client] = []  # who is not counted
        self.has_stamps = False  # latencies are taken

    @staticmethod
    def _names(rooms: int) -> list[str]:
        return [f"room-{next(names)}" for _ in range(rooms)]

    def enter(self, room: str, after: int = 0, **options) -> Client:
        client = Client(self.server.url, self.server.kind.dialect, room, **options)
        client.join(after)
        self.selector.register(client.sock, selectors.EVENT_READ, client)
        return client

    def add_late(self, members: int) -> None:
        """More members of the first room, who have what was said."""
        [writer] = self.rooms[0]
        self.rooms[0] += [self.enter(writer.room, writer.sent) for _ in range(members)]

    def add_idle(self, rooms: int, members: int) -> None:
        """Members of other rooms, who say nothing; they answer pings."""
        self.others += [self.enter(name) for name in self._names(rooms) for _ in range(members)]

    def add_stalled(self) -> None:
        """A member of the first room that does not read from now on."""
        self.others.append(self.enter(self.rooms[0][0].room, receive_buffer=65_536))
        self.selector.unregister(self.others[-1].sock)

    @property
    def clients(self) -> list[Client]:
        return [client for room in self.rooms for client in room]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.selector.close()
        for client in self.clients + self.others:
            client.close()

    def read(self, timeout: float = STEP) -> Iterator[Client]:
        """Reads from all that have something -> each of them."""
        for key, _ in self.selector.select(timeout):
            key.data.read()
            yield key.data

    def settle(self) -> None:
        """Waits until every member has every message of its room. Raises Wrong."""
        deadline = perf_counter() + DRAIN
        while missing := sum(self._missing()):
            if perf_counter() > deadline:
                raise Wrong(f"{missing:,} deliveries did not come")
            for _ in self.read():
                pass
        if any(self._missing()):
            raise Wrong("more was delivered than was sent")

    def _missing(self) -> list[int]:
        sent = {id(room): sum(client.sent for client in room) for room in self.rooms}
        return [sent[id(room)] - client.delivered for room in self.rooms for client in room]

    def window(self, seconds: float, warm_up: float, step: Callable[[], None]) -> Figures:
        """Calls `step` all the time, and measures after the warm-up."""
        begin = perf_counter()
        while perf_counter() < begin + warm_up:
            step()
        for client in self.clients:
            client.latencies = [] if self.has_stamps else None
        before = self._reading()
        while perf_counter() < before[0] + seconds:
            step()
        found = Figures(*(new - old for old, new in zip(before, self._reading(), strict=True)))
        for client in self.clients:
            found.latencies += client.latencies or []
            client.latencies = None
        return found

    def _reading(self) -> tuple[float, int, float, float]:
        times = os.times()
        delivered = sum(client.delivered for client in self.clients)
        return perf_counter(), delivered, self.server.cpu(), times.user + times.system


def saturate(crowd: Crowd, senders: int, in_flight: int, seconds: float, warm_up: float = 1.0) -> Figures:
    """A closed loop: so many members of each room keep so many messages under way, the next when one came back."""
    senders = [client for room in crowd.rooms for client in room[:senders]]
    for client in senders:
        client.is_sender = True
        client.say(in_flight)

    def step():
        for client in crowd.read():
            if client.own:
                client.say(client.own)
                client.own = 0

    found = crowd.window(seconds, warm_up, step)
    crowd.settle()
    for client in senders:
        client.is_sender, client.own = False, 0
    return found


def one_by_one(crowd: Crowd, seconds: float, warm_up: float = 0.5) -> Figures:
    """One sender, the first of each room in turn, whose next message leaves when all have the one before: no two meet,
    so nothing can be joined."""
    turns = cycle(crowd.rooms)

    def step():
        room = next(turns)
        room[0].say()
        waiting, deadline = len(room), perf_counter() + DRAIN
        while waiting:
            for key, _ in crowd.selector.select(STEP):
                waiting -= key.data.read()
            if perf_counter() > deadline:
                raise Wrong("a message did not come")

    found = crowd.window(seconds, warm_up, step)
    crowd.settle()
    return found


def paced(
    crowd: Crowd, senders: int, deliveries: float, seconds: float, warm_up: float = 0.5, meanwhile: Callable = int
) -> Figures:
    """An open loop: messages leave at random moments (Poisson, seeded) whatever comes back, so a server that stands
    still is not asked less. Latency counts from when a message was due. The generator spins: it never comes late.
    `meanwhile` is called all the time, and has to be quick."""
    turns = cycle(room[turn] for turn in range(senders) for room in crowd.rooms)
    rate, moments = deliveries / len(crowd.rooms[0]), random.Random(3)
    due = perf_counter_ns() + 0.0

    def step():
        nonlocal due
        while perf_counter_ns() >= due:
            next(turns).say(stamp=int(due))
            due += moments.expovariate(rate) * 1e9
        for _ in crowd.read(0):
            pass
        meanwhile()

    crowd.has_stamps = True
    found = crowd.window(seconds, warm_up, step)
    crowd.has_stamps = False
    crowd.settle()
    return found
