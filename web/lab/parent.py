"""What carries a chat's frames in a frame of the lab's console, which plays the relay for it. Section 10.

As much of a WebSocket as browser/link.py uses. On the channel a text is a frame, True says that the connection to the
relay is made, and a number that it has ended, or is to end: the close code.
"""

from js import window

from .channel import CONNECTION, hand_over

CONNECTING, OPEN, CLOSED = 0, 1, 3
AS_ASKED = 1000


def is_framed():
    """Only a page of this server can frame this one: the policy says so."""
    return window.parent != window


class Event:
    """What a WebSocket's listeners are called with."""

    def __init__(self, data=None, code=None):
        self.data = data
        self.code = code


class Socket:
    def __init__(self):
        self.readyState = CONNECTING
        self.onopen = self.onmessage = self.onclose = None
        self.end = hand_over(CONNECTION)
        self.end.listen(self.heard)

    async def heard(self, value):
        if self.readyState == CLOSED:
            return
        if type(value) is str:
            await self.onmessage(Event(data=value))
        elif value is True:
            self.readyState = OPEN
            self.onopen(Event())
        else:
            self.readyState = CLOSED
            await self.onclose(Event(code=value))

    def send(self, text):
        self.end.say(text)

    def close(self):
        self.readyState = CLOSED
        self.end.say(AS_ASKED)
