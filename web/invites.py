"""Invites: links that are opened, and links that are made. The page."""

from browser import address as address_bar
from browser import clipboard
from protocol import invite
from protocol.errors import BadInput, Problem
from protocol.ladder import facts_of

SAY_WHO = (
    "Whoever opens this link knows which room it is and which key is yours, and so that the room is the one you mean. "
    "They wait at the door then, and you add them."
)
FOR_TWO = (
    "Whoever opens this link knows which room it is and which key is yours. Send it to one person: they join, and you "
    "begin the conversation with them."
)
SAY_IT = "Whoever opens this link knows which room it is. They need its passphrase, too."
OF_ONE_LINE = "A passphrase in a link can be one line of text only. Tell this one in another way."


class Invites:
    """view: a View; sessions: by their key; joining: a Joining, which opens those that come."""

    def __init__(self, platform, view, sessions, joining):
        self.platform = platform
        self.view = view
        self.sessions = sessions
        self.joining = joining

    async def start(self):
        address_bar.on_change(self.look)
        await self.look()

    async def look(self):
        """The address may hold an invite, which is taken out of it."""
        is_invite, fragment = address_bar.take_fragment()
        if is_invite or fragment:
            await self.joining.invited(fragment)

    def tools(self, level):
        """The button in a room's header, (label, async work(session)), where its level has links."""
        return [("Invite", self.show)] if level.id in invite.WITH_IDENTITY + invite.WITH_PASSPHRASE else []

    async def show(self, session):
        level = session.level
        if level.secret == "device":
            sentence = FOR_TWO if level.of_two else SAY_WHO
            fragment = invite.write(self.platform, level.id, session.room, level.ours.public)
        else:
            sentence, fragment = SAY_IT, invite.write_passphrase(self.platform, level.id, session.room)
        facts = {"key": session.address, "level": facts_of(level), "link": address_bar.link(fragment)}
        facts["sentence"] = sentence
        self.view.show_invite(facts)

    async def link_with(self, key, passphrase):
        """(link with the passphrase as it was typed, what is wrong with that): one of them is ""."""
        session = self.sessions[key]
        try:
            fragment = invite.write_passphrase(self.platform, session.level.id, session.room, passphrase)
        except Problem as problem:
            return "", problem.for_people
        except BadInput:
            return "", OF_ONE_LINE
        return address_bar.link(fragment), ""

    async def copy(self, text):
        """Whether the browser did it."""
        return await clipboard.copy(text)
