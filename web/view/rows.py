"""One row of a room's log, as an element: a message, a refusal, a message that waits for its key, or a notice.

A row is a dict with the fields that row() in protocol/rows.py gives it.
"""

from . import clock, trust
from .dom import add, by_id

_WHEN = "When this message came: "

_templates = {}


def element_id(prefix, row_id):
    """The id of a row's element in the document; prefix is the room's own."""
    return prefix + row_id


def build(prefix, row):
    """A new <li> for this row, not yet in the document.

    History calls this a thousand times at once, so it crosses to JavaScript as seldom as it can.
    """
    kind = row["kind"]
    li = _template(kind).cloneNode(True)
    li.id = element_id(prefix, row["id"])
    if kind == "message" or kind == "waiting":
        text = _fill_message(li, row, True)
    elif kind == "refusal":
        text = _fill_refusal(li, row)
    else:
        text = li.firstElementChild
        _fill_time(text.nextElementSibling, row["at"])
    text.textContent = row["text"]
    _add_notes(li, row)
    return li


def change(li, prefix, row):
    """Make the element of a message that of the same message as it stands now; its text and tag are what they were."""
    # The element stays, its tag untouched: else the focus, a press under way and a selection of the text would be lost.
    for note in li.querySelectorAll(".warning, .retry"):
        note.remove()
    li.id = element_id(prefix, row["id"])
    _fill_message(li, row, False)
    _add_notes(li, row)


def mark(li, codes, word):
    """Put the marks of its writer on a message: their codes, and the word beside the tag."""
    li.setAttribute("data-marks", codes)
    li.querySelector(".alike").textContent = word


def build_day(day):
    """The line between two days."""
    li = _template("day").cloneNode(True)
    li.firstElementChild.textContent = day
    return li


def _template(kind):
    if kind not in _templates:
        _templates[kind] = by_id("row-" + kind).content.firstElementChild
    return _templates[kind]


def _fill_message(li, row, is_new):
    """Fills who and when, and returns the element for the text."""
    who = li.firstElementChild
    meta = who.nextElementSibling
    name = who.firstElementChild
    name.textContent = row["name"]
    tag = name.nextElementSibling
    if row["tag"]:
        tag.value = row["writer"]
        if is_new:
            tag.textContent = row["tag"]
            tag.className = "tag tag-" + str(row["color"])
            if row["trust"]:  # of the moment when it came: it stays
                trust.fill(who.lastElementChild, row["trust"], _WHEN)
        if row["marks"]:
            mark(li, row["marks"], row["mark"])
    else:
        tag.remove()
    if row["own"]:
        li.setAttribute("data-own", "")
    if row["state"]:
        li.setAttribute("data-state", row["state"])
        meta.firstElementChild.textContent = row["state"]
    _fill_time(meta.lastElementChild, row["at"])
    return meta.nextElementSibling


def _add_notes(li, row):
    """What stands below the text."""
    if row["code"]:
        li.setAttribute("data-code", row["code"])
    for sentence in row["warnings"]:
        add(li, "p", sentence, "warning")
    if row["state"] == "failed":
        add(li, "button", "Try again", "retry quiet").type = "button"


def _fill_refusal(li, row):
    """Names nobody as its author: who wrote it is not known. Returns the element for the sentence."""
    meta = li.firstElementChild.nextElementSibling
    meta.firstElementChild.textContent = row["code"]
    _fill_time(meta.lastElementChild, row["at"])
    return meta.nextElementSibling


def _fill_time(time, at):
    if at:
        clock_time, day = clock.local(at)
        time.textContent = clock_time
        time.dateTime = at
        time.title = day + ", " + clock_time
