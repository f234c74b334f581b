"""What the fuzzing tests share: how many examples, what a process holds, and that nobody else is concerned.

Derandomized, so that a red run is red again for everybody; not shrunk, which takes minutes. By hand there are other
examples each time, as many as wanted, and shrunk:

    FUZZ_EXAMPLES=5000 python -m pytest tests/test_fuzz_websocket.py tests/test_fuzz_http.py
"""

import os
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from time import monotonic

import psutil
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from conftest import wait_until
from relay_client import RelayClient

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))  # 0: those of every run
ROOM = "bystanders"
DEADLINE, PATIENCE = 5, 15  # seconds: for an answer to a bystander, far more than any takes; for a process to settle
UNCONCERNED = re.compile(r"(DEBUG|INFO):|\d{4}-\d\d-\d\d \S+ (DEBUG|INFO) |Secure Chat is at ")


def profile(examples: int) -> settings:
    return settings(
        max_examples=EXAMPLES or examples,
        derandomize=not EXAMPLES,
        phases=[Phase.generate] + [Phase.shrink] * bool(EXAMPLES),
        deadline=None,  # the machine may be busy
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


def holds(pid: int, url: str) -> dict[str, float]:
    """Threads, descriptors and connections of a relay's process. `url`: where its /metrics are."""
    process = psutil.Process(pid)
    with urllib.request.urlopen(f"{url}/metrics", timeout=DEADLINE) as answer:
        connections = re.search(r"^securechat_connections (\S+)$", answer.read().decode(), re.MULTILINE)[1]
    return {"threads": process.num_threads(), "files": process.num_fds(), "connections": float(connections)}


@contextmanager
def nothing_is_left(pid: int, url: str) -> Iterator[None]:
    """Afterwards the process holds what it held before."""
    # A checkpoint has a thread for a moment.
    wait_until(lambda: holds(pid, url)["threads"] == 1, PATIENCE, "a relay at rest has one thread")
    before = holds(pid, url)
    yield
    end = monotonic() + PATIENCE
    while (now := holds(pid, url)) != before:
        assert monotonic() < end, f"it held {before} and holds {now}"


class Bystander:
    """A member of a room that is none of the others' business."""

    def __init__(self, client: RelayClient, data: Path):
        self.client = client
        client.join(ROOM, "Ann")
        client.appended(ROOM, "still here")
        # The first checkpoint, which opens what stays open.
        wait_until(lambda: ROOM.encode() in data.read_bytes(), PATIENCE, "the log is moved into the main file")
        self.look = self.answered()

    def answered(self) -> dict:
        """The room as it is, answered in time, and nothing else was told since."""
        self.client.received.clear()
        began = monotonic()
        self.client.send({"type": "look", "rooms": [ROOM]})
        looked = self.client.receive("looked")
        assert monotonic() - began < DEADLINE
        return looked

    def is_unconcerned(self) -> None:
        assert self.answered() == self.look
        assert self.client.received == []


def complaints(output: str) -> list[str]:
    """Lines of a log at level debug that are no debug or info lines, so those of tracebacks too."""
    return [line for line in output.splitlines() if not UNCONCERNED.match(line)]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The pieces, cut at these places, each modulo the length."""
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[begin:end] for begin, end in pairwise(ends)]


places = st.lists(st.integers(0, 2**20), max_size=6)
