"""What a page in a frame has told of itself and of the room that counts: what stands there, what was said. Pure.

Reports are those of remote.py: [address of the room or "", call of the view, ...].
"""

from protocol.levels.membership import AT_THE_DOOR, WITHHELD

from .outcome import Talk
from .seen import Seen

STANDING = (AT_THE_DOOR, WITHHELD)  # why somebody who is in a room cannot write there


class Told:
    def __init__(self, name):
        self.name = name
        self.ready = False  # the page can be told something
        self.enter("", Talk())

    def enter(self, address, talk):
        """From now on this room counts; talk: what people say and do there."""
        self.address = address
        self.talk = talk
        self.kept = ""  # what the page has kept of the room, in hexadecimal
        self.seen = Seen()
        self.entered = 0  # how often the page opened the room
        self.asked = ""  # what stands in the form as a question
        self.asked_once = ""  # what has stood there

    def gone(self):
        """Another page stands in the frame, which has told nothing yet."""
        self.ready = False
        self.seen = Seen()

    def take(self, report):
        place, call, given = report[0], report[1], report[2:]
        if call == "ready":
            self.ready = True
        elif call == "kept" and given[0] == self.address:
            self.kept = given[1]
        elif call == "join_note":
            self.asked = self.asked_once = given[0]
            self.talk.notes.add(self.name)
        elif call == "close_room" and given == [self.address]:
            self.seen = Seen()
        elif place == self.address and call == "open_room":
            self.opened()
        elif place == self.address:
            self.seen.take(call, given)
            if call == "pending":
                self.talk.said.append((self.name, given[0]["text"]))

    def opened(self):
        self.seen = Seen()
        self.asked = ""
        self.entered += 1
        if self.entered > 1:
            self.talk.comes_anew(self.name)

    def is_in(self):
        """Whether the page is in the room and has read the log, though it may not write there."""
        state = self.seen.sentence("state")
        return state in STANDING if state else self.name in self.seen.members
