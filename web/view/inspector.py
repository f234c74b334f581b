"""What the relay sees, beside each message of one room: a pane is built when its row comes near what is seen."""

from pyscript import window
from pyscript.ffi import create_proxy, to_js

from .dom import listen, only_stop, show
from .wire_pane import build

_MARGIN = "300px 0px"  # around what is seen of the log: rows in it have their panes
_AT_ONCE = 4  # panes built before the page is drawn again: they push other rows away, which then need none


class Inspector:
    """look(row_id, padding) gives (Pane of protocol/wire.py, [(label, async callable)]) of a row, or (None, [])."""

    def __init__(self, panel, rows, prefix, look):
        self._log, self._rows, self._prefix, self._look = panel.querySelector(".log"), rows, prefix, look
        self._on = panel.querySelector(".inspect")
        self._without = panel.querySelector(".without-padding")
        self._has_padding = False
        margin = to_js({"root": self._log, "rootMargin": _MARGIN})
        self._near = window.IntersectionObserver.new(create_proxy(self._came_near), margin)
        self._arrivals = window.MutationObserver.new(create_proxy(self._arrived))
        listen(self._on, "click", self._toggled)
        listen(self._without, "click", self._toggled)
        listen(self._log, "click", self._clicked)
        listen(self._log, "focusin", self._focused)
        listen(self._log, "keydown", self._key_pressed)

    def level(self, level):
        """What the room's level has to be looked at: level as View.ready() has it."""
        self._has_padding = level["padded"]

    def stop(self):
        """The log is gone."""
        self._near.disconnect()
        self._arrivals.disconnect()

    def _toggled(self, event):
        button = event.currentTarget
        button.setAttribute("aria-pressed", "false" if _is_pressed(button) else "true")
        show(self._without, _is_pressed(self._on) and self._has_padding)
        self._begin_anew()

    def _begin_anew(self):
        self.stop()
        for row in self._rows.querySelectorAll(".inspected"):
            _clear(row)
        if _is_pressed(self._on):
            self._arrivals.observe(self._rows, to_js({"childList": True}))
            for row in self._rows.children:
                self._near.observe(row)

    def changed(self, row):
        """A row stands for another entry now, as one of our own does when it takes its place in the log."""
        if _is_pressed(self._on):
            _clear(row)
            self._near.unobserve(row)
            self._near.observe(row)

    def _arrived(self, records, observer):
        for record in records:
            for row in record.addedNodes:
                self._near.observe(row)

    def _came_near(self, entries, observer):
        """From the newest on, as the reader is mostly at the end."""
        built = 0
        for row in reversed([entry.target for entry in entries if entry.isIntersecting]):
            self._near.unobserve(row)
            if built < _AT_ONCE:
                built += self._pane_of(row) is not None
            else:
                self._near.observe(row)  # asks once more, when those above stand where they belong

    def _pane_of(self, row):
        """The pane beside this row, which is built now if it is not there; None if there is nothing to show."""
        if not row.matches(".inspected"):
            pane, tools = self._looked(row)
            if pane is None:
                return None
            build(row, pane, tools)
        return row.lastElementChild

    async def _clicked(self, event):
        button = event.target.closest(".wire-tools button")
        if button:
            _, tools = self._looked(button.closest(".row"))
            await tools[int(button.value)][1]()

    def _looked(self, row):
        return self._look(row.id[len(self._prefix) :], not _is_pressed(self._without))

    def _focused(self, event):
        """The Tab key leads to one pane, and to what is in it: that of the row with the focus, or else the newest."""
        if not _is_pressed(self._on):
            return
        row = event.target.closest(".row")
        if event.target.className == "log":
            shown = self._rows.querySelectorAll(".inspected")
            row = shown[shown.length - 1] if shown.length else None
        pane = row and self._pane_of(row)
        if pane and pane.tabIndex < 0:
            only_stop(self._log, pane, ".wire")
            for stop in self._log.querySelectorAll('.stop[tabindex="0"]'):
                stop.tabIndex = -1
            for stop in pane.querySelectorAll(".stop"):
                stop.tabIndex = 0
            tag = row.querySelector(".tag")
            if tag:
                only_stop(self._log, tag, ".tag")

    def _key_pressed(self, event):
        """The arrows lead from pane to pane, and within one from field to field."""
        here = event.target
        if event.key in ("ArrowUp", "ArrowDown") and here.matches(".wire, .field-name"):
            event.preventDefault()
            further = _above if event.key == "ArrowUp" else _below
            there = self._next_pane(here, further) if here.matches(".wire") else _next_name(here, further)
            if there:
                there.focus()

    def _next_pane(self, pane, further):
        row = further(pane.parentElement)
        while row and not self._pane_of(row):
            row = further(row)
        return row and row.lastElementChild


def _clear(row):
    if row.matches(".inspected"):
        row.classList.remove("inspected")
        row.querySelector(".wire").remove()
        row.querySelector(".you-see").remove()


def _is_pressed(button):
    return button.getAttribute("aria-pressed") == "true"


def _above(element):
    return element.previousElementSibling


def _below(element):
    return element.nextElementSibling


def _next_name(name, further):
    item = further(name.closest("div"))
    return item and item.querySelector(".field-name")
