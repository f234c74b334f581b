"""Rooms of two: the keys that we leave at the relay, for others to begin with, and whom we begin with. The page.

Specification, level ratchet, sections 2 and 5.
"""

from browser import clock
from protocol.levels.ratchet import NOBODY
from protocol.store_errors import NotKept

PATIENCE, PAUSE = 15, 1.0  # how often keys are looked for that who has just come leaves soon; after what seconds
LOOK_AGAIN = 3_600  # seconds: what was taken is made up for, and what is a week old is replaced
NO_PREKEYS = (
    "“{}” has left no keys on this relay to begin a conversation with. They join at level Ratchet once under this "
    "name, then try again."
)
INSTEAD = (
    "This conversation is with “{}”. Begin it with “{}” in their place? “{}” reads nothing more here from then on, and "
    "both are told."
)
ANEW = (
    "Begin the conversation with “{}” anew, with new keys? Both of you see that it was. Do this if messages do not "
    "open any more, or if one of you has lost the keys of it."
)


class Conversations:
    """directory: a Directory; people: a People, which looks names up and calls begin()."""

    def __init__(self, directory, people):
        self.directory = directory
        self.people = people
        self.looked = {}  # address of a room -> how often was looked for keys of somebody who is here

    # ------------------------------------------------------------------------------------------ our prekeys

    async def keep_up(self, entrance):
        """Sees to it that the relay has prekeys of ours, now and as long as the name is in use. entrance: a
        RatchetEntrance."""
        if entrance.prekeys.looked_after:
            return
        entrance.prekeys.looked_after = True
        await self.look(entrance)

    async def look(self, entrance):
        profile, prekeys = entrance.profile, entrance.prekeys
        if not profile.rooms:
            prekeys.looked_after = False
            return

        async def again():
            await self.look(entrance)

        async def counted(number, left, code, sentence):
            try:
                due = None if code else await prekeys.due(number, left)
            except NotKept as failure:
                return entrance.tell(failure.for_people)
            return due and await self.directory.publish_prekeys(profile, *due, published)

        async def published(code, sentence):
            pass  # what was refused is counted, and so due, the next time

        clock.after(LOOK_AGAIN, again)
        self.directory.count_prekeys(profile.name, counted)

    # ------------------------------------------------------------------------------------------ beginning

    def begin(self, session, identity, name):
        """With whom the directory has under this name, in the place of the other one if there is one."""
        other = session.level.membership.other()

        async def go():
            self.begin_with(session, identity, name)

        if other and other.identity != identity:
            sentence = INSTEAD.format(other.name, name, other.name)
            return self.people.ask(session, sentence, f"Begin with {name}", go)
        return self.begin_with(session, identity, name)

    async def begin_anew(self, session):
        """With the other one, under new keys."""
        other = session.level.membership.other()

        async def go():
            self.people.add_as(session, other.name, session.level.trust.pin_of(other.name))

        if other is None:
            return self.people.say(session, session.level.standing() or NOBODY)
        return self.people.ask(session, ANEW.format(other.name), "Begin anew", go)

    def begin_with(self, session, identity, name):
        async def again():
            self.begin_with(session, identity, name)

        async def taken(prekeys, code, sentence):
            if session.closed:
                return
            if prekeys is None:
                self.missing(session, name, sentence or NO_PREKEYS.format(name), code, again)
                return
            self.looked[session.address] = 0
            await session.level.wish_for(prekeys, name)
            session.show_state()
            await session.duties.pursue()

        self.directory.take_prekeys(name, identity, taken)

    def missing(self, session, name, sentence, code, again):
        """The relay has no keys of this name, or refused to say. Who is here has perhaps just come: again() looks once
        more."""
        looked = self.looked.get(session.address, 0)
        is_here = name in session.members.names.values() and not code
        self.looked[session.address] = looked + 1 if is_here and looked < PATIENCE else 0
        if self.looked[session.address]:
            session.show.state(f"Waiting for the keys of “{name}” ...", "info")
            clock.after(PAUSE, again)
        else:
            session.show_state()
            self.people.say(session, sentence)
