"""The key behind a tag, as digits that people can read to each other, and the keys that can be taken for it."""

from . import clock
from .dom import add, by_id, listen, show

_IN_A_LINE = 4  # groups of five digits


class KeyPanel:
    """The page's one dialog. It takes what describes a writer (protocol/writers.py), or None for one forgotten."""

    def __init__(self):
        self._dialog = by_id("key")
        listen(self._find(".close"), "click", lambda event: self._dialog.close())
        listen(self._dialog, "click", self._clicked)

    def open(self, writer):
        """Show this writer's key."""
        show(self._find(".key-body"), writer is not None)
        show(self._find(".key-gone"), writer is None)
        if writer is not None:
            self._fill(writer)
        if not self._dialog.open:  # showModal() of an open one throws, which Python could not catch
            self._dialog.showModal()

    def _fill(self, writer):
        head = self._find(".key-head")
        head.replaceChildren()
        _fill_entry(head, writer)
        marks = self._find(".key-marks")
        marks.replaceChildren()
        for sentence in writer["marks"]:
            add(marks, "li", sentence, "urgent")
        for sentence in writer["quiet"]:
            add(marks, "li", sentence)
        self._find(".key-comparison").textContent = writer["comparison"]
        show(self._find(".key-ours"), writer["own"])
        others = self._find(".key-others")
        others.replaceChildren()
        for other in writer["others"]:
            _fill_entry(add(others, "li", ""), other)
        show(self._find(".key-alike"), bool(writer["others"]))
        self._find(".key-more").textContent = f"And {writer['more']} more." if writer["more"] else ""

    def _find(self, selector):
        return self._dialog.querySelector(selector)

    def _clicked(self, event):
        if event.target.id == "key":  # the ground around the panel; what stands in it is another element
            self._dialog.close()


def _fill_entry(place, writer):
    """Name, tag, whose and since when, and the digits."""
    who = add(place, "p", "", "key-who")
    add(who, "bdi", writer["name"], "name")
    add(who, "span", writer["tag"], "tag tag-" + str(writer["color"]))
    if writer["own"]:
        add(who, "span", "you", "you")
    groups = writer["digits"]
    lines = [" ".join(groups[at : at + _IN_A_LINE]) for at in range(0, len(groups), _IN_A_LINE)]
    add(place, "p", "\n".join(lines), "digits")
    if writer["since"]:
        time, day = clock.local(writer["since"])
        add(place, "p", f"First message here: {time}, {day}", "since")
    else:
        add(place, "p", "No message here yet", "since")
