"""The list of joined rooms: which one is shown, and how much is unread in the others."""

from pyscript import document
from pyscript.ffi import to_js

from .dom import by_id, clone, listen, show

_TITLE = "Secure Chat"


class RoomList:
    """One button for each joined room; select(key) is called when one is pressed."""

    def __init__(self, select):
        self._select = select
        self._list = by_id("room-list")
        self._items = []  # [key, title, button, unread] in the order joined; a dict would keep no order here

    def add(self, key, title, level_title):
        """Append a room."""
        item = clone("room-item")
        button = item.firstElementChild
        button.querySelector(".room-name").textContent = title
        button.querySelector(".room-level").textContent = level_title
        listen(button, "click", lambda event: self._select(key))
        self._list.append(item)
        self._items.append([key, title, button, 0])
        self._label(self._items[-1])

    def remove(self, key):
        """Remove a room; returns the key of the room to show instead, or None."""
        place = self._place(key)
        self._items.pop(place)[2].parentElement.remove()
        self._show_sum()
        return self._items[min(place, len(self._items) - 1)][0] if self._items else None

    def mark(self, key):
        """Show which room is selected (None: none is) and count it as read."""
        for item in self._items:
            if item[0] == key:
                item[2].setAttribute("aria-current", "true")
                item[2].scrollIntoView(to_js({"block": "nearest", "inline": "nearest"}))
            else:
                item[2].removeAttribute("aria-current")
        if key is not None:
            self.read(key)

    def read(self, key):
        """Nothing is unread in this room any more."""
        self._set_unread(self._items[self._place(key)], 0)

    def count(self, key, messages):
        """So many more messages are unread in this room."""
        item = self._items[self._place(key)]
        self._set_unread(item, item[3] + messages)

    def _place(self, key):
        for place, item in enumerate(self._items):
            if item[0] == key:
                return place
        raise KeyError("no such room in the list")

    def _set_unread(self, item, unread):
        if item[3] != unread:
            item[3] = unread
            self._label(item)
            self._show_sum()

    def _label(self, item):
        badge = item[2].querySelector(".unread")
        badge.textContent = str(item[3])
        show(badge, item[3] > 0)
        level = item[2].querySelector(".room-level").textContent
        unread = ", " + str(item[3]) + " unread" if item[3] else ""
        item[2].setAttribute("aria-label", item[1] + unread + ", " + level)

    def _show_sum(self):
        # The count alone: a title is seen over a shoulder and stays in the browser's history.
        unread = sum(item[3] for item in self._items)
        document.title = "(" + str(unread) + ") " + _TITLE if unread else _TITLE
