"""The form that joins a room: fields, what is wrong with them, and notes with choices."""

from pyscript import document

from .dom import add, add_choices, by_id, is_elsewhere, listen, listen_submit, show

_TYPED = ["name", "room", "passphrase"]
_FIELDS = _TYPED + ["level"]


class JoinForm:
    """The form of index.html, which is there, disabled, before Python is."""

    def __init__(self, actions):
        self._actions = actions
        self._levels = []
        self._section = by_id("join")
        self._field = {field: by_id("join-" + field) for field in _FIELDS}
        self._problem = {field: by_id("join-" + field + "-problem") for field in _TYPED}
        self._general, self._notes, self._join = by_id("join-problem"), by_id("join-notes"), by_id("join-button")
        self._warning = by_id("join-passphrase-warning")
        listen_submit(by_id("join-form"), self._submitted)
        listen(by_id("join-form"), "input", self._typed)
        listen(by_id("join-reveal"), "click", self._reveal_pressed)

    def ready(self, levels, chosen):
        """Fill the chooser, enable the form, and put the cursor into it unless the person is elsewhere already."""
        self._levels = levels
        for level in levels:
            add(self._field["level"], "option", level["title"]).value = level["id"]
        self._field["level"].value = chosen
        self._explain_level()
        by_id("startup").remove()
        by_id("join-fields").disabled = False
        if document.activeElement.isSameNode(document.body) and not is_elsewhere():
            self._field["name"].focus()

    def shown(self, is_shown):
        """Show or hide the form."""
        show(self._section, is_shown)

    def focus(self):
        """Put the cursor where the next room begins: into the room, to be typed over, or the name if that is empty."""
        field = self._field["room" if self._field["name"].value else "name"]
        field.focus()
        field.select()

    def busy(self, is_busy):
        """While a join is under way, a second one cannot be started; what was typed stays."""
        self._join.disabled = is_busy

    def problem(self, field, sentence):
        """Say what is wrong with a field, beside it, and go there; field None: with the whole."""
        if field is None:
            self._general.textContent = sentence
            return
        self._problem[field].textContent = sentence
        self._field[field].setAttribute("aria-invalid", "true")
        self._field[field].focus()

    def note(self, sentence, choices):
        """Add a note with one button for each (label, async callable); without a sentence, clear them."""
        if not sentence:
            self.clear_notes()
            return
        note = add(self._notes, "div", "", "note")
        add(note, "p", sentence)
        add_choices(note, choices)

    def passphrase_warning(self, sentence):
        """What to mind about the passphrase as it is typed; "" clears."""
        if self._warning.textContent != sentence:
            self._warning.textContent = sentence

    def clear_notes(self):
        """Remove all notes."""
        self._notes.replaceChildren()

    def joined(self):
        """A room was joined: its passphrase must not stay on the page, nor its notes."""
        self.passphrase_warning("")
        self._field["passphrase"].value = ""
        self._reveal(False)
        self.clear_notes()
        self._clear_problems()

    def _typed_values(self):
        return [self._field[field].value for field in _FIELDS]

    async def _submitted(self, event):
        self._clear_problems()
        await self._actions.join(*self._typed_values())

    async def _typed(self, event):
        self._clear_problems()
        self._explain_level()
        await self._actions.changed(*self._typed_values()[:3])

    def _clear_problems(self):
        self._general.textContent = ""
        for field in _TYPED:
            self._problem[field].textContent = ""
            self._field[field].removeAttribute("aria-invalid")

    def _explain_level(self):
        for level in self._levels:
            if level["id"] == self._field["level"].value:
                by_id("join-level-meaning").textContent = level["sentence"]

    def _reveal_pressed(self, event):
        self._reveal(self._field["passphrase"].type == "password")

    def _reveal(self, is_shown):
        self._field["passphrase"].type = "text" if is_shown else "password"
        by_id("join-reveal-verb").textContent = "Hide" if is_shown else "Show"
