"""Wiring: builds the platform, the link, the view and the sessions, and owns the one inbound pump."""

import gc
import sys

from browser import clock, webcrypto
from browser.link import Link
from browser.platform import BrowserPlatform
from protocol import frames
from protocol.encoding import clean_name, has_outer_space, passphrase_bytes
from protocol.errors import BadFrame, Problem
from protocol.ladder import LEVELS, facts_of, level_of, rank_of
from protocol.pump import Pump
from protocol.session import Session
from view.page import View

# Bytes of allocation until memory is collected, which happens at the end of a call from JavaScript. By default it is
# 16 KiB, and every message pays for one or two collections of 0.5 ms.
gc.threshold(1_000_000)

ONLINE = "Connected to the relay."
CONNECTING = "Connecting to the relay ..."


class Wish:
    """A Join that is under way: checked, and not begun yet."""

    def __init__(self, name, room, passphrase, level):
        self.name = name
        self.room = room
        self.passphrase = passphrase  # bytes; gone with the wish
        self.level = level

    def address(self, level=None):
        return frames.room_address(level or self.level, self.room)


class Chat:
    """What a person can do, and what the relay's frames lead to."""

    def __init__(self):
        self.platform = BrowserPlatform()
        self.sessions = {}
        self.wish = None
        self.online = False
        self.fingerprints = {}  # HMAC of a passphrase -> rank of the highest level it was used at
        self.fingerprint_key = None
        self.pump = Pump(self.handle, self.failed, self.arrange)
        self.view = View(self)
        self.link = Link(self.pump.put, self.up, self.down, frames.write({"type": "ping"}))

    async def start(self):
        self.view.connection("connecting", CONNECTING)
        self.link.start()
        self.fingerprint_key = await webcrypto.fingerprint_key()
        self.view.ready([facts_of(level) for level in LEVELS], "passphrase")

    # ------------------------------------------------------------------------------------------ the relay

    def up(self):
        self.online = True
        self.view.connection("online", ONLINE)
        for session in self.sessions.values():
            session.up()
        if self.wish:
            self.look()

    def down(self, wait):
        was_online, self.online = self.online, False
        for session in self.sessions.values():
            session.down()
        sentence = "No connection to the relay. Nothing is lost: trying again by itself."
        self.view.connection("offline" if was_online or wait > 1 else "connecting", sentence)

    def transmit(self, frame):
        return self.link.send(frames.write(frame))

    def arrange(self, items):
        """Frames from texts, joined where one batch serves several. Work between two frames stays as it is."""
        arranged = []
        for item in items:
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
        elif frame["type"] == "looked" and self.wish:
            await self.looked(frame["rooms"])
        elif frame["type"] == "error" and "room" not in frame:
            self.wish = None
            self.view.joining(False)
            self.view.connection("online", frame["message"])
        return None

    def failed(self, item, error):
        """One item of the pump failed. The texts of errors hold no message, name or passphrase."""
        if isinstance(error, BadFrame):
            self.view.connection("online", "The relay sent something that this page does not understand; ignored.")
        sys.print_exception(error)

    def later(self, seconds, work):
        clock.after(seconds, work)

    # ------------------------------------------------------------------------------------------ joining

    async def changed(self, name, room, passphrase):
        """A field of the form changed."""
        spaced = has_outer_space(passphrase)
        sentence = "The passphrase begins or ends with a space. It counts: all in the room must type it the same way."
        self.view.join_note(sentence if spaced else "", [])

    async def join(self, name, room, passphrase, level):
        self.view.clear_join_notes()
        try:
            wish = Wish(
                clean_name(self.platform, name, "name"),
                clean_name(self.platform, room, "room"),
                passphrase_bytes(self.platform, passphrase),
                level,
            )
        except Problem as problem:
            return self.view.join_problem(problem.field, problem.for_people)
        if wish.address() in self.sessions:
            return self.view.join_problem("room", "You are in this room already. Leave it first to join it anew.")
        self.wish = wish
        used_at = self.fingerprints.get(await self.fingerprint(wish), 0)
        if used_at > rank_of(level):
            return self.warn_of_reuse(LEVELS[used_at].title)
        return self.look()

    def warn_of_reuse(self, title):
        self.view.join_note(
            f"This page has used this passphrase at level {title}. At {level_of(self.wish.level).title} the relay can "
            "try out passphrases at a fraction of the price, and would then know it there too.",
            [("Join all the same", self.look_anew)],
        )

    async def fingerprint(self, wish):
        return await webcrypto.fingerprint(self.fingerprint_key, wish.passphrase)

    async def look_anew(self):
        self.view.clear_join_notes()
        self.look()

    def look(self):
        """Asks whether the name is in use at another level too; looked() goes on, after a reconnect if need be."""
        self.view.joining(True)
        others = [self.wish.address(level.id) for level in LEVELS if level.id != self.wish.level]
        self.transmit({"type": "look", "rooms": others})

    async def looked(self, rooms):
        self.view.joining(False)
        busy = [room["room"] for room in rooms if room["newest"] or room["members"]]
        found = [level for level in LEVELS if self.wish.address(level.id) in busy]
        found = [level for level in found if self.wish.address(level.id) not in self.sessions]
        if found:
            return self.offer(found[-1])
        return await self.begin()

    def offer(self, other):
        """The name is in use at `other` too: upward at once, downward after a warning."""
        stay = (f"Join at {level_of(self.wish.level).title}", self.begin)
        upward = rank_of(other.id) > rank_of(self.wish.level)

        async def go():
            self.wish.level = other.id
            await self.begin()

        async def warn():
            sentence = f"{other.title} protects less. {other.sentence}"
            self.view.join_note(sentence, [stay, (f"Go to {other.title} all the same", go)])

        sentence = f"This room's name is also in use at level {other.title}. The two are separate rooms."
        self.view.join_note(sentence, [stay, (f"Go to {other.title}", go if upward else warn)])

    async def begin(self):
        """The wish becomes a session."""
        wish, self.wish = self.wish, None
        if wish is None:
            return
        self.view.clear_join_notes()
        level = level_of(wish.level)
        mark = await self.fingerprint(wish)
        self.fingerprints[mark] = max(self.fingerprints.get(mark, 0), rank_of(wish.level))
        started = await level.start(self.platform, wish.room, wish.name, wish.passphrase)
        address = wish.address()

        async def leave():
            await self.leave(address)

        show = self.view.open_room(address, wish.room, facts_of(level), [])
        session = self.sessions[address] = Session(
            self.platform, started, address, wish.name, show, self.transmit, self.later, self.pump.put,
            [("Leave and join again", leave)],
        )  # fmt: skip
        if self.online:
            session.up()

    # ------------------------------------------------------------------------------------------ in a room

    async def send(self, key, text):
        """False if the text is not taken; it then stays in the message field."""
        session = self.sessions[key]
        try:
            await session.writing.say(text)
        except Problem as problem:
            session.show.state(problem.for_people, "error")
            return False
        return True

    async def retry(self, key, row_id):
        await self.sessions[key].writing.retry(row_id)

    async def leave(self, key):
        session = self.sessions[key]
        unsent = session.writing.outbox.unsent()
        if unsent and not session.leaving:
            session.leaving = True
            sentence = f"{unsent} of your messages not relayed yet would be lost."

            async def leave():
                await self.leave(key)

            async def stay():
                session.leaving = False
                session.show.alert("", [])

            return session.show.alert(sentence, [("Stay", stay), ("Leave all the same", leave)])
        session.leave()
        del self.sessions[key]
        return self.view.close_room(key)


await Chat().start()
