"""Who is present in a room, by name, as the relay says it: the list of levels that have no list of members."""

from pyscript import document

from .dom import add, add_tag


class PresentList:
    """The list in an <aside> of index.html."""

    def __init__(self, place):
        self._list, self._count = place.querySelector(".member-list"), place.querySelector(".member-count")
        self._us = None
        self._people = {}  # what is shown of a member, as _facts() gives it -> its element

    def us(self, writer, tag, color):
        """Our own number as a writer, and our tag, from which our digits can be reached."""
        self._us = (writer, tag, color)

    def show(self, members):
        """Dicts of name, count (of connections), you, and alike (to another name), in their order."""
        # What stays as it is is left alone: a button that is made anew loses the focus, and the press under way.
        wanted = [_facts(member) for member in members]
        for facts in set(self._people).difference(wanted):
            self._people.pop(facts).remove()
        before = None
        for facts in wanted:
            item = self._people.get(facts)
            if item is None:
                item = self._people[facts] = self._member(*facts)
                if before is None:
                    self._list.prepend(item)
                else:
                    before.after(item)
            before = item
        self._count.textContent = str(len(members))

    def _member(self, name, count, you, alike):
        item = document.createElement("li")
        add(item, "bdi", name)
        if you:
            add(item, "span", "you", "you")
            add_tag(item, *self._us)
        if count > 1:
            add(item, "span", str(count) + " times", "times")
        if alike:
            add(item, "span", "looks like another", "alike")
        return item


def _facts(member):
    """All that is shown of a member."""
    return (member["name"], member["count"], member["you"], member["alike"])
