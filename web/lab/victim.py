"""The console's side of a page in a frame: its connections, on which the console plays the relay, and its orders."""

import json

from .carrying import Wire
from .channel import CONTROL
from .told import Told


class Victim(Told):
    """`seat(name)` puts the page into its frame, anew, and gives the frame's window. changed(): something happened."""

    def __init__(self, name, middle, seat, changed):
        super().__init__(name)
        self.middle = middle
        self.seat = seat
        self.changed = changed
        self.window = None
        self.control = None
        self.wires = []
        self.seed = b""  # of the device, where the level has such

    def load(self):
        """The page, anew; what it was told and said before is gone with it."""
        self.control = None
        self.gone()
        self.window = self.seat(self.name)

    def cut(self):
        """Ends the page's connections. It connects anew by itself."""
        for wire in self.wires:
            wire.socket.close()

    def is_cut(self):
        return not any(wire.open for wire in self.wires)

    def taken(self, purpose, end):
        """The page in the frame hands over an end of a channel."""
        end.name = self.name
        if purpose == CONTROL:
            self.cut()  # the page that was there before is gone
            self.gone()
            self.control = end
            end.listen(lambda text: self.told(text) if self.control is end else None)
        else:
            self.wires = [wire for wire in self.wires if wire.open] + [Wire(end, self.middle, self.changed)]

    def order(self, *order):
        if self.control:
            self.control.say(json.dumps(list(order)))

    def told(self, text):
        self.take(json.loads(text))
        self.changed()
