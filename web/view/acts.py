"""Controls whose work can fail: what went wrong is said beside them, and what was typed stays until it is done."""

from .dom import clone, listen, listen_submit, show


class Act:
    """One control, an element with .problem in it. work(*values), async, gives "" or what went wrong; done() is called
    if it worked."""

    def __init__(self, place, work, done):
        self.place, self._work, self._done, self._busy = place, work, done, False

    async def run(self, *values):
        """Whether it worked. A second press while it is under way does nothing."""
        if self._busy:
            return False
        self._busy = True
        self.say("")
        self.place.setAttribute("aria-busy", "true")
        try:
            problem = await self._work(*values)
        finally:
            self._busy = False
            self.place.removeAttribute("aria-busy")
        self.say(problem)
        if not problem:
            self._done()
        return not problem

    def say(self, problem):
        """What went wrong; "" clears."""
        self.place.querySelector(".problem").textContent = problem


class PassphraseForm:
    """Fields for passphrases at the end of a form of index.html, which are handed to work in this order."""

    def __init__(self, form, labels, verb, work, done):
        self._fields = [_field(form, label, number) for number, label in enumerate(labels)]
        end = clone("form-end")
        form.append(end)
        end.querySelector("[type=submit]").textContent = verb
        self._verb = end.querySelector(".verb")
        self._act = Act(form, work, done)
        listen(end.querySelector(".reveal"), "click", self._reveal_pressed)
        listen_submit(form, self._submitted)

    def clear(self):
        """Nothing of what was typed stays, and nothing that was said of it."""
        for field in self._fields:
            field.value = ""
        self._reveal(False)
        self._act.say("")

    async def _submitted(self, event):
        if await self._act.run(*[field.value for field in self._fields]):
            self.clear()

    def _reveal_pressed(self, event):
        self._reveal(self._fields[0].type == "password")

    def _reveal(self, is_shown):
        for field in self._fields:
            field.type = "text" if is_shown else "password"
        self._verb.textContent = "Hide" if is_shown else "Show"


class TwoClicks:
    """A button at the end of `parent` that says what goes, and a second one that does it. words: of the first button,
    what goes, of the second button."""

    def __init__(self, parent, words, work, done):
        first, goes, second = words
        place = clone("two-clicks")
        parent.append(place)
        self._first, self._sure = place.querySelector(".first"), place.querySelector(".sure")
        self._goes, self._act = place.querySelector(".goes"), Act(place, work, done)
        self._first.textContent, self._goes.textContent = first, goes
        place.querySelector(".second").textContent = second
        listen(self._first, "click", self._asked)
        listen(place.querySelector(".second"), "click", self._decided)
        listen(place.querySelector(".leave-it"), "click", self._left)

    def clear(self):
        """As before the first click."""
        self._act.say("")
        self._ask(False)

    def _ask(self, is_asked):
        show(self._sure, is_asked)
        show(self._first, not is_asked)

    def _asked(self, event):
        self._act.say("")
        self._ask(True)
        self._goes.focus()

    def _left(self, event):
        self.clear()
        self._first.focus()

    async def _decided(self, event):
        if await self._act.run():
            self._ask(False)


def _field(form, label, number):
    """A field for a passphrase, with its label."""
    place = clone("passphrase-field")
    form.append(place)
    field, name = place.querySelector("input"), place.querySelector("label")
    field.id = form.getAttribute("data-act") + "-" + str(number)
    name.setAttribute("for", field.id)
    name.textContent = label
    return field
