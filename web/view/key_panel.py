"""The key behind a tag, as digits that people can read to each other, and the keys that can be taken for it."""

from . import clock
from .dialog import Dialog
from .dom import add, by_id, in_lines, show


class KeyPanel:
    """The dialog about a key. It takes what describes a writer (protocol/writers.py), or None for one forgotten."""

    def __init__(self):
        self._dialog = Dialog(by_id("key"))
        self._find = self._dialog.find

    def open(self, writer):
        """Show this writer's key."""
        show(self._find(".key-body"), writer is not None)
        show(self._find(".key-gone"), writer is None)
        if writer is not None:
            self._fill(writer)
        self._dialog.open()

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


def _fill_entry(place, writer):
    """Name, tag, whose and since when, and the digits."""
    who = add(place, "p", "", "key-who")
    add(who, "bdi", writer["name"], "name")
    add(who, "span", writer["tag"], "tag tag-" + str(writer["color"]))
    if writer["own"]:
        add(who, "span", "you", "you")
    add(place, "p", in_lines(writer["digits"]), "digits")
    if writer["since"]:
        time, day = clock.local(writer["since"])
        add(place, "p", f"First message here: {time}, {day}", "since")
    else:
        add(place, "p", "No message here yet", "since")
