"""The link that invites to a room, to be copied; on request with the room's passphrase in it."""

from .dialog import Dialog
from .dom import by_id, listen, show

_COPIED = "Copied."
_NOT_COPIED = "The browser did not let this page copy. The link is selected: copy it by hand."


class InvitePanel:
    """The dialog about an invite. actions: async copy(text), whether the browser did it; async link_with(key,
    passphrase), the link of a room with a passphrase, as it was typed, or "", and what is wrong with that, or "".
    """

    def __init__(self, actions):
        self._actions = actions
        self._dialog = Dialog(by_id("invite"), self._forget)
        self._link, self._state = by_id("invite-link"), by_id("invite-state")
        self._with, self._passphrase = by_id("invite-with"), by_id("invite-passphrase")
        self._facts = None
        listen(by_id("invite-copy"), "click", self._copy_pressed)
        listen(self._link, "focus", lambda event: self._link.select())
        listen(self._with, "change", self._choice_changed)
        listen(self._passphrase, "input", self._typed)

    def open(self, facts):
        """facts: dict of the room's key, level as View.ready() has it, link, and sentence, what it does for whom."""
        self._facts = facts
        by_id("invite-sentence").textContent = facts["sentence"]
        show(by_id("invite-choice"), facts["level"]["secret"] == "passphrase")
        self._reset()
        self._dialog.open()

    def _reset(self):
        self._with.checked = False
        self._passphrase.value = ""
        show(by_id("invite-carried"), False)
        self._say(self._facts["link"], "")

    def _forget(self):
        """It was closed: what was typed must not stay on the page."""
        self._facts["link"] = ""
        self._reset()

    def _say(self, link, problem):
        """This is the link now, or "", and what is wrong with the passphrase."""
        self._link.value = link
        by_id("invite-copy").disabled = not link
        by_id("invite-problem").textContent = problem
        self._state.textContent = ""

    async def _choice_changed(self, event):
        show(by_id("invite-carried"), self._with.checked)
        if self._with.checked:
            self._passphrase.focus()
        await self._typed(event)

    async def _typed(self, event):
        typed = self._passphrase.value
        if not self._with.checked:
            self._say(self._facts["link"], "")
        elif not typed:
            self._say("", "")
        else:
            found = await self._actions.link_with(self._facts["key"], typed)
            if self._with.checked and self._passphrase.value == typed:  # else a newer answer is on its way
                self._say(*found)

    async def _copy_pressed(self, event):
        copied = await self._actions.copy(self._link.value)
        self._state.textContent = _COPIED if copied else _NOT_COPIED
        if not copied:
            self._link.focus()
