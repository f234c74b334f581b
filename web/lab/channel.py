"""The door between two windows of this server: a chat in a frame, and the lab's console around it. Section 10.

The chat makes a channel for each purpose and hands one end over. Values are texts, True and whole numbers.
"""

from js import MessageChannel, location, window
from pyscript.ffi import create_proxy, to_js

# What an end is handed over for.
CONTROL, CONNECTION = "control", "connection"


class End:
    """One end of a channel."""

    def __init__(self, port):
        self.port = port

    def listen(self, heard):
        """heard(value), plain or async, is called with each value, also with those that came before."""
        self.port.onmessage = lambda event: heard(event.data)

    def say(self, value):
        self.port.postMessage(value)


def hand_over(purpose):
    """Gives the page around this one an end of a new channel, and returns the other."""
    channel = MessageChannel.new()
    # With the origin that it has to have: the browser gives nothing to a page of another.
    window.parent.postMessage(purpose, location.origin, to_js([channel.port2]))
    return End(channel.port1)


def take_over(taken):
    """taken(window, purpose, end) is called for each end that is handed over by a page in a frame, window being its."""

    def on_message(event):
        if event.origin == location.origin and event.ports.length == 1:
            taken(event.source, event.data, End(event.ports[0]))

    window.addEventListener("message", create_proxy(on_message))
