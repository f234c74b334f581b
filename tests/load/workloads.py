"""What is measured, by name: each takes a server and seconds, and returns figures by their column's title."""

import selectors
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter, sleep

from load.abuse import FORMS, Abuser
from load.client import BODY, Client, Closed
from load.processes import KINDS, RAISED, Server
from load.traffic import Crowd, Figures, Wrong, one_by_one, paced, saturate

SENDERS, IN_FLIGHT = 50, 4  # of each room at most so many keep so many messages under way
PACED_SENDERS, PACED_RATE = 8, 20_000  # deliveries a second offered
BESIDE, BESIDE_RATE = 20, 5_000
ABUSED_RATE = 5_000  # at 20 members 250 messages a second: within the limits of an address, of bytes for two minutes
STALL_BYTES = 4_194_304  # what is sent to who does not read: more than the system buffers
STORED, RESUMES = 10_000, 5
EVERYONE = tuple(KINDS)
COMPARED = tuple(kind for kind in KINDS if not kind.endswith("-deflate"))
TALKED_OF = ("ours", "socketio", "websockets")
LOGLESS = tuple(kind for kind in COMPARED if kind != "ours-tls")
Found = dict[str, float | str]


@dataclass(frozen=True)
class Plan:
    """How much: seconds of each measured window, idle connections."""

    seconds: float = 3
    idle: int = 2_000


QUICK = Plan(0.5, 200)


def throughput(figures: Figures) -> Found:
    mark = {"generator-bound": 1.0} if figures.is_generator_bound else {}
    return {"d/s": figures.rate, "us": figures.cost} | mark


def full(rooms: int, members: int, in_flight: int = IN_FLIGHT) -> Callable[[Server, Plan], Found]:
    """As much as the server takes."""

    def run(server: Server, plan: Plan) -> Found:
        with Crowd(server, rooms, members) as crowd:
            return throughput(saturate(crowd, min(members, SENDERS), in_flight, plan.seconds))

    return run


def one_sender(server: Server, plan: Plan) -> Found:
    with Crowd(server, 1, 50) as crowd:
        return throughput(one_by_one(crowd, plan.seconds))


def latency(server: Server, plan: Plan) -> Found:
    with Crowd(server, 1, 50) as crowd:
        return times(paced(crowd, PACED_SENDERS, PACED_RATE, plan.seconds))


def times(figures: Figures) -> Found:
    return {"p50 ms": figures.percentile(50), "p99 ms": figures.percentile(99), "us": figures.cost}


def idle(server: Server, plan: Plan) -> Found:
    """Resident memory that a joined connection adds, in rooms of 20, once the server is warm."""
    with Crowd(server, 5, 20) as crowd:
        saturate(crowd, 1, 1, 0.5)
    sleep(0.5)  # its connections end
    before = server.memory()
    with Crowd(server, plan.idle // 20, 20):
        return {"KB": (server.memory() - before) / plan.idle / 1024}


def beside_idle(server: Server, plan: Plan) -> Found:
    """A room of 20 without, with, and again without 2,000 idle connections beside it."""
    with Crowd(server, 1, BESIDE) as crowd:
        alone = [both(crowd, plan.seconds, BESIDE_RATE)]
        crowd.add_idle(plan.idle // 20, 20)
        beside = both(crowd, plan.seconds, BESIDE_RATE)
        for client in crowd.others:
            crowd.selector.unregister(client.sock)
            client.close()
        crowd.others.clear()
        sleep(1)  # the server notices
        alone.append(both(crowd, plan.seconds, BESIDE_RATE))
    return {f"{name}, alone": (alone[0][name] + alone[1][name]) / 2 for name in beside} | {
        f"{name}, beside": value for name, value in beside.items()
    }


def both(crowd: Crowd, seconds: float, rate: float, warm_up: float = 1.0) -> Found:
    found = throughput(saturate(crowd, SENDERS, IN_FLIGHT, seconds, warm_up))
    found.pop("generator-bound", None)
    calm = times(paced(crowd, PACED_SENDERS, rate, seconds))
    return found | {name: calm[name] for name in ("p50 ms", "p99 ms")}


def stalled(server: Server, plan: Plan) -> Found:
    """49 members who read, without and with one more who does not, from the moment that it stops."""
    with Crowd(server, 1, 49) as crowd:
        before = both(crowd, plan.seconds, PACED_RATE)
        memory, until_full = server.memory(), STALL_BYTES / (before["d/s"] / 49 * BODY)
        crowd.add_stalled()
        try:
            after = both(crowd, max(plan.seconds, until_full), PACED_RATE, warm_up=0)
        except (Wrong, Closed, OSError) as problem:
            after = {"d/s": 0.0, "p99 ms": float("inf"), "why": str(problem)}
        after["MB grown"] = (server.memory() - memory) / 2**20
    found = {f"{name}, all read": value for name, value in before.items()}
    return found | {name if name == "why" else f"{name}, one stalls": value for name, value in after.items()}


def abused(server: Server, plan: Plan) -> Found:
    """p99 of a room of 20 with steady traffic, alone and beside one abuser in each of its forms, by turns. Also
    what the abuser got done: connections and MB, in a second."""
    found, alone = {}, []
    with Crowd(server, 1, BESIDE) as crowd:
        for name, form in FORMS.items():
            alone.append(times(paced(crowd, PACED_SENDERS, ABUSED_RATE, plan.seconds / 2))["p99 ms"])
            with Abuser(server.url, form, crowd.rooms[0][0].room) as abuser:
                begin = perf_counter()
                beside = paced(crowd, PACED_SENDERS, ABUSED_RATE, plan.seconds, meanwhile=abuser.step)
                took = perf_counter() - begin
            found |= {f"p99 ms, {name}": times(beside)["p99 ms"], f"opened, {name}": abuser.opened / took}
            found |= {f"MB, {name}": abuser.sent / took / 1e6}
    return found | {"p99 ms, alone": median(alone)}


def resume(server: Server, plan: Plan) -> Found:
    """From the sending of a join to the last of 10,000 stored entries, in ms, median of some."""
    with Crowd(server, 1, 1) as crowd:
        fill(crowd, STORED)
        return {"ms": median(resume_once(server, crowd.rooms[0][0].room, STORED) for _ in range(RESUMES))}


def fill(crowd: Crowd, entries: int) -> float:
    """Stores so many entries in the first room -> the server's seconds of CPU."""
    [writer] = crowd.rooms[0]
    before = crowd.server.cpu()
    while writer.sent < entries:
        writer.say(min(100, entries - writer.sent))
        crowd.settle()
    return crowd.server.cpu() - before


def resume_once(server: Server, room: str, entries: int) -> float:
    client, waiting = Client(server.url, server.kind.dialect, room), selectors.DefaultSelector()
    waiting.register(client.sock, selectors.EVENT_READ)
    begin = perf_counter()
    client.join()
    while client.delivered < entries:
        if not waiting.select(10):
            raise Wrong(f"{client.delivered:,} of {entries:,} stored entries came")
        client.read()
    took = perf_counter() - begin
    waiting.close()
    client.close()
    return took * 1000


@dataclass(frozen=True)
class Workload:
    """`title` heads its table; `kinds` are the servers that it says something about; `is_once`: it takes long and is
    steady, so one round does; with `options` the relay is not as for the others."""

    title: str
    run: Callable[[Server, Plan], Found]
    kinds: tuple[str, ...]
    is_once: bool = False
    options: dict | None = None  # of ours, fields of server.Settings


WORKLOADS = {
    "1x50": Workload("1 room x 50", full(1, 50), EVERYONE),
    "1x50-w1": Workload("1 room x 50, one message each under way", full(1, 50, 1), TALKED_OF),
    "1x500": Workload("1 room x 500", full(1, 500), LOGLESS),
    "100x10": Workload("100 rooms x 10", full(100, 10), LOGLESS),
    "one-sender": Workload("one sender, nothing to batch, 1 x 50", one_sender, COMPARED),
    "latency": Workload(f"{PACED_RATE:,} deliveries/s offered, 1 x 50", latency, COMPARED),
    "idle": Workload("2,000 idle connections", idle, COMPARED, is_once=True),
    "beside-idle": Workload(f"a room of {BESIDE} beside 2,000 idle connections", beside_idle, TALKED_OF, is_once=True),
    "stalled": Workload("1 x 50, one stops reading", stalled, LOGLESS, is_once=True),
    "abused": Workload(
        f"a room of {BESIDE} beside one abuser", abused, ("ours",), is_once=True, options=dict.fromkeys(RAISED)
    ),
    "resume": Workload(f"resume of {STORED:,} entries", resume, ("ours", "ours-tls")),
}
