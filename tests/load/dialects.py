"""How each server is spoken to: where its WebSocket is, how one joins a room, and how one message is said."""

import json

Step = tuple[str | None, bytes]  # what the client sends, if anything, and what it then waits to see


class Ours:
    """The relay's frames: web/protocol/README.md, section 1."""

    engine_ping = False

    def path(self, room: str) -> str:
        return "/ws"

    def joining(self, room: str, name: str, after: int) -> list[Step]:
        return [(json.dumps({"type": "join", "room": room, "name": name, "after": after}), b'"type":"joined"')]

    def message(self, room: str, body: str, id: str) -> str:
        # By hand: json.dumps would be a good part of what the generator does, and nothing here needs escapes.
        return f'{{"type":"append","room":"{room}","kind":"message","id":"{id}","body":"{body}"}}'


class Plain:
    """The room is the path; what one sends, all get."""

    engine_ping = False

    def path(self, room: str) -> str:
        return f"/{room}"

    def joining(self, room: str, name: str, after: int) -> list[Step]:
        return [(None, b"joined")]

    def message(self, room: str, body: str, id: str) -> str:
        return body


class SocketIO:
    """Engine.IO 4 and Socket.IO 5, WebSocket from the start."""

    engine_ping = True  # its pings are text frames of its own

    def path(self, room: str) -> str:
        return "/socket.io/?EIO=4&transport=websocket"

    def joining(self, room: str, name: str, after: int) -> list[Step]:
        return [(None, b"0{"), ("40", b"40{"), (f'42["join","{room}"]', b'42["joined"')]

    def message(self, room: str, body: str, id: str) -> str:
        return f'42["say","{room}","{body}"]'
