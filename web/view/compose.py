"""The message field: Enter sends, Shift+Enter makes a line, and what is typed stays until it was sent."""

from .dom import listen, listen_submit

_MOST_ROWS = 8
_IME = 229  # keyCode while an input method composes; Safari ends the composition before it reports this Enter


class Compose:
    """The field and button of one room. send(text), async, is called with text that is not blank; drafted(text) with
    what stands in the field, whenever that changes."""

    def __init__(self, panel, send, drafted):
        self._send, self._drafted = send, drafted
        self._draft = panel.querySelector(".draft")
        listen_submit(panel.querySelector(".compose"), self._submitted)
        listen(self._draft, "keydown", self._key_pressed)
        listen(self._draft, "input", self._typed)

    def focus(self):
        """Put the cursor into the field."""
        self._draft.focus()

    async def _key_pressed(self, event):
        if event.key != "Enter" or event.shiftKey or event.isComposing or event.keyCode == _IME:
            return
        event.preventDefault()
        await self._take()

    async def _submitted(self, event):
        self._draft.focus()
        await self._take()

    async def take(self):
        """Send what stands there, as if Enter was pressed."""
        await self._take()

    async def _take(self):
        text = self._draft.value
        if not text.strip():
            return
        self._put("")
        # False: not taken (too long, say). The text goes back, unless something new was typed meanwhile.
        if await self._send(text) is False and not self._draft.value:
            self._put(text)

    def restore(self, text):
        """Put a text into the field that was begun earlier, unless something stands there."""
        if text and not self._draft.value:
            self._draft.value = text
            self._grow()

    def _put(self, text):
        self._draft.value = text
        self._typed(None)

    def _typed(self, event):
        self._grow()
        self._drafted(self._draft.value)

    def _grow(self):
        # For browsers without field-sizing (style.css), which ignore rows where they have it.
        self._draft.rows = min(_MOST_ROWS, 1 + self._draft.value.count("\n"))
