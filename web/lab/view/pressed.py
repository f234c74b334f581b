"""A message's text as a button for the pointer. By keyboard the row's own button does the same."""

from pyscript import window

from view.dom import by_id, listen


class TextPressed:
    """sessions: those of the chat, by address. work(session, row_id), async, is called for the row that was pressed."""

    def __init__(self, sessions, work):
        self._sessions = sessions
        self._work = work
        listen(by_id("main"), "click", self._clicked)

    async def _clicked(self, event):
        text = event.target.closest(".row .text")
        if not text or not window.getSelection().isCollapsed:  # who selects a text wants to copy it
            return
        for session in list(self._sessions.values()):
            row_id = session.show.row_id(text)
            if row_id:
                await self._work(session, row_id)
