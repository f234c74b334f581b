"""The lab's page: its parts, of which one is shown, named by the address (#lesson, #console, #ladder, #theft).

What stands behind a slash in the address is the part's own: #lesson/3.
"""

from js import encodeURIComponent
from pyscript import document, window

from view.dom import by_id, listen, show

_PARTS = ["lesson", "console", "ladder", "theft"]


def turn_to(part, rest=""):
    """Shows a part, as a link with this address does."""
    window.location.assign("#" + part + ("/" + encodeURIComponent(rest) if rest else ""))


class LabPage:
    """shown(part, rest), async, is called whenever the address changes, with the part's name and what stands behind it:
    as in the address, with spaces as %20, or ""."""

    def __init__(self, shown):
        self._shown = shown
        self._part = None
        # Not `window`, which is a module to MicroPython: once an element was listened to, the module's addEventListener
        # is called on no object at all ("Illegal invocation"), and the page does not start.
        listen(document.defaultView, "hashchange", self._turned)

    async def ready(self):
        """Python runs."""
        by_id("startup").remove()
        await self._turned(None)

    async def _turned(self, event):
        wanted, _, rest = window.location.hash[1:].partition("/")
        if wanted not in _PARTS:
            if self._part:  # an address of something else on the page, as of the link that skips to it
                return
            wanted = _PARTS[0]
        if wanted != self._part:
            self._part = wanted
            self._show(wanted)
            if event:
                _focus(by_id(wanted + "-title"))
        await self._shown(wanted, rest)

    def _show(self, part):
        for one in _PARTS:
            show(by_id(one), one == part)
        for link in document.querySelectorAll(".parts a"):
            if link.hash == "#" + part:
                link.setAttribute("aria-current", "page")
            else:
                link.removeAttribute("aria-current")


def _focus(heading):
    """So that a screen reader reads on from here, and the Tab key goes on from here."""
    heading.tabIndex = -1
    heading.focus()
