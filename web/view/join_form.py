"""The form that joins a room: fields, what is wrong with them, notes with choices, and who has invited."""

from pyscript import document

from .dom import add, add_choices, by_id, is_elsewhere, listen, listen_submit, show

_TYPED = ["name", "room", "passphrase"]
_FIELDS = _TYPED + ["level"]


class JoinForm:
    """The form of index.html, which is there, disabled, before Python is."""

    def __init__(self, actions):
        self._actions = actions
        self._levels = []
        self._invited_to = None  # (level, room) of the invitation that is shown
        self._section = by_id("join")
        self._secret = by_id("join-secret")
        self._field = {field: by_id("join-" + field) for field in _FIELDS}
        self._problem = {field: by_id("join-" + field + "-problem") for field in _TYPED}
        self._general, self._notes, self._join = by_id("join-problem"), by_id("join-notes"), by_id("join-button")
        self._warning = by_id("join-passphrase-warning")
        self._invitation, self._no_invitation = by_id("join-invitation"), by_id("join-no-invitation")
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

    async def invited(self, level, room, sentence, passphrase):
        """Fill in what an invitation says, as if it were typed; sentence: who invites, until another room is typed."""
        self.clear_notes()
        for field, value in (("level", level), ("room", room), ("passphrase", passphrase)):
            self._field[field].value = value
        self._invite((level, room), sentence, "")
        await self._typed(None)
        if not is_elsewhere():
            self._field["name"].focus()

    def no_invitation(self, sentence):
        """What is wrong with the link by which the page was opened."""
        self._invite(None, "", sentence)

    def _invite(self, place, sentence, problem):
        self._invited_to = place
        self._invitation.textContent = sentence
        self._no_invitation.textContent = problem

    def joined(self):
        """A room was joined: its passphrase must not stay on the page, nor its notes."""
        self.passphrase_warning("")
        self._invite(None, "", "")
        self._field["passphrase"].value = ""
        self._reveal(False)
        self.clear_notes()
        self._clear_problems()

    def _typed_values(self):
        """Of _FIELDS in their order. A passphrase that the level does not take stays in its field."""
        values = [self._field[field].value for field in _FIELDS]
        if self._secret.hidden:
            values[2] = ""
        return values

    async def _submitted(self, event):
        self._clear_problems()
        await self._actions.join(*self._typed_values())

    async def _typed(self, event):
        self._clear_problems()
        self._explain_level()
        name, room, passphrase, level = self._typed_values()
        if self._invited_to and self._invited_to != (level, room):
            self._invite(None, "", "")
        await self._actions.changed(name, room, passphrase)

    def _clear_problems(self):
        self._general.textContent = ""
        for field in _TYPED:
            self._problem[field].textContent = ""
            self._field[field].removeAttribute("aria-invalid")

    def _explain_level(self):
        for level in self._levels:
            if level["id"] == self._field["level"].value:
                by_id("join-level-meaning").textContent = level["sentence"]
                show(self._secret, level["secret"] == "passphrase")

    def _reveal_pressed(self, event):
        self._reveal(self._field["passphrase"].type == "password")

    def _reveal(self, is_shown):
        self._field["passphrase"].type = "text" if is_shown else "password"
        by_id("join-reveal-verb").textContent = "Hide" if is_shown else "Show"
