"""A message explained, over the page: its steps, each with formula, values and the lines of Python that ran."""

from view import clock
from view.dom import add

from .dialog import Dialog
from .secrets import Secrets

_FORGOTTEN = "This page no longer keeps what came of it, but only of the newest messages."
_LONG = 400  # characters of a value, from which on it scrolls


class ExplainPanel:
    """Of one message at a time."""

    def __init__(self):
        self._dialog = Dialog("explain", "Explain this message", self._closed)
        self._secrets = Secrets(self._dialog.body)

    def open(self, entry, steps, excerpts):
        """steps: [Step] (lab/explain). excerpts: what was found of each (file, name) that ran (lab/explaining.py)."""
        self._secrets.forget()
        body = self._dialog.body
        body.replaceChildren()
        add(body, "p", _summary(entry, steps), "explain-summary")
        listed = add(body, "ol", "", "steps")
        listed.setAttribute("role", "list")
        for number, step in enumerate(steps, 1):
            self._add_step(listed, number, step, excerpts)
        self._dialog.open()

    def open_forgotten(self):
        """For a message that is no longer kept."""
        self._secrets.forget()
        self._dialog.body.replaceChildren()
        add(self._dialog.body, "p", _FORGOTTEN, "explain-summary")
        self._dialog.open()

    def _closed(self):
        self._secrets.forget()

    def _add_step(self, listed, number, step, excerpts):
        item = add(listed, "li", "", "step")
        item.setAttribute("data-holds", "yes" if step.holds else "no")
        add(item, "h3", f"{number}. {step.title}")
        if step.formulas:
            add(item, "pre", "\n".join(step.formulas), "formula").tabIndex = 0
        if step.given or step.found:
            values = add(item, "dl", "", "values")
            for value in step.given:
                self._add_value(values, value, "given")
            for value in step.found:
                self._add_value(values, value, "found")
        if step.sentence:
            line = add(item, "p", step.sentence + " ", "says")
            for code in step.code.split():
                add(line, "code", code, "code")
        for ran in step.ran:
            _add_excerpt(item, excerpts[ran])

    def _add_value(self, values, value, role):
        group = add(values, "div", "", role)
        add(group, "dt", value.name)
        place = add(group, "dd", "")
        text = value.shown().replace("\x00", "\ufffd")  # a string ends at its first NUL when it crosses to JavaScript
        if value.secret:
            self._secrets.add(place, value.name, text)
        else:
            shown = add(place, "code", text, "value")
            if len(text) > _LONG:
                shown.tabIndex = 0
        if value.size():
            add(place, "span", value.size(), "size")


def _summary(entry, steps):
    time, day = clock.local(entry["at"])
    place = f"Entry {entry['seq']} of this room's log, which the relay says it took at {time}, {day}. "
    if steps[-1].holds:
        return place + "Every step holds, so it is shown."
    return place + f"Step {len(steps)} does not hold, and none after it was taken."


def _add_excerpt(place, excerpt):
    """Lines of a file with its hash, closed at first."""
    details = add(place, "details", "", "ran")
    add(details, "summary", "What ran: " + excerpt.name)
    if excerpt.problem:
        add(details, "p", excerpt.problem, "problem")
        return
    line = add(details, "p", "", "file")
    add(line, "code", excerpt.path, "path")
    line.append(f", from line {excerpt.number}. What this page was served of it has the hash ")
    add(line, "code", excerpt.integrity, "integrity")
    lines = add(details, "pre", "", "lines")
    lines.tabIndex = 0
    for number, text in enumerate(excerpt.lines, excerpt.number):
        add(lines, "span", str(number), "number").setAttribute("aria-hidden", "true")
        add(lines, "code", text + "\n")
