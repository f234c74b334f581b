"""The page as main.py sees it: one View, and one RoomView for each joined room."""

from pyscript import document

from .code_list import CodeList
from .dom import by_id, is_elsewhere, listen, show, touch_only
from .join_form import JoinForm
from .key_panel import KeyPanel
from .room_list import RoomList
from .room_panel import RoomView


class View:
    """Everything that a person sees. actions: async join(name, room, passphrase, level), leave(key), send(key, text),
    retry(key, row_id), show_key(key, writer), changed(name, room, passphrase); texts are passed on exactly as typed.
    send may return False for a text that it does not take, which then stays in the message field.
    inventory is as CodeList has it, and wire(key, row_id, padding) as Inspector has it. Its parts people
    (member_list.py, compare_panel.py), settings (device_panel.py, and async open_device()) and invites have what those
    panels ask for.
    """

    def __init__(self, actions):
        self._actions = actions
        self._rooms = {}
        self._opened = 0  # rooms opened so far: keeps the ids of rows apart, also after a room is joined again
        self._selected = None
        self._form = JoinForm(actions)
        self._list = RoomList(self.select)
        self._code = CodeList(actions)
        self._panel = KeyPanel()
        # Made when one is first opened: no start of a page waits for them.
        self._comparison = self._device = self._invite = None
        listen(by_id("join-another"), "click", lambda event: self.select(None))
        listen(by_id("this-device"), "click", self._device_wanted)
        listen(document, "visibilitychange", self._looked_at)

    def ready(self, levels, chosen):
        """Python runs: levels is a list of dicts as protocol/ladder.py has them, chosen an id."""
        self._form.ready(levels, chosen)

    def connection(self, state, sentence):
        """The state of the connection: "online", "connecting" or "offline", and a sentence."""
        line = by_id("connection")
        line.setAttribute("data-state", state)
        line.textContent = sentence

    def joining(self, busy):
        """A join is under way, or no longer."""
        self._form.busy(busy)

    def join_problem(self, field, sentence):
        """What is wrong with "name", "room" or "passphrase", or with None of them in particular."""
        self._form.problem(field, sentence)

    def join_note(self, sentence, choices):
        """A note in the form with choices, (label, async callable); no sentence clears."""
        self._form.note(sentence, choices)

    async def invited(self, level, room, sentence, passphrase=""):
        """Show the form as a link asks for it: a level's id, a room, a passphrase or "", and who invites."""
        self.select(None)
        await self._form.invited(level, room, sentence, passphrase)

    def no_invitation(self, sentence):
        """Show the form, and what is wrong with a link that should have held an invitation."""
        self.select(None)
        self._form.no_invitation(sentence)

    def passphrase_warning(self, sentence):
        """What to mind about the passphrase as it is typed; "" clears."""
        self._form.passphrase_warning(sentence)

    def clear_join_notes(self):
        """Remove all notes from the form."""
        self._form.clear_notes()

    def open_room(self, key, title, level, facts):
        """Add a room, select it, return its RoomView. level as in ready(); facts: further sentences for its header."""
        self._opened += 1
        room = RoomView(key, self._opened, self._actions, lambda messages: self._count(key, messages))
        room.head(title, level, facts)
        self._rooms[key] = room
        self._list.add(key, title, level["title"])
        by_id("main").append(room.panel)
        self._form.joined()
        self.select(key)
        return room

    def close_room(self, key):
        """Remove a room and show another, or the form."""
        self._rooms.pop(key).close()
        instead = self._list.remove(key)
        if self._selected == key:
            self.select(instead)

    def show_key(self, writer):
        """Open the panel about a writer's key: a dict as protocol/writers.py describes one, or None."""
        self._panel.open(writer)

    def show_comparison(self, facts):
        """Open the panel with a number to compare, or show new facts there: a dict as ComparePanel.open() has it."""
        if self._comparison is None:
            from .compare_panel import ComparePanel

            self._comparison = ComparePanel(self._actions.people)
        self._comparison.open(facts)

    def shows_comparison(self, key, member):
        """Whether that panel is open, and about this member of this room; "" for the room itself."""
        return self._comparison is not None and self._comparison.shows(key, member)

    def offer_device(self):
        """From now on a button in the page's head asks for the panel of this device."""
        show(by_id("this-device"), True)

    def show_device(self, facts):
        """Open the panel of this device, or show new facts there: a dict as DevicePanel.open() has it."""
        if self._device is None:
            from .device_panel import DevicePanel

            self._device = DevicePanel(self._actions.settings)
        self._device.open(facts)

    def shows_device(self):
        """Whether that panel is open."""
        return self._device is not None and self._device.is_open()

    def show_invite(self, facts):
        """Open the dialog with the link that invites to a room: facts as InvitePanel.open() has them."""
        if self._invite is None:
            from .invite_panel import InvitePanel

            self._invite = InvitePanel(self._actions.invites)
        self._invite.open(facts)

    def select(self, key):
        """Show this room, or the form for None."""
        self._selected = key
        for other, room in self._rooms.items():
            room.shown(other == key)
        self._form.shown(key is None)
        self._list.mark(key)
        show(by_id("rooms"), bool(self._rooms))
        show(by_id("join-another"), key is not None)
        if is_elsewhere():
            return
        if key is None:
            self._form.focus()
        elif not touch_only():
            self._rooms[key].focus()

    def _count(self, key, messages):
        if key != self._selected or document.hidden:
            self._list.count(key, messages)

    async def _device_wanted(self, event):
        await self._actions.settings.open_device()

    def _looked_at(self, event):
        if self._selected is not None and not document.hidden:
            self._list.read(self._selected)
