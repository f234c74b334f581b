"""A man in the middle: pages connect to it as if it were the server, and an attack decides what goes on each way.

HTTP passes through to the real server. Each page's WebSocket gets one of its own to the real relay. What a man in the
middle does is lab/middle.py; here it gets sockets, in a loop and thread of their own, from where alone it is called.
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

from lab.middle import Connection, Middle

PATIENCE = 20  # seconds
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
LIMITS = {"compression": None, "max_size": None, "ping_interval": None, "close_timeout": 2}


class ManInTheMiddle:
    """Stands at `url` for the server at `server_url`. Without an attack, all frames go on as they came."""

    def __init__(self, server_url: str):
        self.server_url = server_url
        self.middle = Middle()
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
            connection = self.middle.open(page, relay)
            try:
                await asyncio.gather(self.upward(connection), self.downward(connection))
            except ConnectionClosed:
                pass
            finally:
                self.middle.close(connection)

    async def upward(self, connection: Connection) -> None:
        async for text in connection.page:
            await self.send(self.middle.from_page(connection, json.loads(text)))
        await connection.relay.close()

    async def downward(self, connection: Connection) -> None:
        async for text in connection.relay:
            await self.send(self.middle.from_relay(connection, json.loads(text)))
        await connection.page.close()

    async def send(self, frames: list) -> None:
        for side, frame in frames:
            await side.send(json.dumps(frame, ensure_ascii=False))

    # ------------------------------------------------------------------------------------------ for the runner

    def begin(self, attack) -> None:
        """The attack is under way from now on. Raises what its begin() raises."""
        self.run(self.start(attack))

    async def start(self, attack) -> None:
        await self.send(await self.middle.begin(attack))

    def cut(self, member: str) -> None:
        """Ends this member's connections, on both sides."""
        self.run(self.cut_off(member))

    async def cut_off(self, member: str) -> None:
        for connection in self.middle.of(member):
            # The relay's side first, so that others hear of the leaving before the page is back.
            await connection.relay.close()
            await connection.page.close()
