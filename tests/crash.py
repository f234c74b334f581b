"""The crash test: people who write and read at full speed, and a relay that is killed again and again. By hand:

    python -m tests.crash [--kills 50] [--seed 1]

Three fifths of the kills are of a relay that keeps all, a fifth of one that trims its logs all the time, and a fifth of
one that does so slowly, so that most kills fall into a transaction. Ends with status 1, the seed and what was found, if
crash_judge.py finds anything. The seed fixes the plan: when and how
each kill comes, in which bursts people write, when they break off. It does not fix what the system makes of it, so the
same seed need not find the same again; a finding says by itself what happened.
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))

from crash_judge import Record, judge
from crash_people import Person, crowd
from relay_server import RelayServer

ROOMS = 3
DAWDLING = Path(__file__).with_name("relay_that_dawdles.py")
SHORT = 300  # a retention at which logs are trimmed all the time
PATIENCE = 60  # seconds for everyone to come to the end of the log; far more than it takes
MOMENTS = {"busy": 6, "checkpoint": 2, "start": 2}  # of a kill, and how often each
# No limits that this load would meet, and the first checkpoint comes a second after a start.
OPTIONS = {"frames_per_second": 10**6, "frames_burst": 10**6, "silence": 4}
OPTIONS |= {"address_frames_per_second": 10**6, "address_frames_burst": 10**6}
OPTIONS |= {"room_frames_per_second": 10**6, "room_frames_burst": 10**6, "address_bytes_burst": 10**12}


@dataclass
class Run:
    """One relay, and what the whole came to. `findings` are those of the moment; the judge adds its own."""

    server: RelayServer
    rooms: list[Record]
    people: list[Person] = field(default_factory=list)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    starts: int = 0  # of the relay
    stopping: bool = False  # then nobody writes anything new
    resumes: int = 0  # joinings by people who had something already
    down_since: float | None = None  # while nobody has had an answer after a kill
    outages: list[float] = field(default_factory=list)  # seconds
    kills: Counter = field(default_factory=Counter)  # by moment
    findings: list[str] = field(default_factory=list)

    def answered(self, start: int) -> None:
        """An acknowledgement has come on a connection to the relay of that start."""
        if self.down_since is not None and start == self.starts and self.up.is_set():
            self.outages.append(time.monotonic() - self.down_since)
            self.down_since = None

    async def start(self) -> None:
        await asyncio.to_thread(self.server.start)
        self.starts += 1
        self.up.set()

    def kill(self, moment: str) -> None:
        self.server.kill()
        self.server.process.stdout.close()
        self.up.clear()
        self.kills[moment] += 1
        self.down_since = self.down_since or time.monotonic()


async def wait_until(condition, what: str) -> None:
    """Raises TimeoutError with `what`, or what it returns."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {PATIENCE} s: {what() if callable(what) else what}")
        await asyncio.sleep(0.01)


async def crash(folder: Path, seed: int, kills: int, retention: int | None = None, script: Path | None = None) -> Run:
    """Kills a relay with its data in `folder` so often -> what was counted and found."""
    options = OPTIONS | {"retention_messages": retention or 10**7}
    random, began = Random(f"{seed}"), time.monotonic()
    server = await asyncio.to_thread(RelayServer, folder, script, **options)
    run = Run(server, [Record(f"room {number}", retention) for number in range(ROOMS)])
    start_time = time.monotonic() - began
    run.up.set()
    living = arrive(run, [person for record in run.rooms for person in crowd(run, record, seed)])
    try:
        await kill_until(run, kills // 2, random, start_time)
        living += arrive(run, [Person(run, record, "late", seed) for record in run.rooms])
        await kill_until(run, kills, random, start_time)
        await finish(run, living, seed)
    except (AssertionError, TimeoutError) as error:  # it did not start again, or somebody waits for ever
        run.findings.append(f"{error}")
    finally:
        for task in living:
            task.cancel()
        ends = await asyncio.gather(*living, return_exceptions=True)
        server.end()
    run.findings += [f"a person ended: {end!r}" for end in ends if not isinstance(end, asyncio.CancelledError)]
    run.findings += [finding for record in run.rooms for finding in judge(record)] + list(left_behind(server))
    return run


def arrive(run: Run, people: list[Person]) -> list[asyncio.Task]:
    run.people += people
    return [asyncio.create_task(person.live()) for person in people]


async def kill_until(run: Run, kills: int, random: Random, start_time: float) -> None:
    while run.kills.total() < kills:
        await kill(run, random, start_time)


async def kill(run: Run, random: Random, start_time: float) -> None:
    """One kill, or two, the second while it starts again; then it is started and left to run."""
    (moment,) = random.choices(list(MOMENTS), MOMENTS.values())
    await wait_until(lambda: run.down_since is None and run.rooms[0].acknowledged, "anybody is answered after a kill")
    if moment == "checkpoint":
        await checkpoint_begins(run.server.folder / "log.sqlite")
    await asyncio.sleep(random.random() * (0.005 if moment == "checkpoint" else 0.8))
    run.kill("busy" if moment == "start" else moment)
    if moment == "start":
        await kill_while_it_starts(run, random.uniform(0.5, 1) * start_time)
    await run.start()


async def checkpoint_begins(data: Path) -> None:
    """With a WAL, nothing else writes to the main file."""
    before = data.stat().st_mtime_ns
    await wait_until(lambda: data.stat().st_mtime_ns != before, "a checkpoint")


async def kill_while_it_starts(run: Run, delay: float) -> None:
    before = run.server.process
    starting = asyncio.create_task(asyncio.to_thread(run.server.start))
    await wait_until(lambda: run.server.process is not before, "a process")
    await asyncio.sleep(delay)
    run.server.process.kill()
    with suppress(AssertionError):  # says that it did not start
        await starting
    run.kill("start")


async def finish(run: Run, living: list[asyncio.Task], seed: int) -> None:
    """Everything is answered, everybody comes to the end, and somebody reads it all once more."""
    run.stopping = True
    await wait_until(
        lambda: not any(one.waiting for one in run.people),
        lambda: f"all is answered; waiting: {[(one.name, len(one.waiting)) for one in run.people if one.waiting]}",
    )
    last = [Person(run, record, "the log", seed) for record in run.rooms]
    living += arrive(run, last)
    await wait_until(lambda: all(one.log for one in last), "the last to come are in")
    ends = {record.name: record.joined[-1]["newest"] for record in run.rooms}
    await wait_until(
        lambda: all(one.last >= ends[one.record.name] for one in run.people),
        lambda: f"all are at the end: {[(one.name, one.last, ends[one.record.name]) for one in run.people]}",
    )
    for one in last:
        one.record.kept = one.record.lists.pop(one.name)


def left_behind(server: RelayServer) -> Iterator[str]:
    """What is wrong with the file, and what the relay had to say."""
    with closing(sqlite3.connect(server.folder / "log.sqlite")) as sql:
        (verdict,) = sql.execute("pragma integrity_check").fetchone()
    if verdict != "ok":
        yield f"the file is damaged: {verdict}"
    if server.output:
        yield f"the relay printed: {server.output[:2_000]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    chosen, status = parser.parse_args(), 0
    fewer = chosen.kills // 5
    parts = ((chosen.kills - 2 * fewer,), (fewer, SHORT), (fewer, SHORT, DAWDLING))
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            run = asyncio.run(crash(Path(folder), chosen.seed, *part))
        print(report(run, chosen.seed))
        status |= bool(run.findings)
    return status


def report(run: Run, seed: int) -> str:
    def total(numbers) -> str:
        return f"{sum(numbers):,}"

    figures = {
        "seed": seed,
        "relay": f"{run.server.script.stem}, entries kept: {run.rooms[0].retention or 'all'}",
        "kills": f"{run.kills.total()} {dict(run.kills)}",
        "appends": total(len(record.sent) for record in run.rooms),
        "acknowledged": total(len(record.acknowledged) for record in run.rooms),
        "lost a comparison": total(len(record.refused) for record in run.rooms),
        "entries read": total(len(list_) for record in run.rooms for list_ in record.lists.values()),
        "resumes": f"{run.resumes:,}",
        "longest outage": f"{max(run.outages, default=0):.2f} s",
    }
    lines = [f"{name}: {value}" for name, value in figures.items()]
    return "\n".join([*lines, *(f"FOUND: {finding}" for finding in run.findings), ""])


if __name__ == "__main__":
    sys.exit(main())
