"""The servers as processes, each on the server's core, with their CPU time and memory."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs
import psutil
from werkzeug.serving import make_ssl_devcert

from load.dialects import Ours, Plain, SocketIO

HERE = Path(__file__).parent
CORES = (0, 1)  # the generator's, the server's
WS = "ws@8.23.0"
MODULES = platformdirs.user_cache_path("secure-chat", appauthor=False) / "bench"
RAISED = {  # of the relay's limits: the generator is one address, and one member may be as fast as it can
    "frames_per_second": 1e9,
    "frames_burst": 1e9,
    "address_frames_per_second": 1e9,
    "address_frames_burst": 1e9,
    "room_frames_per_second": 1e9,
    "room_frames_burst": 1e9,
    "address_rooms_per_second": 1e9,
    "address_rooms_burst": 1e9,
    "address_bytes_per_second": 1e12,
    "address_bytes_burst": 1e12,
    "connections_per_address": 10_000,
    "members_per_room": 2_000,
}


@dataclass(frozen=True)
class Kind:
    """One of the servers that are compared."""

    name: str
    script: str
    dialect: object
    arguments: tuple[str, ...] = ()
    environment: dict = field(default_factory=dict)


KINDS = {
    "ours": Kind("ours, durable log", "../relay_process.py", Ours()),
    "ours-tls": Kind("ours, durable log, TLS", "../relay_process.py", Ours()),
    "socketio": Kind("Flask-SocketIO, gevent", "servers/flask_socketio_gevent.py", SocketIO()),
    "sock-threads": Kind("flask-sock, threads", "servers/flask_sock_threads.py", Plain()),
    "sock-gevent": Kind("flask-sock, gunicorn gevent", "servers/flask_sock_gunicorn.py", Plain()),
    "sock-threads-deflate": Kind(
        "flask-sock, threads, as it comes", "servers/flask_sock_threads.py", Plain(), ("deflate",)
    ),
    "sock-gevent-deflate": Kind(
        "flask-sock, gunicorn gevent, as it comes", "servers/flask_sock_gunicorn.py", Plain(), ("deflate",)
    ),
    "websockets": Kind("websockets, broadcast()", "servers/websockets_broadcast.py", Plain()),
    "websockets-deflate": Kind("the same, compressed", "servers/websockets_broadcast.py", Plain(), ("deflate",)),
    "node": Kind("node ws", "servers/node_ws.js", Plain(), environment={"NODE_PATH": str(MODULES / "node_modules")}),
}


@contextmanager
def pinned_to(core: int):
    """This process, and what it starts meanwhile, runs on one core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity") or os.cpu_count() < 2:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def install_ws() -> bool:
    """Fetches node's ws into the cache folder, if node is there."""
    if not shutil.which("node") or not shutil.which("npm"):
        return False
    if not (MODULES / "node_modules" / "ws").exists():
        MODULES.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--prefix", MODULES, WS], check=True, stdout=subprocess.DEVNULL)
    return True


class Server:
    """One server while it runs, at `url`; its files are in a folder of its own."""

    def __init__(self, kind: str, options: dict | None = None):
        """`options`: of ours, fields of server.Settings; None for what it is without."""
        self.kind, self.folder = KINDS[kind], tempfile.TemporaryDirectory(prefix="bench-")
        folder = Path(self.folder.name)
        script = (HERE / self.kind.script).resolve()
        command = ["node" if script.suffix == ".js" else sys.executable, str(script), *self.kind.arguments]
        scheme = "ws"
        if isinstance(self.kind.dialect, Ours):
            settings = RAISED | {"data": str(folder / "log.sqlite")} | (options or {})
            settings = {name: value for name, value in settings.items() if value is not None}
            if kind == "ours-tls":
                pair, scheme = certificate(folder), "wss"
                settings |= {"tls": pair, "tls_cert": pair[0]}  # the latter says which origin is its own
            command.append(json.dumps(settings))
        self.errors = (folder / "errors.txt").open("w+")
        with pinned_to(CORES[1]):
            environment = os.environ | self.kind.environment
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors, env=environment)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.kind.name} did not start:\n{(folder / 'errors.txt').read_text()}")
        self.url, self.psutil = f"{scheme}://127.0.0.1:{int(line)}", psutil.Process(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in self._all():
            each.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()
        self.folder.cleanup()

    def _all(self) -> list[psutil.Process]:
        return [self.psutil, *self.psutil.children(recursive=True)]

    def cpu(self) -> float:
        """Seconds of CPU so far, in user space and in the kernel."""
        return sum(sum(each.cpu_times()[:2]) for each in self._all())

    def memory(self) -> int:
        """Resident bytes."""
        return sum(each.memory_info().rss for each in self._all())

    @property
    def output(self) -> str:
        return Path(self.folder.name, "errors.txt").read_text()


def certificate(folder: Path) -> tuple[str, str]:
    """A self-signed certificate and its key, as `--tls-adhoc` makes them: their paths."""
    return make_ssl_devcert(str(folder / "tls"), host="localhost")
