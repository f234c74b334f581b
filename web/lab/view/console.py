"""The attack console as a person sees it: attacks, the two pages, steps, what came of it, and the wire."""

from view.dom import add, by_id, clone, listen, listen_submit, show

_LINES = 100  # of the wire that are kept
_ABOVE = 80  # pixels, above the step whose turn it is
_MEANING = {
    "no effect": "Both pages show what was said, by whom, in its order, and nothing else.",
    "succeeds": "A page shows something false, or lacks something, and says nothing.",
}
_SAME = "The table of the specification says the same."
_OTHER = "The table of the specification says something else: "
_ALONE = "if the people do the steps and nothing besides."
_NOT_IN_TABLE = "The table of the specification could not be read."


class ConsoleView:
    """actions: async begin(level), attack(only), step(), all_steps(); chosen(number)."""

    def __init__(self, actions):
        self._actions = actions
        self._level, self._field = by_id("console-level"), by_id("console-field")
        self._frames = {}
        listen_submit(by_id("console-begin"), self._begin)
        listen_submit(by_id("console-attack"), self._attack)
        listen(by_id("console-list"), "change", self._chosen)
        listen(by_id("console-step"), "click", self._step)
        listen(by_id("console-all"), "click", self._all)

    def ready(self, levels, usual, groups):
        """levels: as facts_of() gives them; groups: (title, [attacks])."""
        for level in levels:
            add(self._level, "option", level["title"]).value = level["id"]
        self._level.value = usual
        number = 0
        for title, attacks in groups:
            group = add(by_id("console-list"), "details", "")
            add(group, "summary", title)
            for attack in attacks:
                _add_attack(group, attack, number)
                number += 1

    def seat(self, name):
        """A page for this person in a frame, in place of the one before; gives the frame's window."""
        place = clone("console-victim")
        heading, frame = place.firstElementChild, place.lastElementChild
        heading.textContent = frame.title = name + "'s page"
        before = self._frames.get(name)
        show(by_id("console-no-victims"), False)
        if before is None:
            by_id("console-victims").append(place)
            self._frames[name] = place
        else:
            before.lastElementChild.replaceWith(frame)
        return frame.contentWindow

    def room(self, room, passphrase):
        """What somebody needs to join as well; passphrase: "" where there is none."""
        by_id("console-room-name").textContent = room
        by_id("console-passphrase").textContent = passphrase
        show(by_id("console-secret"), bool(passphrase))
        show(by_id("console-room"), True)
        by_id("console-new").textContent = "New room"

    def say(self, sentence, kind):
        """How far it is, in a sentence; kind: "info", "warning" or "error"."""
        progress = by_id("console-progress")
        progress.textContent = sentence
        progress.setAttribute("data-kind", kind)

    def check(self, number):
        """Choose this attack, and show it in its group."""
        radio = by_id("console-list").querySelector(f'input[value="{number}"]')
        radio.checked = True
        radio.closest("details").open = True

    def fields(self, labels):
        """On which of these the attack can be tried alone; none: there is no choice."""
        chosen = self._field.value
        self._field.replaceChildren()
        add(self._field, "option", "All").value = ""
        for label in labels:
            add(self._field, "option", label).value = label
        self._field.value = chosen if chosen in labels else ""
        show(by_id("console-field-place"), bool(labels))

    def steps(self, steps):
        """(sentence, "done", "now" or "later") of each."""
        place = by_id("console-steps")
        place.replaceChildren()
        for sentence, state in steps:
            step = add(place, "li", sentence)
            step.setAttribute("data-state", state)
            if state == "now":
                step.setAttribute("aria-current", "step")
                place.parentElement.scrollTop = step.offsetTop - _ABOVE
            if state == "done":
                add(step, "span", ", done", "unseen")
        show(by_id("console-no-steps"), not steps)

    def outcome(self, outcome, expected=None, seen=()):
        """What came of it, what the specification says, and (name, [(code, sentence)]) of each page; None clears."""
        place = by_id("console-outcome")
        place.replaceChildren()
        show(by_id("console-no-outcome"), outcome is None)
        if outcome is None:
            return
        _add_coded(add(place, "p", "", "outcome"), outcome)
        if outcome in _MEANING:
            add(place, "p", _MEANING[outcome], "hint")
        if expected is None:
            add(place, "p", _NOT_IN_TABLE, "hint")
        elif expected == outcome:
            add(place, "p", _SAME, "hint")
        else:
            line = add(place, "p", _OTHER, "problem")
            _add_coded(line, expected)
            line.append(", " + _ALONE)
        for name, findings in seen:
            add(place, "p", name + "'s page shows", "whose")
            if not findings:
                add(place, "p", "Nothing of it.", "hint")
            for code, sentence in findings:
                line = add(place, "p", "", "finding")
                add(line, "code", code)
                line.append(" " + sentence)

    def wire(self, fate, way, text, became):
        """A frame, and what became of it; the newest stands first."""
        place = by_id("console-wire")
        line = add(place, "li", "", "line")
        line.setAttribute("data-fate", fate)
        add(line, "span", way, "way")
        line.append(" ")
        add(line, "span", text, "frame")
        if fate != "passed":
            line.append(" ")
            add(line, "span", fate, "fate")
        if became:
            line.append(" to ")
            add(line, "span", became, "frame")
        place.prepend(line)
        if place.childElementCount > _LINES:
            place.lastElementChild.remove()

    # ------------------------------------------------------------------------------------------ what a person does

    async def _begin(self, event):
        await self._actions.begin(self._level.value)

    async def _attack(self, event):
        await self._actions.attack(self._field.value)

    async def _step(self, event):
        await self._actions.step()

    async def _all(self, event):
        await self._actions.all_steps()

    def _chosen(self, event):
        self._actions.chosen(int(event.target.value))


def _add_attack(group, attack, number):
    choice = clone("console-choice")
    radio, about = choice.querySelector("input"), choice.querySelector("p")
    radio.value = str(number)
    about.id = "attack-" + radio.value
    radio.setAttribute("aria-describedby", about.id)
    radio.nextElementSibling.textContent = attack.name
    about.querySelector(".sentence").textContent = attack.sentence
    about.querySelector(".needs").textContent = "By " + attack.needs + "."
    group.append(choice)


def _add_coded(element, text):
    """The text, with what stands between backticks as code."""
    for at, part in enumerate(text.split("`")):
        if at % 2:
            add(element, "code", part)
        else:
            element.append(part)
