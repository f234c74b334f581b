"""The chat: what a person can do, and what the relay's frames lead to. Owns view, link and the one inbound pump."""

import sys

import inventory
from browser import clock
from browser.link import Link
from conversations import Conversations
from device.entrance import entrance, kept_of
from device.ratchet import ratchet_entrance
from device.settings import Settings
from directory import Directory
from invites import Invites
from joining import Joining
from people import People
from protocol import frames, rows
from protocol.errors import BadFrame, Problem
from protocol.ladder import facts_of
from protocol.pump import Pump
from protocol.session import Session
from view.page import View

ONLINE = "Connected to the relay."
LOST = "No connection to the relay."
CLOSED = {  # close codes of the specification, section 1, that a person can do something about or should know
    1012: "The relay is being restarted.",
    1013: "The relay has as many connections as it may have.",
    4001: "Too many pages are connected from your address: close one.",
    4003: "This page sent too much at once.",
    4004: "This page was too slow to read.",
}
CONNECTING = "Connecting to the relay ..."


class Chat:
    """`open_socket()` gives what carries frames to the relay, as link.py has it; device: a Device, which keeps keys.

    row_tools, room_tools: buttons beside what the relay sees of a message, (label, async work(session, row_id)), and in
    the header of each room, (label, async work(session)).
    """

    def __init__(self, platform, ladder, open_socket, device, row_tools=(), room_tools=()):
        self.platform = platform
        self.ladder = ladder
        self.device = device
        self.row_tools = row_tools
        self.room_tools = room_tools
        self.sessions = {}
        self.keepers = {}  # of the rooms that this device keeps messages of; else None
        self.online = False
        self.deaf = False  # after a frame that could not be read, until the next connection
        self.pump = Pump(self.handle, self.failed, self.arrange)
        self.view = View(self)
        self.joining = Joining(platform, ladder, self.view, self.transmit, self.sessions, self.enter)
        self.join, self.changed = self.joining.join, self.joining.changed
        self.directory = Directory(platform, self.transmit, device.scope)
        self.people = People(platform, self.sessions, self.directory, self.view)
        self.conversations = self.people.conversations = Conversations(self.directory, self.people)
        self.settings = Settings(platform, self.view, device, self.directory)
        self.invites = Invites(platform, self.view, self.sessions, self.joining)
        self.inventory = inventory.take
        self.link = Link(open_socket, self.pump.put, self.came_up, self.went_down, frames.write({"type": "ping"}))

    async def start(self):
        self.view.connection("connecting", CONNECTING)
        self.link.start()
        self.device.tell, self.device.leave = self.say_not_stored, self.leave_rooms_of_device
        await self.device.start()
        await self.joining.start()
        self.view.ready([facts_of(level) for level in self.ladder.levels], self.ladder.usual)
        if self.device.lasts:
            self.view.offer_device()
        await self.invites.start()

    # ------------------------------------------------------------------------------------------ the relay

    async def came_up(self):
        # Through the pump: what came before is shown first, so that every room joins again from what it has.
        await self.pump.put(self.up)

    async def went_down(self, wait, code):
        async def down():
            self.down(wait, code)

        await self.pump.put(down)

    async def up(self):
        self.online = True
        self.deaf = False
        self.view.connection("online", ONLINE)
        for session in self.sessions.values():
            session.up()
        self.joining.up()
        self.directory.up()

    def down(self, wait, code):
        was_online, self.online = self.online, False
        self.directory.down()
        for session in self.sessions.values():
            session.down()
        state = "offline" if was_online or wait > 1 else "connecting"
        self.view.connection(state, CLOSED.get(code, LOST) + " Nothing is lost: trying again by itself.")

    def transmit(self, frame):
        return self.link.send(frames.write(frame))

    def arrange(self, items):
        """Frames from texts, joined where one batch serves several. Work between two frames stays as it is."""
        arranged = []
        for item in items:
            if self.deaf and type(item) is str:
                continue
            try:
                arranged.append(frames.read(item) if type(item) is str else item)
            except BadFrame as error:
                self.failed(item, error)
        return frames.merged(arranged)

    async def handle(self, frame):
        """A frame, or work that has to be done between two of them."""
        if type(frame) is not dict:
            return await frame()
        session = self.sessions.get(frame.get("room"))
        if session:
            await session.receive(frame)
        elif not await self.directory.answered(frame):
            await self.joining.answered(frame)
        return None

    def failed(self, item, error):
        """One item of the pump failed. The texts of errors hold no message, name or passphrase."""
        sys.print_exception(error)
        if isinstance(error, BadFrame):
            # What it held would be missed. The next connection goes on after what was shown last.
            self.deaf = True
            self.later(0, self.link.give_up)

    def later(self, seconds, work):
        clock.after(seconds, work)

    # ------------------------------------------------------------------------------------------ in a room

    async def enter(self, wish):
        """Opens the room of a wish. Raises Problem."""
        level, address, said = self.ladder.of(wish.level), wish.address(), []

        def tell(sentence):
            session = self.sessions.get(address)
            session.show.alert(sentence, []) if session else said.append(sentence)

        secret = await self.secret(level, wish, tell)
        started = await level.start(self.platform, wish.room, wish.name, secret)
        self.keepers[address], kept, draft = await kept_of(self.platform, self.device, wish, tell)
        session = self.sessions[address] = self.session(wish, level, started, kept)
        session.show.restore(draft)
        if level.secret == "device":
            self.publish(level, secret, tell)
        for sentence in said:
            tell(sentence)
        if self.online:
            session.up()

    async def secret(self, level, wish, tell):
        """What the level begins a session with. Raises Problem."""
        if level.secret != "device":
            return wish.passphrase
        return await (ratchet_entrance if level.of_two else entrance)(self.device, wish, tell)

    def publish(self, level, entrance, tell):
        """Our key, and where a conversation is begun with somebody who is away, what it is begun with."""

        async def published():
            await self.conversations.keep_up(entrance)

        self.directory.publish(entrance.profile, tell, published if level.of_two else None)

    def session(self, wish, level, started, kept):
        """The Session of a level that was started, with its room in the view."""
        address = wish.address()

        async def leave():
            await self.leave(address)

        show = self.view.open_room(address, wish.room, facts_of(level), [])
        show.us(rows.OURS, started.tag.text, started.tag.color)
        session = Session(
            self.platform, started, address, wish.name, show, self.transmit, self.later, self.pump.put,
            [("Leave and join again", leave)], kept,
        )  # fmt: skip
        show.tools(bound(self.tools(level), session))
        return session

    def tools(self, level):
        """The buttons in a room's header: (label, async work(session))."""
        anew = [("Begin anew", self.conversations.begin_anew)] if level.of_two else []
        return self.invites.tools(level) + anew + list(self.room_tools)

    def drafted(self, key, text):
        """What stands in the message field of a room."""
        if self.keepers.get(key):
            self.keepers[key].drafted(text)

    async def send(self, key, text):
        """False if the text is not taken; it then stays in the message field."""
        session = self.sessions[key]
        self.device.active()
        if await self.people.must_ask(key):
            return False
        try:
            await session.say(text)
        except Problem as problem:
            session.complain(problem.for_people)
            return False
        session.complain("")
        return True

    async def retry(self, key, row_id):
        await self.sessions[key].retry(row_id)

    async def show_key(self, key, writer):
        session = self.sessions[key]
        if session.level.secret == "device":
            public = session.writers.key_of(writer)
            return public and await self.people.compare(key, self.platform.base64url(public))
        return self.view.show_key(await session.writers.described(writer))

    def wire(self, key, row_id, padding):
        """(Pane of protocol/wire.py, tools) of a row: what the relay sees of it, or (None, [])."""
        session = self.sessions[key]
        pane = session.wire.pane(self.platform, session.level, key, row_id, padding)
        return pane, bound(self.row_tools, session, row_id) if pane else []

    async def leave(self, key):
        """Leaves at once, or asks when messages would be lost."""
        session = self.sessions[key]
        unsent = session.writing.outbox.unsent()

        async def go():
            if self.sessions.get(key) is session:
                self.go(key)

        async def stay():
            session.show.ask("", [])

        if unsent:
            sentence = f"Not relayed yet, and lost if you leave now: {unsent} of your messages."
            return session.show.ask(sentence, [("Stay", stay), ("Leave all the same", go)])
        return self.go(key)

    def go(self, key):
        self.sessions.pop(key).leave()
        self.view.close_room(key)

    # ------------------------------------------------------------------------------------------ this device

    def of_device(self):
        """The keys of rooms with keys of this device."""
        return [key for key, session in self.sessions.items() if session.level.secret == "device"]

    async def leave_rooms_of_device(self):
        """The device is about to be locked."""
        for key in self.of_device():
            self.go(key)

    def say_not_stored(self, sentence):
        for session in self.sessions.values():
            session.show.alert(sentence, [])


def bound(tools, *arguments):
    """(label, async callable without parameters) of each (label, work)."""
    return [(label, bind(work, arguments)) for label, work in tools]


def bind(work, arguments):
    async def chosen():
        await work(*arguments)

    return chosen
