"""One joined room: its header, members, messages and draft. Each has its own panel; only the selected one is shown."""

from pyscript import document, window
from pyscript.ffi import create_proxy

from . import clock, rows
from .compose import Compose
from .dom import add, add_choices, by_id, clone, listen, move_before, only_stop, show
from .follow import Follow
from .inspector import Inspector
from .member_list import MemberList
from .present_list import PresentList

_HISTORY_ROWS = 5  # a batch of more rows is history, which a screen reader should not read out one by one
_HISTORY_MS = 1000
_WIDE_PX = 720


class RoomView:
    """What main.py holds of a room on the page. counted(n) is called with the number of unread messages added. actions
    are those of the View."""

    def __init__(self, key, number, actions, counted):
        self._key, self._actions, self._counted = key, actions, counted
        self._prefix = "row-" + str(number) + "-"
        self._last_day = clock.today()
        self._state = ("", "info")
        self.panel = clone("room-panel")
        self._present, self._people = PresentList(self._find(".members")), None
        self._log = self._find(".log")
        self._list = self._find(".row-list")
        self._pending = []  # ids of the own rows that the relay has not passed on yet; they stand below all others
        self._follow = Follow(self._log, self._list, self._find(".jump"))
        self._compose = Compose(self.panel, self._send, lambda text: actions.drafted(key, text))
        self._inspector = Inspector(self.panel, self._list, self._prefix, lambda *row: actions.wire(key, *row))
        self._history_ended = create_proxy(self._end_history)
        listen(self._find(".leave"), "click", self._leave)
        listen(self._log, "click", self._clicked)
        listen(self._log, "focus", self._entered)
        listen(self._log, "keydown", self._key_pressed)
        listen(self._find(".member-list"), "click", self._clicked)

    def head(self, title, level, facts):
        """Name the room, its level and what that means."""
        heading = self._find(".room-title")
        heading.textContent = title
        heading.id = self._prefix + "title"
        self.panel.setAttribute("aria-labelledby", heading.id)
        mark = self._find(".room-mark")
        mark.textContent = level["mark"]
        show(mark, bool(level["mark"]))
        self._find("summary").textContent = "Level: " + level["title"]
        self._find(".sentence").textContent = level["sentence"]
        self._find(".meaning").open = window.innerWidth >= _WIDE_PX
        self._inspector.level(level)
        self.facts(facts)

    def tools(self, choices):
        """Buttons in the header: (label, async callable)."""
        add_choices(self._find(".room-tools"), choices)

    def shown(self, is_shown):
        """Show or hide the room."""
        show(self.panel, is_shown)

    def close(self):
        """Remove the room from the page."""
        self._follow.stop()
        self._inspector.stop()
        self.panel.remove()

    def focus(self):
        """Put the cursor into the message field."""
        self._compose.focus()

    def restore(self, draft):
        """Put a text into the message field that was begun earlier."""
        self._compose.restore(draft)

    async def send_draft(self):
        """Send what stands in the message field."""
        await self._compose.take()

    def rows(self, batch):
        """Append rows in their order, before the own ones that are still pending."""
        if len(batch) > _HISTORY_ROWS:
            self._begin_history()
        fragment = document.createDocumentFragment()
        unread = 0
        for row in batch:
            if self._is_first_of_a_day(row):
                fragment.append(rows.build_day(self._last_day))
            fragment.append(rows.build(self._prefix, row))
            if row["kind"] == "message" and not row["own"]:
                unread += 1
        if self._pending:
            self._element(self._pending[0]).before(fragment)
        else:
            self._list.append(fragment)
        if unread:
            self._follow.arrived()
            self._counted(unread)

    def pending(self, row):
        """Append an own row that is on its way."""
        self._pending.append(row["id"])
        self._list.append(rows.build(self._prefix, row))
        self._follow.to_end()

    def place(self, row_id, row):
        """The own row came back from the relay: it takes its place in the order, as this row."""
        first = self._pending[0]
        self._pending.remove(row_id)
        li = self._element(row_id)
        if row_id != first:  # as one of ours before it has failed
            move_before(self._element(first), li)
        if self._is_first_of_a_day(row):
            li.before(rows.build_day(self._last_day))
        self.change(row_id, row)

    def change(self, row_id, row):
        """Show this row where the row of that id stood."""
        old = self._element(row_id)
        was_message = old.getAttribute("data-kind") == "message"
        if was_message and row["kind"] == "message":
            rows.change(old, self._prefix, row)
            self._inspector.changed(old)
            return
        if was_message and old.contains(document.activeElement):
            self._log.focus()  # its tag is about to vanish
        old.replaceWith(rows.build(self._prefix, row))
        if row["kind"] == "message" and not row["own"]:
            self._counted(1)

    def mark(self, writer, codes, word):
        """The messages of this writer that stand here already get these marks."""
        for tag in self._log.querySelectorAll(f'.tag[value="{writer}"]'):
            rows.mark(tag.closest(".row"), codes, word)

    def us(self, writer, tag, color):
        """Our own number as a writer, and our tag, from which our digits can be reached."""
        self._present.us(writer, tag, color)

    def state(self, sentence, kind):
        """The room's state in a sentence; kind is "info", "warning" or "error"; "" clears it."""
        if self._state == (sentence, kind):
            return
        self._state = (sentence, kind)
        line = self._find(".room-state")
        line.textContent = sentence
        line.setAttribute("data-kind", kind)

    def confirmed(self, sentence):
        """Beside the message field: since when the list of members is not confirmed; "" clears it."""
        line = self._find(".confirmed")
        if line.textContent != sentence:
            line.textContent = sentence

    def alert(self, sentence, choices):
        """What is wrong, above the messages, with one button for each (label, async callable); "" clears it."""
        self._banner(".alarm", sentence, choices)

    def ask(self, sentence, choices):
        """A question above the messages, with its answers; "" clears it."""
        self._banner(".question", sentence, choices)

    def _banner(self, selector, sentence, choices):
        banner = self._find(selector)
        banner.replaceChildren()
        show(banner, bool(sentence))
        if sentence:
            add(banner, "p", sentence)
            add_choices(banner, choices)

    def facts(self, sentences):
        """Replace the header's sentences about this room."""
        facts = self._find(".facts")
        facts.replaceChildren()
        for sentence in sentences:
            add(facts, "li", sentence)

    def members(self, members):
        """Show who is present, as protocol/members.py lists them: ours first, then by name."""
        self._present.show(members)

    def people(self, facts):
        """Show the list of members, as member_list.py has it, in place of who is present."""
        if self._people is None:
            self._people = MemberList(self._find(".members"), self._key, self._actions.people)
        self._people.show(facts)

    def _find(self, selector):
        return self.panel.querySelector(selector)

    def row_id(self, element):
        """The id of the row of this room that an element stands in, or None."""
        row = element.closest(".row") if self.panel.contains(element) else None
        return row.id[len(self._prefix) :] if row else None

    def _element(self, row_id):
        return by_id(rows.element_id(self._prefix, row_id))

    def _is_first_of_a_day(self, row):
        day = clock.local(row["at"])[1] if row["at"] else self._last_day
        is_first, self._last_day = day != self._last_day, day
        return is_first

    def _begin_history(self):
        self._log.setAttribute("aria-busy", "true")
        self._log.setAttribute("aria-live", "off")
        window.setTimeout(self._history_ended, _HISTORY_MS)

    def _end_history(self):
        self._log.setAttribute("aria-live", "polite")
        self._log.removeAttribute("aria-busy")

    async def _leave(self, event):
        await self._actions.leave(self._key)

    async def _send(self, text):
        return await self._actions.send(self._key, text)

    def _entered(self, event):
        """The log has the focus: Tab leads on to the newest tag, and from there the arrows to the others."""
        if event.target.className == "log":
            tags = self._log.querySelectorAll(".tag")
            if tags.length:
                only_stop(self._log, tags[tags.length - 1], ".tag")

    def _key_pressed(self, event):
        here = event.target.closest(".tag")
        if here and event.key in ("ArrowUp", "ArrowDown"):
            event.preventDefault()
            places = [tag.closest(".row").id for tag in self._log.querySelectorAll(".tag")]
            place = places.index(here.closest(".row").id) + (1 if event.key == "ArrowDown" else -1)
            if 0 <= place < len(places):
                tag = by_id(places[place]).querySelector(".tag")
                only_stop(self._log, tag, ".tag")
                tag.focus()

    async def _clicked(self, event):
        pressed = event.target
        if pressed.closest(".alike"):
            pressed = pressed.parentElement.querySelector(".tag") or pressed
        tag, retry = pressed.closest(".tag"), pressed.closest(".retry")
        if tag:
            await self._actions.show_key(self._key, tag.value)
        elif retry:
            row_id = retry.parentElement.id[len(self._prefix) :]
            self.focus()  # the button is about to vanish with its row's old state
            await self._actions.retry(self._key, row_id)
