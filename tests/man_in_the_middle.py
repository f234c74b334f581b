"""A man in the middle: pages connect to it as if it were the server, and an attack decides what goes on each way.

HTTP passes through to the real server. Each page's WebSocket gets one of its own to the real relay. Everything runs in
a loop and thread of its own, so the attack is only ever called from there.
"""

import asyncio
import http.client
import json
import threading
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

PATIENCE = 20  # seconds
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
LIMITS = {"compression": None, "max_size": None, "ping_interval": None, "close_timeout": 2}


class Connection:
    """A page's connection, and the one to the relay that stands for it. `member`: the name it joined with last."""

    def __init__(self, page, relay):
        self.page, self.relay, self.member = page, relay, ""

    async def close(self) -> None:
        # The relay's side first, so that others hear of the leaving before the page is back.
        await self.relay.close()
        await self.page.close()


class ManInTheMiddle:
    """Stands at `url` for the server at `server_url`. Without an attack, all frames go on as they came."""

    def __init__(self, server_url: str):
        self.server_url = server_url
        self.attack = None
        self.connections: list[Connection] = []
        self.logs: dict[str, list[dict]] = {}  # room address -> its entries, as the relay sent them
        self.joins = 0  # `joined` frames that passed
        self.problems: list[BaseException] = []  # of the attack under way: its own mistakes
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = self.run(self.listen())
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    def run(self, coroutine):
        """-> what it returns, run in the proxy's own loop. Called from the tests' thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    async def listen(self):
        return await serve(self.carry, "127.0.0.1", 0, process_request=self.pass_http, **LIMITS)

    def close(self) -> None:
        self.run(self.end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(PATIENCE)

    async def end(self) -> None:
        self.server.close(close_connections=True)
        await self.server.wait_closed()

    # ------------------------------------------------------------------------------------------ HTTP

    async def pass_http(self, page, request):
        """The real server's answer, or None for a WebSocket's handshake."""
        if "Upgrade" in request.headers:
            return None
        return await asyncio.to_thread(self.fetch, request)

    def fetch(self, request) -> Response:
        headers = {name: value for name, value in request.headers.raw_items() if name.lower() not in HOP_BY_HOP}
        server = http.client.HTTPConnection(urlsplit(self.server_url).netloc, timeout=PATIENCE)
        server.request("GET", request.path, headers=headers)
        answer = server.getresponse()
        body = answer.read()
        server.close()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
        kept += [("Content-Length", str(len(body))), ("Connection", "close")]
        return Response(answer.status, answer.reason, Headers(kept), body)

    # ------------------------------------------------------------------------------------------ frames

    async def carry(self, page) -> None:
        relay_url = self.server_url.replace("http", "ws", 1) + "/ws"
        async with connect(relay_url, origin=self.server_url, proxy=None, **LIMITS) as relay:
            connection = Connection(page, relay)
            self.connections.append(connection)
            try:
                await asyncio.gather(self.upward(connection), self.downward(connection))
            except ConnectionClosed:
                pass
            finally:
                self.connections.remove(connection)

    async def upward(self, connection: Connection) -> None:
        async for text in connection.page:
            frame = json.loads(text)
            if frame["type"] == "join":
                connection.member = frame["name"]
            attack = self.attack
            frames = self.ask(attack and attack.to_relay, connection.member, frame)
            await self.send(connection.relay, frames)
            await self.inject()
        await connection.relay.close()

    async def downward(self, connection: Connection) -> None:
        async for text in connection.relay:
            frame = json.loads(text)
            if frame["type"] == "entries":
                self.keep(frame)
            attack = self.attack
            frames = self.ask(attack and attack.from_relay, connection.member, frame)
            await self.send(connection.page, frames)
            self.joins += frame["type"] == "joined"
            await self.inject()
        await connection.page.close()

    def keep(self, frame: dict) -> None:
        log = self.logs.setdefault(frame["room"], [])
        for entry in frame["entries"]:
            if not log or entry["seq"] > log[-1]["seq"]:
                log.append(dict(entry))

    def ask(self, attack, member: str, frame: dict) -> list[dict]:
        try:
            return attack(member, frame) if attack else [frame]
        except Exception as problem:  # noqa: BLE001 - told to the test, which has no other way to hear of it
            self.problems.append(problem)
            return [frame]

    async def send(self, side, frames: list[dict]) -> None:
        for frame in frames:
            await side.send(json.dumps(frame, ensure_ascii=False))

    async def inject(self) -> None:
        """What the attack wants sent besides."""
        while self.attack and self.attack.injections:
            side, member, frame = self.attack.injections.pop(0)
            for connection in [one for one in self.connections if one.member == member]:
                await self.send(getattr(connection, side), [frame])

    # ------------------------------------------------------------------------------------------ for the runner

    def begin(self, attack) -> None:
        """The attack is under way from now on. Raises what its begin() raises."""
        self.problems = []
        self.run(self.start(attack))

    async def start(self, attack) -> None:
        # From now on, so that what it appends is answered to it; nothing else passes while a test waits here.
        self.attack = attack
        await attack.begin()
        await self.inject()

    def stop(self) -> None:
        """Frames go on as they came again. Raises what went wrong in the attack's own code."""
        self.attack = None
        if self.problems:
            raise self.problems[0]

    def log(self, room: str) -> list[dict]:
        """The entries of a room so far; the list goes on growing."""
        return self.logs.setdefault(room, [])

    def cut(self, member: str) -> None:
        """Ends this member's connections, on both sides."""
        self.run(self.cut_off(member))

    async def cut_off(self, member: str) -> None:
        for connection in [one for one in self.connections if one.member == member]:
            await connection.close()
