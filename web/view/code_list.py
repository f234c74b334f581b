"""What code the page runs: a list that is made when it is opened, to be compared by eye, by voice or as text."""

from pyscript import window

from .dom import add, by_id, listen, show

_LOOKING = "Looking at every file again ..."
_SELECTED = "Selected: now copy it."


class CodeList:
    """The details below the form. actions: async inventory(), which gives served, a list of (name, integrity);
    problems, a list of (name, sentence); fingerprint; and text, all lines."""

    def __init__(self, actions):
        self._actions = actions
        self._details, self._state, self._problems = by_id("code"), by_id("code-state"), by_id("code-problems")
        listen(self._details, "toggle", self._toggled)
        listen(by_id("code-select"), "click", self._select)
        if self._details.open:  # before Python came
            self._details.dispatchEvent(window.Event.new("toggle"))

    async def _toggled(self, event):
        if not self._details.open:
            return
        self._state.textContent = _LOOKING
        by_id("code-selected").textContent = ""
        found = await self._actions.inventory()
        self._show_problems(found.problems)
        self._show_list(found, [name for name, _ in found.problems])
        by_id("code-fingerprint").textContent = found.fingerprint
        show(by_id("code-found"), bool(found.served))
        self._state.textContent = "" if found.problems else _count(found.served) + ", each as the server's list has it."

    def _show_problems(self, problems):
        self._problems.replaceChildren()
        for name, sentence in problems:
            item = add(self._problems, "p", "")
            if name:
                add(item, "code", name)
            item.append(sentence)

    def _show_list(self, found, marked):
        place = by_id("code-list")
        place.replaceChildren()
        for name, integrity in found.served:
            line = add(place, "span", "", "file marked" if name in marked else "file")
            add(line, "span", name, "path")
            line.append(" ")
            add(line, "span", integrity, "integrity")
            line.append("\n")
        # The last line of the text, so that what is selected by hand is what --manifest prints.
        place.append(found.text.split("\n")[-2] + "\n")

    def _select(self, event):
        # To be copied by hand: then what is copied is what is seen.
        by_id("code-list").focus()
        window.getSelection().selectAllChildren(by_id("code-list"))
        by_id("code-selected").textContent = _SELECTED


def _count(served):
    return str(len(served)) + " files"
