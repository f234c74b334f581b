"""The part that shows what a thief of a device reads: a row for each message, a column for each level."""

from view.dom import add, by_id, clone, listen


class TheftView:
    """actions: async steal(after), whenever the moment of the theft is moved."""

    def __init__(self, actions):
        self._actions = actions
        self._titles = []
        self._range, self._number = by_id("theft-after"), by_id("theft-number")
        listen(self._range, "input", self._moved)

    def levels(self, titles):
        """A column for each."""
        self._titles = titles
        for title in titles:
            head = clone("theft-head")
            head.textContent = title
            by_id("theft-heads").append(head)

    def ready(self):
        """The moment can be moved from now on."""
        self._range.disabled = False

    def after(self):
        """How many messages were said before the theft."""
        return int(self._range.value)

    def state(self, sentence):
        by_id("theft-state").textContent = sentence

    def show(self, after, writers, found):
        """writers: a name for each message; found: for each level the numbers of the messages that the thief reads."""
        rows = by_id("theft-rows")
        rows.replaceChildren()
        for number, writer in enumerate(writers, 1):
            row = clone("theft-row")
            row.firstElementChild.textContent = f"{number} {writer}"
            row.toggleAttribute("data-after", number > after)
            row.toggleAttribute("data-first", number == after + 1)
            for readable in found:
                cell = clone("theft-cell")
                cell.textContent = "reads" if number in readable else "cannot"
                cell.toggleAttribute("data-reads", number in readable)
                row.append(cell)
            rows.append(row)
        outcomes = by_id("theft-outcomes")
        outcomes.replaceChildren()
        for title, readable in zip(self._titles, found):
            add(outcomes, "li", f"{title}: the thief reads {_in_words(readable, len(writers))}.")

    async def _moved(self, event):
        self._number.value = self._range.value
        await self._actions.steal(self.after())


def _in_words(readable, of):
    if len(readable) == of:
        return f"all {of}"
    return f"{len(readable)} of {of}: " + ", ".join([str(number) for number in readable])
