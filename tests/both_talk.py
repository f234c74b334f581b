"""A whole conversation at level identity, on CPython and, inside the page, on MicroPython: sessions on one relay."""

from protocol import frames
from protocol.identity import OurIdentity
from protocol.levels.changes import Add, MakeAdmin, Remove
from protocol.levels.identity import Identity
from protocol.session import Session
from protocol.trust import Trust

ADDRESS = "identity/den"


class Relay:
    """The log of one room, and who is connected, in frames as they come from the network."""

    def __init__(self):
        self.entries, self.pages = [], []

    def join(self, page, frame):
        self.pages.append(page)
        members = [{"member": number + 1, "name": one.name} for number, one in enumerate(self.pages)]
        newest = len(self.entries)
        answer = {"type": "joined", "room": ADDRESS, "log": "L1", "after": frame["after"], "oldest": min(newest, 1)}
        answer.update({"newest": newest, "you": len(self.pages), "members": members, "kept": True})
        page.put(answer)
        if newest:
            page.put({"type": "entries", "room": ADDRESS, "entries": self.entries})

    def append(self, page, frame):
        newest = max([0] + [entry["seq"] for entry in self.entries if entry["kind"] == frame["kind"]])
        answer = {"room": ADDRESS, "id": frame["id"]}
        if frame.get("if_newest", newest) != newest:
            answer.update({"type": "error", "code": "not-newest", "message": "Not the newest."})
            return page.put(answer)
        entry = {"seq": len(self.entries) + 1, "name": page.name, "at": "2026-11-26T05:12:00.000Z"}
        for field in ("kind", "id", "body"):
            entry[field] = frame[field]
        self.entries.append(entry)
        answer.update({"type": "appended", "seq": entry["seq"]})
        page.put(answer)
        for one in self.pages:
            one.put({"type": "entries", "room": ADDRESS, "entries": [entry]})
        return None


class Show:
    """The view: rows by their ids, and their order."""

    def __init__(self):
        self.by_id, self.order, self.line = {}, [], ""

    def rows(self, batch):
        for row in batch:
            self.by_id[row["id"]] = row
            self.order.append(row["id"])

    def pending(self, row):
        self.rows([row])

    def place(self, row_id, row):
        self.order.remove(row_id)
        self.rows([row])

    def change(self, row_id, row):
        self.order[self.order.index(row_id)] = row["id"]
        self.by_id[row["id"]] = row

    def state(self, sentence, kind):
        self.line = sentence

    def nothing(self, *_):
        pass

    mark = alert = facts = members = people = confirmed = nothing


class Page:
    """A device with its one session, at level identity if none is given. As an entrance: what levels/membership.py asks
    for."""

    def __init__(self, relay, platform, name, ours, state=None, level=None):
        self.relay, self.name, self.ours, self.inviter, self.state = relay, name, ours, None, state
        self.trust, self.show = Trust([], lambda: None), Show()
        self.inbox, self.due = [], []
        self.level = level or Identity(platform, "den", self)
        self.session = Session(platform, self.level, ADDRESS, name, self.show, self.send, self.later, self.in_pump)
        self.session.up()

    async def keep(self, octets):
        self.state = octets

    def put(self, frame):
        self.inbox.append(frames.write(frame))

    def send(self, frame):
        getattr(self.relay, frame["type"])(self, frame)
        return True

    def later(self, seconds, work):
        if seconds < 1:
            self.due.append(work)

    async def in_pump(self, work):
        await work()

    async def step(self):
        """All that waits. Whether there was any."""
        texts, works, self.inbox, self.due = self.inbox, self.due, [], []
        for text in texts:
            await self.session.receive(frames.read(text))
        for work in works:
            waits = work()
            if hasattr(waits, "send"):
                await waits
        return bool(texts or works)

    def rows(self):
        """The text or the code of each message and refusal."""
        rows = [self.show.by_id[one] for one in self.show.order]
        return [row["text"] if row["kind"] == "message" else row["code"] for row in rows if row["kind"] != "notice"]


class Room:
    def __init__(self, platform):
        self.platform, self.relay, self.pages = platform, Relay(), []

    async def arrives(self, name):
        ours = await OurIdentity.from_seed(self.platform, self.platform.random(32))
        page = Page(self.relay, self.platform, name, ours)
        self.pages.append(page)
        await self.settle()
        return page

    async def settle(self):
        busy = True
        while busy:
            busy = False
            for page in self.pages:
                busy = await page.step() or busy

    async def says(self, page, text):
        await page.session.say(text)
        await self.settle()

    async def wishes(self, page, *changes):
        for change in changes:
            page.level.steward.wish(change)
        await page.session.duties.pursue()
        await self.settle()

    async def shares(self, page, other):
        page.level.steward.to_share.append(other.ours.public)
        await page.session.duties.pursue()
        await self.settle()


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


async def check_three_people_talk_while_the_list_changes(platform, given):
    room = Room(platform)
    alice, bob = await room.arrives("Alice"), await room.arrives("Bob")
    carol = await room.arrives("Carol")
    await room.says(alice, "alone")
    await room.wishes(alice, Add(bob.ours.public, "Bob"), Add(carol.ours.public, "Carol"))
    await room.says(bob, "é 東京 👋")
    await room.says(carol, "three")
    same([page.rows() for page in (bob, carol)], [["not-for-you", "é 東京 👋", "three"]] * 2)
    await room.wishes(alice, Remove(bob.ours.public), MakeAdmin(carol.ours.public))
    await room.says(carol, "without Bob")
    same(bob.rows(), ["not-for-you", "é 東京 👋", "three", "not-for-you"])
    assert "not a member" in bob.show.line, bob.show.line
    await room.shares(alice, carol)
    same(carol.rows(), ["alone", "é 東京 👋", "three", "without Bob"])
    same(carol.rows(), alice.rows())
    same([page.level.membership.is_admin() for page in room.pages], [True, False, True])
    same({page.level.membership.roster.list_hash for page in room.pages}, {alice.level.membership.roster.list_hash})


async def check_texts_under_way_over_a_change_stand_once(platform, given):
    room = Room(platform)
    alice, bob = await room.arrives("Alice"), await room.arrives("Bob")
    await room.wishes(alice, Add(bob.ours.public, "Bob"))
    carol = await room.arrives("Carol")
    alice.level.steward.wish(Add(carol.ours.public, "Carol"))
    await alice.session.duties.pursue()  # in the log before what Bob, who has not read it, writes now
    await bob.session.say("one")
    await bob.session.say("two")
    await room.settle()
    same(bob.rows(), ["one", "two"])
    same(alice.rows(), ["old-epoch", "old-epoch", "one", "two"])
    same(carol.rows(), alice.rows())


async def check_a_page_that_is_loaded_anew_reads_what_it_could_read_before(platform, given):
    room = Room(platform)
    alice, bob = await room.arrives("Alice"), await room.arrives("Bob")
    await room.wishes(alice, Add(bob.ours.public, "Bob"))
    await room.says(alice, "hello")
    room.relay.pages, room.pages = [alice], [alice]
    again = Page(room.relay, platform, "Bob", bob.ours, bob.state)
    assert again.level.membership.known, "nothing was kept"
    room.pages.append(again)
    await room.settle()
    await room.says(again, "again")
    same(again.rows(), ["hello", "again"])
    same(alice.rows(), again.rows())


CHECKS = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
