"""A chat in a frame of the lab's console: does what it is told there, and tells what stands on it. Section 10.

Only the page around this one can tell it anything, and only a page of this server (channel.py). People use the chat as
ever meanwhile: what they do is told, too.
"""

import json

from protocol.levels.changes import MakeAdmin, Remove

from .channel import CONTROL, hand_over

# Calls of the view that are told, and how many of the arguments: buttons and what they do stay here.
OF_PAGE = {"ready": 0, "join_note": 1, "close_room": 1}
OF_ROOM = {
    "rows": 1,
    "pending": 1,
    "place": 2,
    "change": 2,
    "mark": 3,
    "members": 1,
    "people": 1,
    "state": 1,
    "alert": 1,
    "ask": 1,
}


class Watched:
    """A room's view as its session has it; told(call, make) gives what is called in place of what is told."""

    def __init__(self, room, told):
        self.room = room
        self.told = told

    def __getattr__(self, call):
        make = getattr(self.room, call)
        return self.told(call, make) if call in OF_ROOM else make


class Remote:
    """Orders and reports are JSON arrays: [order, ...] and [address of the room or "", call, ...]."""

    def __init__(self, chat):
        self.chat = chat
        self.choices = []  # of the note in the form: (label, async callable)
        self.orders = {"join": chat.join, "say": self.say, "leave": self.leave, "stay": self.stay, "be": self.be}
        self.orders.update({"add": self.add, "remove": self.remove, "promote": self.promote})
        self.end = hand_over(CONTROL)
        self.end.listen(self.heard)
        chat.device.kept = lambda address, octets: self.tell("", "kept", [address, octets.hex()])
        for call in OF_PAGE:
            setattr(chat.view, call, self.told("", call, getattr(chat.view, call), OF_PAGE[call]))
        self.open_room = chat.view.open_room
        chat.view.open_room = self.opened

    def told(self, place, call, make, count):
        """The same call of the view, of which the console is told afterwards, with so many of the arguments."""

        def made(*given):
            if call == "join_note":
                self.choices = given[1]
            make(*given)
            self.tell(place, call, given[:count])

        return made

    def opened(self, address, title, level, facts):
        """In place of the view's open_room()."""
        room = self.open_room(address, title, level, facts)
        self.tell(address, "open_room", ())
        return Watched(room, lambda call, make: self.told(address, call, make, OF_ROOM[call]))

    def tell(self, place, call, given):
        self.end.say(json.dumps([place, call] + list(given)))

    async def heard(self, text):
        order = json.loads(text)
        await self.orders[order[0]](*order[1:])

    async def say(self, address, text):
        if address in self.chat.sessions:
            await self.chat.send(address, text)

    async def be(self, name, seed, address, kept):
        """The device that has this seed, and what it had kept of a room: its page was loaded anew."""
        await self.chat.device.be(name, bytes.fromhex(seed))
        if kept:
            self.chat.device.profiles[name].rooms[address] = bytes.fromhex(kept)

    async def add(self, address, name):
        await self.chat.people.add(address, name)

    async def remove(self, address, name):
        session, member = self.named(address, name)
        await self.chat.people.wish(session, Remove(member.identity))

    async def promote(self, address, name):
        session, member = self.named(address, name)
        await self.chat.people.wish(session, MakeAdmin(member.identity))

    def named(self, address, name):
        """(session, Member)"""
        session = self.chat.sessions[address]
        [member] = [one for one in session.level.membership.members() if one.name == name]
        return session, member

    async def leave(self):
        """Whatever is on its way: the console begins anew."""
        for address in list(self.chat.sessions):
            self.chat.go(address)

    async def stay(self):
        """Of what the form asks, the first choice: to join where it was asked for."""
        if self.choices:
            await self.choices[0][1]()
