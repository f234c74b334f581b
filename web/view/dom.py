"""Small helpers over the document, for the rest of view/. Text only ever enters it as text, never as HTML."""

from pyscript import document, window
from pyscript.ffi import create_proxy, to_js


def by_id(element_id):
    """The element of index.html with this id."""
    return document.getElementById(element_id)


def clone(template_id):
    """A fresh copy of the one element inside a <template> of index.html."""
    return by_id(template_id).content.firstElementChild.cloneNode(True)


def listen(element, event_name, handler):
    """Call handler(event), a function or an async function, on every such event."""
    element.addEventListener(event_name, create_proxy(handler))


def listen_submit(form, handler):
    """Call the async handler(event) in place of what the browser does with a submitted form."""
    # An async function starts only in a microtask: too late to prevent anything where a script pressed the button.
    listen(form, "submit", lambda event: event.preventDefault())
    listen(form, "submit", handler)


def show(element, shown):
    """Show the element, or hide it from the eye and from screen readers alike."""
    element.hidden = not shown


def move_before(place, element):
    """Move an element of the document to stand before another. What has the focus inside it keeps that."""
    focused = document.activeElement
    had_focus = element.contains(focused)
    place.before(element)
    if had_focus:
        focused.focus(to_js({"preventScroll": True}))


def add(parent, tag_name, text, class_name=""):
    """Append a new element that holds this text, and return it."""
    element = document.createElement(tag_name)
    element.textContent = text
    if class_name:
        element.className = class_name
    parent.append(element)
    return element


def only_stop(place, element, selector):
    """This element, and no other one there, is a stop of the Tab key: a thousand stops would be a wall."""
    for other in place.querySelectorAll(selector + '[tabindex="0"]'):
        other.tabIndex = -1
    element.tabIndex = 0


def add_choices(parent, choices):
    """Append one button for each (label, async callable without parameters)."""
    for label, chosen in choices or []:
        button = add(parent, "button", label, "quiet")
        button.type = "button"
        listen(button, "click", _without_event(chosen))


def add_tag(parent, writer, tag, color):
    """Append a button with a tag that leads to the digits of this writer's key."""
    button = add(parent, "button", tag, "tag tag-" + str(color))
    button.type = "button"
    button.value = writer
    button.title = "Your tag. Press to compare the whole key."
    button.setAttribute("aria-haspopup", "dialog")


def _without_event(chosen):
    async def on_click(event):
        await chosen()

    return on_click


def in_lines(groups):
    """Groups of five digits as lines of four, which fit into 320 pixels."""
    return "\n".join([" ".join(groups[at : at + 4]) for at in range(0, len(groups), 4)])


def touch_only():
    """True where focusing a field would raise an on-screen keyboard unasked."""
    return window.matchMedia("(hover: none)").matches


def is_elsewhere():
    """True in a frame (the lab's) while the person is in the page around it: the focus is not taken from there."""
    return window.parent != window.self and not document.hasFocus()
