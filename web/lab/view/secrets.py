"""Secret values, each masked until a button is held down. While it is not, the document does not have them."""

from pyscript import document

from view.dom import add, listen

_MASK = "••••••••"
_HOLDING = (" ", "Enter")


class Secrets:
    """Those in one element. They go with forget(), which is to be called when the element is emptied."""

    def __init__(self, place):
        self._texts = []
        self._held = None  # the button
        listen(place, "pointerdown", self._pressed)
        listen(place, "keydown", self._key_pressed)
        listen(place, "click", self._clicked)
        listen(place, "contextmenu", self._menu_wanted)  # by a finger that holds
        listen(place, "keyup", self._released)
        listen(place, "focusout", self._released)
        # Wherever the pointer is by then. Not at the window: what is called there from MicroPython has lost it.
        listen(document, "pointerup", self._released)
        listen(document, "pointercancel", self._released)

    def add(self, place, name, text):
        """The button and the mask. `text` comes where the mask is."""
        button = add(place, "button", "Hold to show", "hold quiet")
        button.type = "button"
        button.value = str(len(self._texts))
        button.setAttribute("aria-pressed", "false")
        add(button, "span", " " + name, "unseen")
        # Beside the button, which must not move under the finger; read out, since who holds it cannot go there.
        add(place, "code", _MASK, "secret").setAttribute("aria-live", "polite")
        self._texts.append(text)

    def forget(self):
        self._released(None)
        self._texts = []

    def _button(self, event):
        return event.target.closest(".hold") if hasattr(event.target, "closest") else None

    def _pressed(self, event):
        if self._button(event) and event.button == 0:
            self._show(self._button(event))

    def _key_pressed(self, event):
        if self._button(event) and event.key in _HOLDING:
            event.preventDefault()  # no click, and no scrolling
            if not event.repeat:
                self._show(self._button(event))

    def _clicked(self, event):
        """By neither pointer nor key, but by what reads the screen: that cannot hold, so it switches."""
        button = self._button(event)
        if button and event.detail == 0:
            if button.getAttribute("aria-pressed") == "true":
                self._released(event)
            else:
                self._show(button)

    def _menu_wanted(self, event):
        if self._button(event):
            event.preventDefault()

    def _show(self, button):
        self._released(None)
        self._held = button
        self._put("true", self._texts[int(button.value)])

    def _released(self, event):
        if self._held is not None:
            self._put("false", _MASK)
            self._held = None

    def _put(self, pressed, text):
        self._held.setAttribute("aria-pressed", pressed)
        self._held.nextElementSibling.textContent = text
