"""What stands over the page until it is closed: by its button, by Escape, or by a press on the ground around it."""

from .dom import listen


class Dialog:
    """A <dialog> with a button .close. closed(), if given, is called whenever it has been closed."""

    def __init__(self, element, closed=None):
        self._element = element
        self._on_ground = False  # whether the pointer was pressed and let go around the panel
        listen(element.querySelector(".close"), "click", lambda event: element.close())
        listen(element, "pointerdown", self._pressed)
        listen(element, "pointerup", self._let_go)
        listen(element, "click", self._clicked)
        if closed:
            listen(element, "close", lambda event: closed())

    def is_open(self):
        return self._element.open

    def open(self):
        """Show it. One that is open already stays as it is."""
        if not self._element.open:  # showModal() of an open one throws, which Python could not catch
            self._element.showModal()
            self._element.scrollTop = 0

    def find(self, selector):
        """The first element in it that matches."""
        return self._element.querySelector(selector)

    def _pressed(self, event):
        self._on_ground = event.target.isSameNode(self._element)  # what stands in the panel is another element

    def _let_go(self, event):
        self._on_ground = self._on_ground and event.target.isSameNode(self._element)

    def _clicked(self, event):
        # Who presses in the panel, slips off it and lets go clicks the ground too, and does not want to close it.
        if self._on_ground:
            self._on_ground = False
            self._element.close()
