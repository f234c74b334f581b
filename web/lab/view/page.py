"""The lab's page: its parts, of which one is shown, named by the address (#lesson, #console, #ladder)."""

from pyscript import document, window

from view.dom import by_id, listen, show

_PARTS = ["lesson", "console", "ladder"]


class LabPage:
    """shown(part), async, is called with the part's name whenever another one is shown."""

    def __init__(self, shown):
        self._shown = shown
        listen(window, "hashchange", self._turned)

    async def ready(self):
        """Python runs."""
        by_id("startup").remove()
        await self._turned(None)

    async def _turned(self, event):
        wanted = window.location.hash[1:]
        part = wanted if wanted in _PARTS else _PARTS[0]
        for one in _PARTS:
            show(by_id(one), one == part)
        for link in document.querySelectorAll(".parts a"):
            if link.hash == "#" + part:
                link.setAttribute("aria-current", "page")
            else:
                link.removeAttribute("aria-current")
        await self._shown(part)
