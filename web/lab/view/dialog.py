"""A dialog of the lab: made here, as the page's document is that of the ordinary chat, which carries nothing of it."""

from pyscript import document

from view.dom import add, listen


class Dialog:
    """A heading, a button that closes it, and `body`, which is emptied when it closes. closed() is called then."""

    def __init__(self, name, title, closed):
        self._closed = closed
        self._dialog = add(document.body, "dialog", "", "lab-dialog " + name)
        panel = add(self._dialog, "div", "", "lab-panel")
        header = add(panel, "div", "", "lab-head")
        heading = add(header, "h2", title)
        heading.id = name + "-title"
        self._dialog.setAttribute("aria-labelledby", heading.id)
        close = add(header, "button", "Close", "close quiet")
        close.type = "button"
        self.body = add(panel, "div", "")
        listen(close, "click", lambda event: self._dialog.close())
        self._on_ground = False  # where the pointer was pressed: around the panel
        listen(self._dialog, "pointerdown", self._pressed)
        listen(self._dialog, "click", self._clicked)
        listen(self._dialog, "close", self._emptied)

    def open(self):
        if not self._dialog.open:  # showModal() of an open one throws, which Python could not catch
            self._dialog.showModal()
        self._dialog.scrollTop = 0

    def _pressed(self, event):
        self._on_ground = event.target.isSameNode(self._dialog)  # what stands in the panel is another element

    def _clicked(self, event):
        # Who holds a button down, slips off the panel and lets go clicks the ground too, and does not want to close it.
        if self._on_ground and event.target.isSameNode(self._dialog):
            self._dialog.close()

    def _emptied(self, event):
        self.body.replaceChildren()
        self._closed()
