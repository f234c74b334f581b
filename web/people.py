"""What members of a room can do about each other: add, remove, share, compare. The page."""

from browser import qr
from protocol.digits import COMPARED, same_digits
from protocol.encoding import clean_name
from protocol.errors import Problem
from protocol.identity import fingerprint, room_number, safety_number
from protocol.levels import Tag
from protocol.levels.changes import Add, MakeAdmin, Remove, Replace
from protocol.trust import Pin

CHANGED = (
    "This key is another than the one that was known before. Most often that is a new device, or a browser that was "
    "cleared; it can also be somebody in the middle. Compare the number before you send what must stay between you."
)
YOURSELF = "That is your own name. Give the name of the other one."
LEAVE = "Leave this room for good? You are then in its list of members no more, and only an admin can add you again."
REMOVE = "Remove “{}” from this room? From then on they read nothing new. What they have read, they keep."
UNKNOWN = "The directory of this relay knows no “{}”. They join at level {} once under this name, then try again."
NO_NEW_KEY = "The directory of this relay has the same key of “{}” that is in the list."
NEW_KEY = (
    "“{}” has a new key, as on a new device, and their old key has signed that. Put it into the list in place of the "
    "old one? Everybody is told, and nobody has verified it yet."
)
VERIFIED_BEFORE = (
    "You had verified the key of {} in person, and it is another one now. Your message waits in its field until you "
    "say so."
)
OTHER_KEY = "{} If you have compared it, or can ask them in another way, you can add the new key."


class People:
    """Actions of a view on rooms of a level with a list of members. sessions: by their key."""

    def __init__(self, platform, sessions, directory, view):
        self.platform = platform
        self.sessions = sessions
        self.directory = directory
        self.view = view
        self.conversations = None  # Conversations, for rooms of two

    # ------------------------------------------------------------------------------------------ the list

    async def wish(self, session, change):
        """Wants a change of the list, or says why it cannot be."""
        try:
            session.level.steward.wish(change)
        except Problem as problem:
            return self.say(session, problem.for_people)
        return await session.duties.pursue()

    def say(self, session, sentence):
        async def close():
            session.show.ask("", [])

        session.show.ask(sentence, [("Close", close)])

    def ask(self, session, sentence, label, work):
        """A question with two answers."""

        async def go():
            session.show.ask("", [])
            await work()

        async def stay():
            session.show.ask("", [])

        session.show.ask(sentence, [("Not now", stay), (label, go)])

    async def add(self, key, typed):
        """Looks the name up, and adds whoever has it. What is wrong with the name, or ""."""
        session = self.sessions[key]
        try:
            name = clean_name(self.platform, typed, "name")
        except Problem as problem:
            return problem.for_people
        if session.level.of_two and name == session.name:
            return YOURSELF
        self.add_as(session, name, session.level.trust.pin_of(name))
        return ""

    def add_as(self, session, name, pin):
        async def again():
            self.add_as(session, name, pin)

        async def anew():
            self.add_as(session, name, None)

        async def found(bundle, code, sentence):
            if session.closed:
                return None
            if code == "other-identity":
                return self.ask(session, OTHER_KEY.format(sentence), "Add the new key", anew)
            if code or bundle is None:
                sentence = sentence or UNKNOWN.format(name, session.level.title)
                if session.level.of_two:
                    return self.conversations.missing(session, name, sentence, code, again)
                return self.say(session, sentence)
            session.level.trust.shown(name, bundle)
            if session.level.of_two:
                return self.conversations.begin(session, bundle.identity, name)
            return await self.wish(session, Add(bundle.identity, name))

        self.directory.look_up(name, pin, found)

    async def remove(self, key, id):
        session, member = self.member(key, id)

        async def go():
            await self.wish(session, Remove(member.identity))

        if member:
            ours = member.identity == session.level.ours.public
            self.ask(session, LEAVE if ours else REMOVE.format(member.name), "Leave" if ours else "Remove", go)

    async def resign(self, key):
        """Leaves the room for good."""
        await self.remove(key, self.platform.base64url(self.sessions[key].level.ours.public))

    async def make_admin(self, key, id):
        session, member = self.member(key, id)
        if member:
            await self.wish(session, MakeAdmin(member.identity))

    async def share(self, key, id):
        """Hands over the keys of what was said before."""
        session, member = self.member(key, id)
        if member:
            session.level.steward.to_share.append(member.identity)
            await session.duties.pursue()

    async def renew(self, key, id):
        """Looks whether a member has a new key that the old one has signed, and offers to put it into the list."""
        session, member = self.member(key, id)
        if member is None:
            return

        async def found(bundle, code, sentence):
            async def replace():
                await self.wish(session, Replace(member.identity, bundle.identity))

            if code or bundle is None:
                return self.say(session, sentence or UNKNOWN.format(member.name, session.level.title))
            if bundle.identity == member.identity:
                return self.say(session, NO_NEW_KEY.format(member.name))
            return self.ask(session, NEW_KEY.format(member.name), "Put it into the list", replace)

        self.directory.look_up(member.name, Pin(member.name, member.identity, 0), found)

    def member(self, key, id):
        """(session, Member): None if who has this id is no longer in the list."""
        session = self.sessions[key]
        return session, session.level.membership.member(self.platform.from_base64url(id))

    # ------------------------------------------------------------------------------------------ trust

    async def compare(self, key, id):
        """Opens the panel with the number of whoever has this id, or with that of the room for ""."""
        facts = await (self.facts_of_key(key, id) if id else self.facts_of_room(key))
        facts["digits"] = await qr.modules("".join(facts["number"]))
        self.view.show_comparison(facts)

    async def facts_of_key(self, key, id):
        level, identity = self.sessions[key].level, self.platform.from_base64url(id)
        ours, tag, pin = level.ours.public, Tag(identity), level.trust.of(identity)
        member = level.membership.member(identity)
        changed = pin is not None and pin.former is not None
        if changed:
            level.trust.acknowledge(pin)
        name = member.name if member else pin.name if pin else ""
        you = identity == ours
        number = fingerprint(self.platform, ours) if you else safety_number(self.platform, ours, identity)
        return {
            "key": key,
            "id": id,
            "name": name,
            "tag": tag.text,
            "color": tag.color,
            "trust": level.trust.state(identity),
            "you": you,
            "changed": CHANGED if changed else "",
            "number": await number,
        }

    async def facts_of_room(self, key):
        level = self.sessions[key].level
        members = level.membership.members()
        number = await room_number(self.platform, level.room, b"".join([one.octets for one in members]))
        facts = {"key": key, "id": "", "name": level.room_name, "tag": "", "color": 0, "trust": "", "you": False}
        facts["changed"], facts["number"] = "", number
        return facts

    def same_number(self, facts, pasted):
        answer = same_digits(pasted, facts["number"])
        return {"same": answer == "same", "sentence": COMPARED[answer]}

    async def verified(self, key, id, is_verified):
        session = self.sessions[key]
        trust, identity = session.level.trust, self.platform.from_base64url(id)
        (trust.verify if is_verified else trust.unverify)(identity)
        session.members.tell()
        if self.view.shows_comparison(key, id):
            await self.compare(key, id)

    async def must_ask(self, key):
        """Whether a member's key, once verified in person, is another now: asks before anything is sent to it, once."""
        session = self.sessions[key]
        changed = session.level.changed_keys() if session.level.secret == "device" else []
        if not changed:
            return False
        names = ", ".join([f"“{pin.name}”" for pin in changed])

        async def send():
            for pin in changed:
                session.level.trust.acknowledge(pin)
            session.show.ask("", [])
            await session.show.send_draft()

        async def compare():
            session.show.ask("", [])
            await self.compare(key, self.platform.base64url(changed[0].identity))

        session.show.ask(VERIFIED_BEFORE.format(names), [("Compare first", compare), ("Send all the same", send)])
        return True
