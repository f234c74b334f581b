"""A room on websockets' broadcast(): `websockets_broadcast.py [deflate]`. Prints its port."""

import asyncio
import sys
from collections import defaultdict

from websockets.asyncio.server import broadcast, serve

rooms = defaultdict(set)


async def talk(connection):
    members = rooms[connection.request.path]
    members.add(connection)
    try:
        await connection.send("joined")
        async for message in connection:
            broadcast(members, message)
    finally:
        members.discard(connection)


async def main():
    compression = "deflate" if "deflate" in sys.argv else None
    async with serve(talk, "127.0.0.1", 0, compression=compression) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
