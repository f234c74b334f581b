"""One pane: an entry as the relay has it, the fields of its body coloured and named, and what they tell the relay."""

from pyscript.ffi import create_proxy, to_js

from .dom import add, clone, show

_COLORS = 12  # of fields, in style.css
_NEAREST = to_js({"block": "nearest"})


def build(row, pane, tools):
    """Put a Pane of protocol/wire.py beside a row. tools: its buttons, (label, work); the value of one is its place."""
    element = clone("wire-pane")
    note = element.querySelector(".wire-note")
    note.textContent = pane.note
    show(note, bool(pane.note))
    show(element.querySelector(".wire-entry"), bool(pane.members))
    if pane.members:
        _fill_members(element, pane)
        _fill_body(element, pane)
        element.querySelector(".characters").textContent = pane.stored
        show(element.querySelector(".stored"), bool(pane.stored))
        for event_name in ("mouseover", "mouseleave", "focusin", "click"):
            element.addEventListener(event_name, _pointed_out)
    for what, words in pane.leaks:
        _describe(element.querySelector(".leaks"), what, words)
    for place, (label, _) in enumerate(tools):
        button = add(element.querySelector(".wire-tools"), "button", label, "quiet stop")
        button.type = "button"
        button.value = str(place)
    for stop in element.querySelectorAll(".stop"):
        stop.tabIndex = -1
    # An element of its own that is not live: the log would have it read aloud, as what is new in it.
    add(row, "p", "You see", "side you-see").setAttribute("aria-live", "off")
    row.prepend(row.lastElementChild)
    row.append(element)
    row.classList.add("inspected")


def _fill_members(element, pane):
    place = element.querySelector(".entry")
    for part in pane.members:
        item = _describe(place, part.name, "")
        _add_value(item.lastElementChild, part)
        if part.size:
            add(item, "dd", _bytes(part.size), "size")
    _describe(place, "body", f"{pane.characters:,} characters")


def _fill_body(element, pane):
    dump, legend = element.querySelector(".octets"), element.querySelector(".legend")
    fields = [part for part in pane.body if part.name]
    if pane.body[0].is_hex or len(pane.body) > 1:
        # To be skipped, where it would be read out digit by digit.
        dump.setAttribute("role", "img")
        dump.setAttribute("aria-label", _bytes(sum([part.size for part in fields])) + " in hexadecimal")
    for part in pane.body:
        span = _add_value(dump, part)
        dump.append(" ")
        if part.name:
            color = "field-" + str(legend.childElementCount % _COLORS)
            span.classList.add(color)
            span.setAttribute("data-name", part.name)
            _add_to_legend(legend, part, color)


def _add_to_legend(legend, part, color):
    item = add(legend, "div", "", color)
    name = add(add(item, "dt", ""), "button", part.name, "field-name")
    name.type = "button"
    if item.isSameNode(legend.firstElementChild):
        name.className += " stop"  # the arrows lead from there to the others
    name.tabIndex = -1
    add(item, "dd", _bytes(part.size), "size")
    add(item, "dd", part.meaning, "what")


def _point_out(event):
    """A name in the legend is pointed at, or has the focus: mark its bytes; if it is pressed, go there."""
    pane, item = event.currentTarget, event.target.closest(".legend > div")
    for span in pane.querySelectorAll(".marked"):
        span.classList.remove("marked")
    if item:
        span = pane.querySelector(f'.octets [data-name="{item.querySelector(".field-name").textContent}"]')
        span.classList.add("marked")
        if event.type == "click":
            span.scrollIntoView(_NEAREST)


_pointed_out = create_proxy(_point_out)  # one for all panes: a proxy is never freed


def _describe(place, name, words):
    item = add(place, "div", "")
    add(item, "dt", name)
    add(item, "dd", words)
    return item


def _bytes(size):
    return "1 byte" if size == 1 else f"{size:,} bytes"


def _add_value(place, part):
    return add(place, "span", part.shown, "hex" if part.is_hex else "plain")
