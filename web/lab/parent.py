"""The door from a chat in a frame to the lab's console around it, which plays the relay between two of them."""

from js import MessageChannel, window
from pyscript.ffi import to_js

CONNECTING, OPEN, CLOSED = 0, 1, 3


def is_framed():
    """Only the lab's console can frame this page: the server's policy for it says so."""
    return not window.parent.isSameNode(window) if hasattr(window.parent, "isSameNode") else False


def hand_over(what):
    """One end of a new channel to the console, which is told what it is for. Returns the other end."""
    channel = MessageChannel.new()
    window.parent.postMessage(what, window.location.origin, to_js([channel.port2]))
    return channel.port1


class Socket:
    """As much of a WebSocket as browser/link.py uses: texts are frames, `{close}` and `{open}` stand for the rest."""

    def __init__(self):
        self.readyState = CONNECTING
        self.onopen = self.onmessage = self.onclose = None
        self.port = hand_over("connection")
        self.port.onmessage = self.heard

    async def heard(self, event):
        if type(event.data) is str:
            await self.onmessage(event)
        elif event.data.code:
            self.readyState = CLOSED
            await self.onclose(event.data)
        else:
            self.readyState = OPEN
            self.onopen(event)

    def send(self, text):
        self.port.postMessage(text)

    def close(self):
        self.readyState = CLOSED
        self.port.postMessage(to_js({"code": 1000}))
