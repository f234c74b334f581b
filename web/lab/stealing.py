"""The part of the lab's page that steals a device: what opens for the thief, at every level of the chat's ladder."""

from protocol.ladder import facts_of

from .theft import BY_BOB, TEXTS, Theft
from .view.theft import TheftView


class StealingPart:
    """`ladder`: that of the chat, whose own levels are robbed."""

    def __init__(self, platform, ladder):
        self.platform = platform
        self.ladder = ladder
        self.thefts = []
        self.begun = self.busy = False
        self.wanted = None
        self.view = TheftView(self)

    async def shown(self, rest):
        """Turned to; the first time, everything is said."""
        if self.begun:
            return
        self.begun = True
        self.view.levels([facts_of(level)["title"] for level in self.ladder.levels])
        for level in self.ladder.levels:
            self.view.state(f"Alice and Bob talk at {level.title} ...")
            self.thefts.append(Theft(self.platform, level))
            await self.thefts[-1].hold()
        self.view.ready()
        await self.steal(self.view.after())

    async def steal(self, after):
        """The device is stolen after so many messages. While one theft is tried out, the newest wish waits."""
        self.wanted = after
        if self.busy:
            return
        self.busy = True
        try:
            while self.wanted is not None:
                await self.try_it()
        finally:
            self.busy = False

    async def try_it(self):
        """Shown unless another moment is wanted meanwhile."""
        after, self.wanted = self.wanted, None
        self.view.state("The thief tries ...")
        found = []
        for theft in self.thefts:
            found.append(await theft.readable(after))
        if self.wanted is None:
            self.view.show(after, ["Bob" if n in BY_BOB else "Alice" for n in range(1, TEXTS + 1)], found)
            self.view.state(f"Stolen after {after} of {TEXTS} messages, and tried at {len(found)} levels.")
