"""The console's carrying of frames: for each connection of a page in a frame, one of its own to the real relay."""

import json

from browser.link import OPEN, websocket
from protocol import frames

from .parent import AS_ASKED


def send(sent):
    """What middle.py gave to be sent."""
    for side, frame in sent:
        side.say(frames.write(frame))


class Relay:
    """The connection to the real relay that stands for one of the page's."""

    def __init__(self, socket):
        self.socket = socket

    def say(self, text):
        if self.socket.readyState == OPEN:  # send() would throw while it is being made
            self.socket.send(text)


class Wire:
    """One connection of a page and the one that stands for it, until either ends. changed() is called afterwards."""

    def __init__(self, page, middle, changed):
        self.socket = websocket()
        self.open = True
        connection = middle.open(page, Relay(self.socket))

        def from_page(value):
            if value == AS_ASKED:
                self.socket.close()
            else:
                send(middle.from_page(connection, json.loads(value)))
                changed()

        def from_relay(event):
            send(middle.from_relay(connection, json.loads(event.data)))
            changed()

        def ended(event):
            self.open = False
            middle.close(connection)
            page.say(event.code)
            changed()

        page.listen(from_page)
        self.socket.onopen = lambda event: page.say(True)
        self.socket.onmessage = from_relay
        self.socket.onclose = ended
