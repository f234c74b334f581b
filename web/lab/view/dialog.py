"""A dialog of the lab: made here, as the page's document is that of the ordinary chat, which carries nothing of it."""

from pyscript import document

from view import dialog
from view.dom import add


class Dialog:
    """A heading, a button that closes it, and `body`, which is emptied when it closes. closed() is called then."""

    def __init__(self, name, title, closed):
        self._closed = closed
        self._element = add(document.body, "dialog", "", "lab-dialog " + name)
        panel = add(self._element, "div", "", "lab-panel")
        header = add(panel, "div", "", "lab-head")
        heading = add(header, "h2", title)
        heading.id = name + "-title"
        self._element.setAttribute("aria-labelledby", heading.id)
        add(header, "button", "Close", "close quiet").type = "button"
        self.body = add(panel, "div", "")
        self._dialog = dialog.Dialog(self._element, self._emptied)

    def open(self):
        self._dialog.open()
        self._element.scrollTop = 0

    def _emptied(self):
        self.body.replaceChildren()
        self._closed()
