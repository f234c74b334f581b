"""What it costs to guess a passphrase, tried on bodies as a relay has them on its disk. By hand:

    python -m tests.bench_guess [--quick]

For each level and KDF a room's passphrase is a random number of four digits. The relay's data file is all that the
guesser has: it takes a body from it and tries passphrases with the page's own code until one opens it. Every core takes
part, and CPU time counts, so that other work on the machine does not. With --quick it only measures the rate for a few
seconds, and says so. Prints Markdown; ends with status 1 if a passphrase was not found.
"""

import argparse
import os
import platform
import random
import secrets
import sqlite3
import sys
import tempfile
import time
from collections import namedtuple
from contextlib import closing
from datetime import date
from math import inf, log2
from multiprocessing import Pool
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "web")]

from cryptography.hazmat.backends.openssl import backend  # noqa: E402 - after the paths

from people import entry, opened  # noqa: E402
from protocol.envelope import PBKDF2, Parameters, argon2id_parts  # noqa: E402
from protocol.ladder import LADDER  # noqa: E402
from protocol.levels import Opened  # noqa: E402
from protocol.levels.classic import ITERATIONS  # noqa: E402
from protocol.levels.passphrase import NEW_ROOM  # noqa: E402
from reference import ReferencePlatform, run  # noqa: E402
from relay_server import RelayServer  # noqa: E402

ROOM = "kitchen"
PINS = [b"%04d" % number for number in range(10_000)]
BATCH = 8  # guesses handed to a core at a time
QUICK = 5.0  # seconds
YEAR = 365.25 * 86_400

# Public measurements of one Nvidia RTX 4090 by hashcat, in what the cost is linear in.
# https://gist.github.com/Chick3nman/32e662a5bb63bc4f51b847bb422222fd: mode 10900, 8,865.7 kH/s at 999 iterations.
GPU_ITERATIONS = 8_865_700 * 999
# https://github.com/hashcat/hashcat/pull/4284: 1,667 H/s at 64 MiB, 3 passes.
GPU_MEBIBYTE_PASSES = 1_667 * 64 * 3

# How many passphrases a room's may be, each as likely.
CHOICES = {
    "4 digits": 10**4,
    "a person's choice": 2**20,  # Bonneau, The science of guessing, IEEE Symposium on Security and Privacy 2012
    "4 random words": 7776**4,
    "6 random words": 7776**6,
}

# parameters: None at level classic; gpu: guesses a second; mebibytes: that one guess needs.
Kind = namedtuple("Kind", "level parameters gpu mebibytes")
Tried = namedtuple("Tried", "count cpu found")  # cpu: seconds, of all cores; found: the passphrase or None


def kinds() -> dict[str, Kind]:
    """What is measured, by its title: classic, and what new rooms of level passphrase begin with."""
    found = {f"classic: PBKDF2, {ITERATIONS:,}": Kind("classic", None, GPU_ITERATIONS / ITERATIONS, 0)}
    for kdf, cost in reversed(NEW_ROOM):
        parameters = Parameters(kdf, cost, os.urandom(16))
        if kdf == PBKDF2:
            found[f"passphrase: PBKDF2, {cost:,}"] = Kind("passphrase", parameters, GPU_ITERATIONS / cost, 0)
        else:
            passes, _, mebibytes = argon2id_parts(cost)
            gpu = GPU_MEBIBYTE_PASSES / (mebibytes * passes)
            found[f"passphrase: Argon2id, {mebibytes} MiB, {passes} passes"] = Kind(
                "passphrase", parameters, gpu, mebibytes
            )
    return found


def sealer(kind: Kind, passphrase: bytes):
    """A session in the room that is guessed at, ready to seal."""
    level = run(LADDER.of(kind.level).start(ReferencePlatform(), ROOM, "Alice", passphrase))
    if kind.parameters:
        level.parameters = kind.parameters
        run(level.keyring.add(kind.parameters.octets))
    run(level.prepare())
    return level


def captured(kind: Kind, passphrase: bytes) -> tuple[str, str]:
    """A room's address and a body, out of the data file of a relay that somebody wrote to."""
    level, address = sealer(kind, passphrase), f"{kind.level}/{ROOM}"
    with tempfile.TemporaryDirectory() as folder:
        relay = RelayServer(Path(folder))
        client = relay.client()
        client.join(address, "Alice")
        client.appended(address, run(level.seal("meet at noon")))
        relay.end()
        with closing(sqlite3.connect(Path(folder, "log.sqlite"))) as database:
            return database.execute("select room.name, body from entry join room on room.number = room").fetchone()


def opens(address: str, body: str, passphrase: bytes) -> bool:
    level, _, room = address.partition("/")
    guesser = run(LADDER.of(level).start(ReferencePlatform(), room, "Eve", passphrase))
    return isinstance(opened(guesser, entry(1, body))[0], Opened)


def attempt(job: tuple) -> Tried:
    """One core's batch of guesses."""
    address, body, guesses, until = job
    began, count, found = time.process_time(), 0, None
    for guess in guesses:
        count += 1
        if opens(address, body, guess):
            found = guess
        if found or time.monotonic() > until:
            break
    return Tried(count, time.process_time() - began, found)


def search(address: str, body: str, seconds: float) -> Tried:
    """Tries every number of four digits, in a random order, until one opens the body or the time is over."""
    guesses = random.sample(PINS, len(PINS))
    until = time.monotonic() + seconds
    jobs = ((address, body, guesses[at : at + BATCH], until) for at in range(0, len(guesses), BATCH))
    count, cpu, found = 0, 0.0, None
    with Pool() as pool:  # leaving it ends the guesses under way
        for tried in pool.imap_unordered(attempt, jobs):
            count, cpu, found = count + tried.count, cpu + tried.cpu, tried.found
            if found or time.monotonic() > until:
                break
    return Tried(count, cpu, found)


def span(seconds: float) -> str:
    """A duration in the unit that suits it: "1.5 min", "3,400 years", "6 x 10^13 years"."""
    units = (("years", YEAR), ("days", 86_400), ("h", 3_600), ("min", 60))
    unit, size = next(((unit, size) for unit, size in units if seconds >= size), ("s", 1))
    number = seconds / size
    if number >= 100_000:
        mantissa, _, exponent = f"{number:.0e}".partition("e")
        return f"{mantissa} x 10^{int(exponent)} {unit}"
    return f"{number:,.0f} {unit}" if number >= 100 else f"{number:.2g} {unit}"


def table(rates: dict[str, float]) -> str:
    """Guesses a second by title -> how long a passphrase lasts: on average half of all are tried."""
    lines = ["| | guesses/s | " + " | ".join(f"{choice}, {log2(n):.1f} bits" for choice, n in CHOICES.items()) + " |"]
    lines.append("|---|---|" + "---|" * len(CHOICES))
    for title, rate in rates.items():
        rate = round(rate, 1 if rate < 100 else None)
        lines.append(f"| {title} | {rate:,} | " + " | ".join(span(n / 2 / rate) for n in CHOICES.values()) + " |")
    return "\n".join(lines)


def machine() -> str:
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = next((line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name")), "")
    openssl = " ".join(backend.openssl_version_text().split()[:2])
    return f"{os.cpu_count()} cores ({model}), {gibibytes:.0f} GiB, Python {platform.python_version()}, {openssl}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="measure the rate only")
    quick = parser.parse_args().quick
    rates, missed = {}, []
    for title, kind in kinds().items():
        passphrase = secrets.choice(PINS)
        tried = search(*captured(kind, passphrase), QUICK if quick else inf)
        rates[title] = tried.count / tried.cpu
        outcome = "the PIN was found" if tried.found == passphrase else "the PIN was not found"
        memory = f", {kind.mebibytes} MiB at a time" if kind.mebibytes else ""
        print(f"- {title}: {outcome} after {tried.count:,} guesses, {span(tried.cpu)} of CPU time{memory}", flush=True)
        if tried.found != passphrase:
            missed.append(title)
    print(f"\n{date.today()}, {machine()}. One core, by CPU time:\n\n{table(rates)}")
    print(f"\nOne Nvidia RTX 4090, scaled from public measurements:\n\n{table({t: k.gpu for t, k in kinds().items()})}")
    if quick:
        print(f"\n--quick: the rates are those of {QUICK:.0f} seconds, and the times are computed from them.")
    elif missed:
        sys.exit("Not found: " + ", ".join(missed))


if __name__ == "__main__":
    main()
