"""The soak test: 30 people who come and go in every way there is, and a relay that holds in the end what it held.

    python -m tests.soak [--minutes 10] [--seed 1]

Prints what two relays hold over time, one of them with TLS, and ends with status 1 and what was found, if there is
anything. Linux only: it reads /proc.
"""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from werkzeug.serving import make_ssl_devcert

sys.path.insert(0, str(Path(__file__).parent))

import own_loop
from relay_server import RelayServer
from soak_people import LINGER, SILENCE, STALL, Person

SCRIPT = Path(__file__).with_name("relay_that_counts.py")
PEOPLE = {"plain": 20, "tls": 10}
OPTIONS = {"silence": SILENCE, "stall": STALL, "linger": LINGER, "retention_messages": 300, "members_per_room": 4}
OPTIONS |= {"connections": 24}  # and half of them for an address
OPTIONS |= {f"address_{what}": 1e9 for what in ("rooms_per_second", "rooms_burst", "bytes_per_second", "bytes_burst")}
SETTLED = 5  # seconds for the last ones to be gone
CHECKPOINT = 60  # seconds for a thread to end that moves commits, on a disk with other work
GONE = ("server.Connection", "server.Member", "server.Household")
# More objects of a type that are no leak of one per visit: rooms of the last transaction, and what is made for them.
FEW, OF_SQLITE = 20, {"weakref.ReferenceType": 200}  # it drops its references to old cursors at every 200th
MEMORY = 4_000_000  # bytes: twice what runs without a leak differed by, which does not grow with their length


@dataclass
class Sample:
    """What a relay's process holds: bytes of memory, threads, descriptors, and its objects by type."""

    memory: int
    threads: int
    descriptors: int
    objects: Counter

    def __str__(self) -> str:
        connections = self.objects["server.Connection"]
        return (
            f"{self.memory / 1e6:10.1f} {self.threads:7} {self.descriptors:11} {connections:11} "
            f"{self.objects['gevent._gevent_cgreenlet.Greenlet']:9} {self.objects.total():9}"
        )


def sample(server: RelayServer) -> Sample:
    server.process.send_signal(signal.SIGUSR1)
    objects = Counter(json.loads(server.process.stdout.readline()))
    folder = Path(f"/proc/{server.process.pid}")
    memory = int((folder / "smaps_rollup").read_text().split("Rss:")[1].split()[0]) * 1_024
    return Sample(memory, len([*(folder / "task").iterdir()]), len([*(folder / "fd").iterdir()]), objects)


def settled(server: RelayServer) -> Sample:
    """The sample when everyone has gone and no checkpoint is under way, or after as many seconds as that may take."""
    began = time.monotonic()
    while True:
        found, waited = sample(server), time.monotonic() - began
        are_gone = waited > SETTLED or not any(found.objects[type_] for type_ in GONE)
        if are_gone and (found.threads == 1 or waited > CHECKPOINT):
            return found
        time.sleep(0.1)


def judge(before: Sample, middle: Sample, after: Sample) -> list[str]:
    """What is not as it was. `middle` lies as far from `before` as from `after`: memory may still find its size."""
    findings = [f"{after.objects[type_]} {type_} are left" for type_ in GONE if after.objects[type_]]
    for what in ("threads", "descriptors"):
        was, is_ = getattr(before, what), getattr(after, what)
        if was != is_:
            findings.append(f"{was} {what} have become {is_}")
    more = {type_: number - before.objects[type_] for type_, number in after.objects.items()}
    findings += [
        f"{number} {type_} more than before" for type_, number in more.items() if number > FEW + OF_SQLITE.get(type_, 0)
    ]
    if after.memory - middle.memory > MEMORY:
        findings.append(f"{after.memory - middle.memory} bytes more than in the middle")
    return findings


class Soak:
    """Two relays and their people, for so many seconds and so many visits. `seen` counts what people did and were told,
    on both together."""

    def __init__(self, folder: Path, seed: int, seconds: float, visits: int, report, **options):
        self.seed, self.seconds, self.visits, self.report = seed, seconds, visits, report
        self.seen, self.servers = Counter(), {}
        for kind in PEOPLE:
            (folder / kind).mkdir()
            tls = {"tls": make_ssl_devcert(str(folder / "tls"), cn="localhost")} if kind == "tls" else {}
            self.servers[kind] = RelayServer(folder / kind, script=SCRIPT, **OPTIONS | tls | options)

    def run(self, share: float, part: int) -> dict[str, Sample]:
        """Lets the people live for this share of all -> what each relay holds when they have gone."""
        own_loop.run(self.crowd(share, part))
        samples = {kind: settled(server) for kind, server in self.servers.items()}
        for kind, one in samples.items():
            self.report(kind, one)
        return samples

    async def crowd(self, share: float, part: int) -> None:
        end, each = time.monotonic() + share * self.seconds, share * self.visits / sum(PEOPLE.values())
        upto = {kind: self.seen[f"visits, {kind}"] + each * people for kind, people in PEOPLE.items()}

        def is_over(kind: str) -> bool:
            return time.monotonic() > end and self.seen[f"visits, {kind}"] >= upto[kind]

        watching = asyncio.create_task(self.watch(max(1, share * self.seconds / 8)))
        people = [
            Person(server.url, f"{kind}-{number}", f"{self.seed}, {part}", self.seen)
            for kind, server in self.servers.items()
            for number in range(PEOPLE[kind])
        ]
        await asyncio.gather(*[person.live(is_over) for person in people])
        watching.cancel()

    async def watch(self, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            for kind, server in self.servers.items():
                self.report(kind, sample(server))


def soak(
    folder: Path, seed: int, seconds: float = 0, visits: int = 0, report=lambda *_: None, **options
) -> tuple[list[str], Counter]:
    """A quarter of it to warm up, in which caches and pools fill, then twice three eighths.
    -> what was found, what was seen. `options` are for the relays."""
    soak = Soak(folder, seed, seconds, visits, report, **options)
    try:
        samples = [soak.run(share, part) for part, share in enumerate((0.25, 0.375, 0.375))]
    finally:
        for server in soak.servers.values():
            server.end()
    findings = [f"{kind}: {one}" for kind in PEOPLE for one in judge(*[each[kind] for each in samples])]
    findings += [f"{kind}: it logged {server.output[:2_000]}" for kind, server in soak.servers.items() if server.output]
    return findings, soak.seen


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    help = "what the relays are to lose with every connection, of relay_that_counts.py; to see what is found then"
    parser.add_argument("--leak", action="append", default=[], help=help)
    options = parser.parse_args()
    began = time.monotonic()

    def report(kind: str, one: Sample) -> None:
        print(f"{time.monotonic() - began:9.1f}  {kind:5} {one}", flush=True)

    print("  seconds  relay    memory threads descriptors connections greenlets   objects")
    with tempfile.TemporaryDirectory() as folder:
        findings, seen = soak(Path(folder), options.seed, options.minutes * 60, 0, report, leak=options.leak)
    print(", ".join(f"{number} {what}" for what, number in seen.most_common()))
    for finding in findings:
        print(f"seed {options.seed}: {finding}")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
