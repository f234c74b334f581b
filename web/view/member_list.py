"""Who is in a room that has a list of members, who waits at its door, and what can be done about it.

facts, a dict of

    members     dicts of id, name, tag, color, admin, you, present, trust ("encrypted", "same-key" or "verified") and
                changed (whether the key is another than the one that was trusted), in their order
    waiting     names that are connected to the room and not members: the relay's word
    admin       whether we are one
    two         whether the room is one of two: nobody is admin, and whoever is named is begun with
"""

from pyscript import document, window

from . import trust
from .dom import clone, listen, listen_submit, move_before, show

_WIDE_PX = 1088  # from here on the list has a column of its own, as style.css has it
_AT_THE_DOOR = 20  # names shown at once: anybody can connect
_THE_RELAYS_WORD = ". The names are the relay's word."


class MemberList:
    """It takes the place of what stands in an <aside>. actions, all async: add(key, name), which gives what is wrong
    with that name, or ""; remove, make_admin, renew, share(key, id); compare(key, id), "" for the room; resign(key)."""

    def __init__(self, place, key, actions):
        self._key, self._actions = key, actions
        self._element = clone("people")
        self._people = {}  # id -> _Person
        self._waiting = {}  # name -> element
        self._alone = False  # in a room of two
        self._element.open = window.innerWidth >= _WIDE_PX
        place.replaceChildren(self._element)
        listen(self._element, "click", self._clicked)
        listen_submit(self._find(".adding"), self._submitted)

    def show(self, facts):
        """Show these. What stays as it is is left alone, so that no press or focus is lost when somebody comes."""
        two, may_add = facts["two"], facts["admin"] or facts["two"]
        self._name(two)
        if two and window.innerWidth < _WIDE_PX and self._alone != (not facts["members"]):
            self._alone = self._element.open = not facts["members"]  # nothing can be said before somebody is chosen
        self._show_members(facts["members"], facts["admin"])
        self._show_waiting(facts["waiting"], may_add)
        show(self._find(".adding"), may_add)
        show(self._find(".resign"), not two and any(member["you"] for member in facts["members"]))
        show(self._find(".compare-room"), not two)

    def _show_members(self, members, we_are_admin):
        place = self._find(".people-list")
        for id in set(self._people).difference([member["id"] for member in members]):
            self._remove(self._people.pop(id).element)
        for member in members:
            if member["id"] not in self._people:
                self._people[member["id"]] = _Person(member["id"])
            self._people[member["id"]].show(member, we_are_admin)
        _arrange(place, [self._people[member["id"]].element for member in members])
        _put(self._find(".member-count"), str(len(members)))

    def _name(self, two):
        """What is done with a name differs in a room of two."""
        _put(self._find(".adding .what"), "Talk to, by name" if two else "Add by name")
        _put(self._find(".adding button"), "Begin" if two else "Add")
        _put(self._find(".door h3"), "Here" if two else "At the door")
        _put(self._find(".door .hint"), "Connected" + ("" if two else ", and not members") + _THE_RELAYS_WORD)
        self._find(".waiting-list").setAttribute("aria-label", "Here" if two else "At the door")
        self._here, self._let_in = ("here", "Talk to") if two else ("at the door", "Add to the room")

    def _show_waiting(self, names, may_add):
        names = _each_once(names)
        wanted = names[:_AT_THE_DOOR]
        for name in set(self._waiting).difference(wanted):
            self._remove(self._waiting.pop(name))
        for name in wanted:
            if name not in self._waiting:
                self._waiting[name] = _waiting(name, self._let_in)
            show(self._waiting[name].querySelector("button"), may_add)
        _arrange(self._find(".waiting-list"), [self._waiting[name] for name in wanted])
        show(self._find(".door"), bool(names))
        _put(self._find(".at-the-door"), f"{len(names)} {self._here}" if names else "")
        more = len(names) - len(wanted)
        _put(self._find(".more"), f"And {more} more." if more else "")

    def _remove(self, element):
        if element.contains(document.activeElement):
            self._find("summary").focus()
        element.remove()

    async def _clicked(self, event):
        button = event.target.closest("button[value]")
        if button is None or button.hasAttribute("aria-busy"):
            return
        button.setAttribute("aria-busy", "true")
        try:
            await self._done(button.value, button.closest("li"))
        finally:
            button.removeAttribute("aria-busy")

    async def _done(self, what, item):
        """What the button with this value is for, in the entry of a list that it stands in, or none."""
        if what == "resign":
            await self._actions.resign(self._key)
        elif what == "compare-room":
            await self._actions.compare(self._key, "")
        elif what == "let-in":
            self._say(await self._actions.add(self._key, item.querySelector("bdi").textContent))
        else:
            await getattr(self._actions, what)(self._key, item.getAttribute("data-id"))

    async def _submitted(self, event):
        field, button = self._find(".adding input"), self._find(".adding button")
        name = field.value
        if not name.strip() or button.hasAttribute("aria-busy"):
            return
        button.setAttribute("aria-busy", "true")
        try:
            problem = await self._actions.add(self._key, name)
        finally:
            button.removeAttribute("aria-busy")
        self._say(problem)
        if not problem and field.value == name:
            field.value = ""

    def _say(self, problem):
        _put(self._find(".people-problem"), problem or "")

    def _find(self, selector):
        return self._element.querySelector(selector)


class _Person:
    """The entry of one member."""

    def __init__(self, id):
        self.element = clone("person")
        self.element.setAttribute("data-id", id)
        self._shown = None

    def show(self, member, we_are_admin):
        shown = (member["name"], member["tag"], member["color"], member["admin"], member["you"], member["present"],
                 member["trust"], member["changed"], we_are_admin)  # fmt: skip
        if shown == self._shown:
            return
        self._shown = shown
        focused = document.activeElement  # taken now: an element that is hidden has the focus no more
        self._fill(member)
        for what, is_shown in (
            ("make_admin", we_are_admin and not member["admin"]),
            ("share", we_are_admin and not member["you"]),
            ("renew", we_are_admin and not member["you"]),
            ("remove", we_are_admin and not member["you"]),
        ):
            show(self._button(what), is_shown)
        if self.element.contains(focused) and focused.hidden:
            self._find("summary").focus()

    def _fill(self, member):
        name = member["name"]
        _put(self._find(".name"), name)
        tag = self._find(".tag")
        _put(tag, member["tag"])
        tag.className = "tag tag-" + str(member["color"])
        show(self._find(".you"), member["you"])
        show(self._find(".admin"), member["admin"])
        _put(self._find(".presence"), "here" if member["present"] else "not here")
        self._find(".presence").toggleAttribute("data-here", member["present"])
        show(self._find(".trusted"), not member["you"])
        trust.fill(self._find(".trusted"), member["trust"])
        show(self._find(".other-key"), member["changed"])
        for what, label in (
            ("compare", f"Compare with {name}"),
            ("make_admin", f"Make admin: {name}"),
            ("share", f"Share earlier messages with {name}"),
            ("renew", f"Look for a new key of {name}"),
            ("remove", f"Remove {name}"),
        ):
            self._button(what).setAttribute("aria-label", label)

    def _find(self, selector):
        return self.element.querySelector(selector)

    def _button(self, what):
        return self._find(f'button[value="{what}"]')


def _waiting(name, let_in):
    item = clone("waiting")
    item.querySelector("bdi").textContent = name
    button = item.querySelector("button")
    button.textContent = let_in
    button.setAttribute("aria-label", f"{let_in}: {name}")
    return item


def _each_once(names):
    found = []
    for name in names:
        if name not in found:
            found.append(name)
    return found


def _put(element, text):
    if element.textContent != text:
        element.textContent = text


def _arrange(place, elements):
    """Put these into place in this order. What stands where it belongs already is not touched."""
    for number, element in enumerate(elements):
        if number == place.childElementCount:
            place.append(element)
        elif not place.children[number].isSameNode(element):
            move_before(place.children[number], element)
