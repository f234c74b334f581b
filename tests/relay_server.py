"""Starts relay_process.py for tests: a relay with any limit set, and everything it printed."""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from relay_client import PATIENCE, RelayClient

START_TIMEOUT = 60  # seconds
SCRIPT = Path(__file__).with_name("relay_process.py")


class RelayServer:
    """A relay in a process of its own. Its options are the fields of server.Settings, and `tls`."""

    def __init__(self, folder: Path, script: Path | None = None, **options):
        self.script = script or SCRIPT
        self.folder, self.options = folder, {"data": str(folder / "log.sqlite"), **options}
        self.output_file, self.clients = folder / "output.txt", []
        self.start()

    def start(self) -> None:
        command = [sys.executable, str(self.script), json.dumps(self.options)]
        with self.output_file.open("ab") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        overdue = threading.Timer(START_TIMEOUT, self.process.kill)
        overdue.start()
        line = self.process.stdout.readline()
        overdue.cancel()
        assert line, f"the relay did not start:\n{self.output}"
        scheme = "wss" if "tls" in self.options else "ws"
        self.url = f"{scheme}://127.0.0.1:{int(line)}/ws"

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].removesuffix("/ws"))

    @property
    def output(self) -> str:
        """What it logged: nothing, if nothing went wrong."""
        return self.output_file.read_text()

    @property
    def stored(self) -> bytes:
        """Every byte of every file that it has written."""
        return b"".join(path.read_bytes() for path in self.folder.iterdir() if path != self.output_file)

    def client(self, **options) -> RelayClient:
        self.clients.append(RelayClient(self.url, **options))
        return self.clients[-1]

    def terminate(self) -> int:
        """Ends it as an operator does -> its exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Ends it as a crash does."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def end(self) -> None:
        for client in self.clients:
            client.socket.socket.close()
        self.kill()
        self.process.stdout.close()


def sockets_of(relay: RelayServer) -> int:
    """Descriptors of the relay's process that are sockets or wait for one; Linux only, elsewhere 0."""
    folder, found = f"/proc/{relay.process.pid}/fd", 0
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        with suppress(OSError):  # it was closed meanwhile
            found += os.readlink(f"{folder}/{name}").startswith(("socket:", "anon_inode:[eventpoll]"))
    return found


@pytest.fixture
def make_relay(tmp_path):
    """Makes relays: make_relay(silence=0.5). All are ended after the test, and none may have printed a traceback."""
    made = []

    def make(**options) -> RelayServer:
        folder = tmp_path / f"relay-{len(made)}"
        folder.mkdir()
        made.append(RelayServer(folder, **options))
        return made[-1]

    yield make
    for relay in made:
        relay.end()
        assert "Traceback" not in relay.output
